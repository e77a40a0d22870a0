import csv
import io
from contextlib import nullcontext

import pytest
from openpyxl import Workbook

from prm.events.models import Errand
from prm.events.tasks import run_errand
from prm.imports.kinds import kinds
from prm.imports.mapping import suggest
from prm.imports.models import Import
from prm.imports.reading import open_table
from prm.imports.work import import_file


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    (settings.MEDIA_ROOT / "imports").mkdir(parents=True)


@pytest.fixture
def given(tmp_path):
    """``given(rows or text or bytes, name)``: a file with this content."""

    def write(content, name="file.csv"):
        path = tmp_path / name
        if isinstance(content, list):
            buffer = io.StringIO()
            csv.writer(buffer).writerows(content)
            content = buffer.getvalue()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def workbook(tmp_path):
    def write(rows, name="file.xlsx"):
        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def load(system):
    """``load("customers", path, …)``: the report of an import, in the test's own transaction."""

    def run(kind, path, mapping=None, user=None, source="file", **options):
        table = open_table(path)
        mapping = mapping or suggest(kinds[kind], table)
        record = Import.objects.create(
            kind=kind, file_name=path.name, table=table.about(), mapping=mapping, source=source, user=user
        )
        report = import_file(table, record, user=user, chunk=nullcontext, **options)
        run.record = record
        return report

    return run


def work_off():
    """Do what is due in the background, chunk after chunk, as worker and relay would."""
    while ids := list(Errand.objects.filter(dead=False, task="jobs.step").order_by("id").values_list("pk", flat=True)):
        for pk in ids:
            run_errand(str(pk))
            assert not Errand.objects.filter(pk=pk).exclude(error="").exists(), Errand.objects.get(pk=pk).error


def failures(report):
    """What is wrong, without the words."""
    return [(error["row"], error["column"], error["code"]) for error in report["errors"]]


def counts(report):
    return tuple(report[name] for name in ("rows", "created", "updated", "unchanged", "failed"))
