"""A job whose worker is killed midway goes on where it stood: every row once."""

import csv
import io

from django.core.files.base import ContentFile

from prm.db import acting
from prm.events.models import Event
from prm.imports.importer import CHUNK
from prm.imports.models import Import, ImportStatus
from prm.imports.reading import open_table
from prm.jobs.models import Job
from territories.models import Customer
from tests import factories
from tests.processes import *  # noqa: F403
from tests.processes import wait_until

ROWS = 4 * CHUNK
MAPPING = {"columns": {"external_id": "id", "name": "name", "domain": "domain"}, "key": ["external_id"]}


def uploaded(user) -> Import:
    text = io.StringIO()
    csv.writer(text).writerows(
        [["id", "name", "domain"], *([n, f"Client {n}", f"client-{n}.example"] for n in range(ROWS))]
    )
    record = Import(kind="customers", file_name="clients.csv", source="crm", user=user)
    record.file.save("clients.csv", ContentFile(text.getvalue().encode()), save=False)
    record.table = open_table(record.file.path, record.file_name).about()
    record.save(force_insert=True)
    return record


def stands_at(record: Import, status: str) -> bool:
    with acting("system"):
        record.refresh_from_db()
    return record.status == status


def written() -> int:
    with acting("system"):
        return Customer.objects.count()


def test_an_import_goes_on_after_its_worker_was_killed(processes):
    _relay, worker = processes
    with acting("system"):
        record = uploaded(factories.vendor_user("program_owner"))
        record.start_check(by=record.user, mapping=MAPPING)
    try:
        assert wait_until(lambda: stands_at(record, ImportStatus.CHECKED), 90)
        with acting("system"):
            record.start_run(by=record.user)
        assert wait_until(lambda: written() >= CHUNK, 60)
        worker.kill_and_start()
        assert written() < ROWS, "the worker was killed too late"
        assert wait_until(lambda: stands_at(record, ImportStatus.DONE), 90)
        with acting("system"):
            assert written() == ROWS
            assert Customer.objects.values("name").distinct().count() == ROWS
            assert record.imported.count() == ROWS
            assert (record.created, record.failed) == (ROWS, 0)
            assert Event.objects.filter(subject_type="import", verb="finished").count() == 1
            assert set(Job.objects.values_list("status", "done")) == {("done", ROWS)}
    finally:
        record.file.delete(save=False)
