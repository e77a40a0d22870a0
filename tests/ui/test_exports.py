"""Every list is a file as well: the same rows and columns, as CSV and as a workbook."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from deals.views.pipeline import Pipeline
from prm.imports.export import CONTENT_TYPES
from prm.ui.lists import ListPage
from tests.access import world as worlds
from tests.access.routes import Page, pages


@pytest.fixture
def world(system):
    return worlds.build()


def lists() -> list[Page]:
    """Every address of a list; the board has the table's address beside it, which writes the files."""
    classes = ((page, getattr(page.view, "view_class", object)) for page in pages() if not page.parameters)
    return [page for page, view in classes if issubclass(view, ListPage) and not issubclass(view, Pipeline)]


def header_of(kind: str, content: bytes) -> list[str]:
    if kind == "csv":
        return next(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    return [cell.value for cell in next(load_workbook(io.BytesIO(content), read_only=True).active.iter_rows())]


@pytest.mark.parametrize("side", ["vendor", "portal"])
def test_every_list_is_a_file(world, signed_in, side):
    user = world.vendor["admin"] if side == "vendor" else world.alpine.people["partner_admin"]
    client = signed_in(user)
    seen, wrong = 0, []
    for page in lists():
        if client.get(page.url()).status_code != 200:
            continue  # a list of the other side
        seen += 1
        headers = []
        for kind, content_type in CONTENT_TYPES.items():
            answer = client.get(f"{page.url()}?export={kind}")
            if answer.status_code != 200 or answer["Content-Type"] != content_type:
                wrong.append((page.key, kind, answer.status_code))
                continue
            headers.append(header_of(kind, b"".join(answer.streaming_content)))
        if len(headers) == 2 and not (headers[0] == headers[1] and all(headers[0])):
            wrong.append((page.key, headers))
    assert wrong == []
    assert seen >= {"vendor": 20, "portal": 5}[side]
