"""Imports at work: all in one go for the command, in chunks of a job for the screens."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import pgettext_lazy

from prm import jobs
from prm.db import acting
from prm.imports import importer
from prm.imports.importer import CHUNK, Run
from prm.imports.models import Import, ImportedRow, ImportStatus, RowAction
from prm.imports.reading import Table, open_table, spool, spooled
from prm.imports.undoing import take_back
from prm.jobs.models import Job, JobStatus

SPOOLED = ".rows"


# In one go --------------------------------------------------------------------------------------------------------------
def import_file(
    table: Table,
    record: Import,
    *,
    user: Any = None,
    dry_run: bool = False,
    all_or_none: bool = False,
    chunk: Callable[[], AbstractContextManager] = lambda: acting("system"),
) -> dict[str, Any]:
    """Check, then write, each chunk in a transaction of its own (``all_or_none``: all in one); returns the report.

    ``record`` is a saved Import; a dry run leaves nothing of it.
    """
    with TemporaryFile() as file:
        total = spool(table, file)
        with acting("system") if all_or_none else nullcontext():
            with chunk():
                run = Run(record, user)
                importer.prepare(record)
                record.total = total
            each_chunk(file, lambda raw: importer.add_up(record, run.check(raw)), chunk)
            with chunk():
                run.check_links()
                record.save()
            if not dry_run and not (all_or_none and record.failed):
                with chunk():
                    importer.start_writing(record)
                each_chunk(file, lambda raw: importer.add_up(record, run.save(raw)), chunk)
                with chunk():
                    run.link()
                    record.finish()
                if all_or_none and record.failed:
                    transaction.set_rollback(True)
            with chunk():
                report = record.report
                if dry_run:
                    record.delete()
                elif all_or_none and record.failed:
                    report.update(created=0, updated=0)
                    record.put(status=ImportStatus.FAILED, created=0, updated=0)
    return report


def each_chunk(file: BinaryIO, work: Callable[[list], None], chunk: Callable[[], AbstractContextManager]) -> None:
    offset = 0
    while True:
        raw, offset = spooled(file, offset, CHUNK)
        if not raw:
            return
        with chunk():
            work(raw)


# In chunks of a job -----------------------------------------------------------------------------------------------------
def rows_file(record: Import) -> Path:
    return Path(settings.MEDIA_ROOT) / f"{record.file.name}{SPOOLED}"


def step(job: Job) -> bool:
    """The next chunk of an import's dry run, run or undoing; True when more is left."""
    record = Import.objects.select_related("user").get(pk=job.subject_id)
    with translation.override(record.user.language if record.user else None):
        return {"check": check, "save": save, "undo": undo}[job.result["phase"]](job, record)


def check(job: Job, record: Import) -> bool:
    if "offset" not in job.result:
        importer.prepare(record)
        record.total = spool_again(record)
        record.save()
        job.total = record.total
        job.advance(offset=0)
        return True
    run = Run(record, record.user)
    raw = next_rows(job, record)
    if raw:
        importer.add_up(record, run.check(raw))
        return True
    run.check_links()
    record.save()
    record.put(status=ImportStatus.CHECKED)
    return False


def save(job: Job, record: Import) -> bool:
    if "offset" not in job.result:
        importer.start_writing(record)
        if not rows_file(record).exists():
            spool_again(record)
        job.advance(offset=0)
    run = Run(record, record.user)
    raw = next_rows(job, record)
    if raw:
        importer.add_up(record, run.save(raw))
        return True
    run.link()
    record.finish()
    rows_file(record).unlink(missing_ok=True)
    return False


def undo(job: Job, record: Import) -> bool:
    # From the last row to the first: what came later may rest on what came before.
    rows = list(
        ImportedRow.objects.filter(source=record, undone=False, refusal="")
        .exclude(action=RowAction.UNCHANGED)
        .order_by("-row")[:CHUNK]
    )
    if rows:
        counts = take_back(record, rows)
        record.refused += counts["refused"]
        record.save(update_fields=["refused"])
        job.advance(len(rows))
        return True
    record.put(status=ImportStatus.UNDONE)
    return False


def spool_again(record: Import) -> int:
    """Write the file's rows where chunks find them again; returns how many there are."""
    table = open_table(record.file.path, record.file_name)
    target = rows_file(record)
    draft = target.with_suffix(".part")
    with draft.open("wb") as file:
        count = spool(table, file)
    shutil.move(draft, target)
    return count


def next_rows(job: Job, record: Import) -> list:
    with rows_file(record).open("rb") as file:
        raw, offset = spooled(file, job.result["offset"], CHUNK)
    job.advance(len(raw), offset=offset)
    return raw


def ended(job: Job) -> None:
    """A job that did not come to its end leaves the import where its person can go on."""
    if job.status == JobStatus.DONE:
        return
    record = Import.objects.filter(pk=job.subject_id).first()
    if record is None:
        return
    if record.status == ImportStatus.CHECKING:
        record.put(status=ImportStatus.MAPPING)
    elif record.status == ImportStatus.RUNNING:
        # What is written stays and can be undone.
        record.finish()
    elif record.status == ImportStatus.UNDOING:
        record.put(status=ImportStatus.DONE)


jobs.register(
    jobs.Kind(
        "import",
        pgettext_lazy("noun", "Import"),
        step=step,
        url=lambda job: reverse("imports:import", args=[job.subject_id]),
        ended=ended,
    )
)
