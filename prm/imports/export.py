"""Lists as files: CSV and XLSX, safe to open in a spreadsheet, streamed under the rights of whoever asks."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from defusedcsv.csv import _escape
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext as _

from prm.calendar import business_today
from prm.db import acting, current_scope

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BATCH = 500  # lines joined before they are sent
SHEET_LINES = 1_048_575  # what a sheet holds beside its header
PIECE = 64 * 1024
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what no workbook may hold


def export_response(
    file_format: str, name: str, header: Iterable[str], lines: Iterable[list[Any]]
) -> StreamingHttpResponse:
    """Answer with a file of these lines: ``file_format`` csv or xlsx, ``name`` without ending, ``header`` in the reader's language.

    ``lines`` may be a generator that queries: it runs after the request's transaction is over, in a transaction of its own with
    the same scope, language and time zone, so a partner's file holds what the partner's page would.
    """
    write = {"csv": csv_pieces, "xlsx": xlsx_pieces}[file_format]
    body = as_now(lambda: write([str(label) for label in header], lines))
    response = StreamingHttpResponse(body, content_type=CONTENT_TYPES[file_format])
    file_name = f"{slugify(name) or 'export'}-{business_today().isoformat()}.{file_format}"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def as_now(make: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """Run a generator later under the scope, language and time zone of this moment."""
    scope, language, zone = current_scope(), translation.get_language(), timezone.get_current_timezone()
    reads = [pk for pk in scope.reads.strip("{}").split(",") if pk and pk != scope.partner]

    def body() -> Iterator[bytes]:
        with (
            translation.override(language),
            timezone.override(zone),
            acting(scope.kind, scope.partner, scope.user, reads),
        ):
            yield from make()

    return body()


def defused(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, str) and value[:1] in ("\t", "\r", "\n"):
        return f"'{value}"
    return _escape(value)


def plain_value(value: Any) -> Any:
    """What any cell may hold: numbers, days, moments in the reader's zone, and text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return timezone.make_naive(value).replace(microsecond=0) if timezone.is_aware(value) else value
    if isinstance(value, (int, float, Decimal, date)):
        return value
    if isinstance(value, (list, tuple, set)):
        value = ", ".join(str(part) for part in value)
    return CONTROL.sub("", str(value))


def csv_pieces(header: list[str], lines: Iterable[list[Any]]) -> Iterator[bytes]:
    """UTF-8 with its mark, separated as the reader's spreadsheet expects: in French by semicolons, with decimal commas."""
    comma = translation.get_language() == "fr"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if comma else ",")

    def text(value: Any) -> Any:
        value = plain_value(value)
        if isinstance(value, (Decimal, float)):
            digits = f"{Decimal(str(value)).normalize():f}"
            return digits.replace(".", ",") if comma else digits
        return value.isoformat(sep=" ") if isinstance(value, datetime) else defused(value)

    yield b"\xef\xbb\xbf"
    every = iter(chain([header], lines))
    while batch := list(islice(every, BATCH)):
        writer.writerows([text(value) for value in line] for line in batch)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def xlsx_pieces(header: list[str], lines: Iterable[list[Any]]) -> Iterator[bytes]:
    """A workbook, written row by row to a temporary file; more lines than a sheet holds go on in the next sheet."""
    from openpyxl import Workbook  # large, and only needed here
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    def text(value: Any) -> Any:
        """Text stays text, whatever it begins with."""
        value = plain_value(value)
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, defused(value))
        cell.data_type = "s"
        return cell

    book = Workbook(write_only=True)
    rows = iter(lines)
    first = True
    while (batch := list(islice(rows, 1))) or first:
        first = False
        sheet = book.create_sheet()
        sheet.freeze_panes = "A2"
        head = [WriteOnlyCell(sheet, label) for label in (defused(label) for label in header)]
        for cell in head:
            cell.font = Font(bold=True)
        sheet.append(head)
        for line in chain(batch, islice(rows, SHEET_LINES - 1)):
            sheet.append([text(value) for value in line])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
