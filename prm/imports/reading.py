"""Reading a table from a file somebody gave us: CSV or XLSX, whatever its encoding and separator.

The content decides what a file is, and it must be what its name says. ``open_table`` looks at it; ``spool`` turns its rows into
one JSON line each, so that work in chunks starts again at a byte offset instead of reading from the beginning.
"""

from __future__ import annotations

import codecs
import csv
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from charset_normalizer import from_bytes
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.errors import RuleViolation

SAMPLE = 256 * 1024
SEPARATORS = (",", ";", "\t", "|")
MOST_COLUMNS = 300
MOST_UNPACKED = 200 * 1024 * 1024  # a workbook that unpacks to more is refused before it is unpacked
MOST_STRINGS = 60 * 1024 * 1024  # shared strings are held in memory
BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# What people give by mistake, by how it begins.
OTHER_FILES = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"\xd0\xcf\x11\xe0": "XLS",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x7fELF": "ELF",
    b"MZ": "EXE",
    b"{\\rtf": "RTF",
}


class UnreadableFile(RuleViolation):
    """The file as a whole cannot be imported."""

    status = 422

    def __init__(self, code: str, message: str, **params: Any):
        super().__init__(code, message, field="file", **params)


@dataclass
class Table:
    """A table found in a file: how it is written, its header and first rows."""

    path: str
    format: str
    encoding: str = ""
    separator: str = ""
    header: list[str] = field(default_factory=list)
    sample: list[list[str]] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        """What is kept of it with the import."""
        return {name: value for name, value in asdict(self).items() if name != "path"}

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Line in the file (header 1) and cells of each row that is not empty."""
        lines = csv_rows(self.path, self.encoding, self.separator) if self.format == "csv" else xlsx_rows(self.path)
        next(lines, None)  # the header
        return lines

    def first_values(self) -> dict[str, str]:
        """For each header, the first value below it that is not empty."""
        found = {}
        for index, name in enumerate(self.header):
            values = (row[index] for row in self.sample if index < len(row) and row[index].strip())
            found[name] = next(values, "")
        return found


def open_table(path: str | Path, name: str = "") -> Table:
    """Look at a file and find its table, or raise UnreadableFile with what is wrong and what to do."""
    path = Path(path)
    name = (name or path.name).lower()
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError:
        raise UnreadableFile("missing", _("The file cannot be opened.")) from None
    if not size:
        raise UnreadableFile("empty", _("The file is empty."))
    if size > settings.UPLOAD_LIMIT:
        limit = settings.UPLOAD_LIMIT // 1024 // 1024
        raise UnreadableFile(
            "too_big", _("The file is larger than %(limit)s MB. Split it and import the parts.") % {"limit": limit}
        )
    if head.startswith(b"PK\x03\x04"):
        if not name.endswith((".xlsx", ".xlsm")):
            raise UnreadableFile(
                "not_what_it_says", _("This is a workbook or an archive under another name. Give a CSV or XLSX file.")
            )
        return look_into_workbook(path)
    for beginning, kind in OTHER_FILES.items():
        if head.startswith(beginning):
            raise UnreadableFile(
                "not_a_table",
                _("This is a file of type %(kind)s. Save the table as CSV or XLSX and give that file.")
                % {"kind": kind},
            )
    if name.endswith((".xlsx", ".xlsm", ".xls")):
        raise UnreadableFile(
            "not_what_it_says",
            _("The name says Excel, but the content is not a workbook. Save it again as XLSX or CSV."),
        )
    return look_into_text(path, head)


def look_into_text(path: Path, head: bytes) -> Table:
    encoding = encoding_of(path, head)
    text = head.decode(encoding, errors="ignore")
    strange = sum(1 for char in text if char < " " and char not in "\t\r\n\x00")
    if (
        strange > len(text) / 100
        or text.count("\x00") > len(text) / 20
        or text.lstrip()[:9].lower().startswith(("<!doctype", "<html", "<?xml"))
    ):
        raise UnreadableFile("not_a_table", _("This file is not a table of text. Give a CSV or XLSX file."))
    separator = separator_of(text)
    table = Table(str(path), "csv", encoding, separator)
    return with_header(table, csv_rows(table.path, encoding, separator))


def look_into_workbook(path: Path) -> Table:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {part.filename: part.file_size for part in archive.infolist()}
    except zipfile.BadZipFile:
        raise UnreadableFile(
            "damaged", _("The workbook is damaged. Open it, save it again and give that file.")
        ) from None
    if "xl/workbook.xml" not in parts:
        raise UnreadableFile(
            "not_what_it_says",
            _("The name says Excel, but the content is not a workbook. Save it again as XLSX or CSV."),
        )
    if sum(parts.values()) > MOST_UNPACKED or parts.get("xl/sharedStrings.xml", 0) > MOST_STRINGS:
        raise UnreadableFile(
            "too_big", _("The workbook is too large once unpacked. Save the sheet as CSV, or split it.")
        )
    table = Table(str(path), "xlsx")
    return with_header(table, xlsx_rows(table.path))


def with_header(table: Table, rows: Iterator[tuple[int, list[Any]]]) -> Table:
    """Read the header and the first rows; every column needs a name of its own."""
    try:
        first = next(rows, None)
        if first is None:
            raise UnreadableFile("empty", _("The file is empty."))
        header = [words(cell).strip() for cell in first[1]]
        while header and not header[-1]:
            header.pop()
        table.sample = [[words(cell) for cell in row] for _line, row in islice(rows, 20)]
    except UnicodeDecodeError:
        raise UnreadableFile("encoding", _("The encoding of this file is not known. Save it as UTF-8.")) from None
    if len(header) > MOST_COLUMNS:
        raise UnreadableFile(
            "too_many_columns", _("The file has more than %(limit)s columns.") % {"limit": MOST_COLUMNS}
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise UnreadableFile(
            "repeated_header",
            ngettext(
                "This column name stands twice in the first line: %(names)s.",
                "These column names stand twice in the first line: %(names)s.",
                len(twice),
            )
            % {"names": ", ".join(name[:60] for name in twice[:10])},
        )
    table.header = header
    return table


def encoding_of(path: Path, head: bytes) -> str:
    """UTF-8 and UTF-16 are certain; what is neither was written by an older office program."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    if head[1:400:2].count(0) > len(head[1:400:2]) / 2:
        return "utf-16-le"
    if head[0:400:2].count(0) > len(head[0:400:2]) / 2:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        best = from_bytes(head, cp_isolation=["cp1252", "mac_roman"]).best()
        return best.encoding if best and best.encoding == "mac_roman" else "cp1252"


def separator_of(text: str) -> str:
    """The separator under which the first lines have the most columns, equally many in each."""
    lines = text.splitlines(keepends=True)[:60]

    def score(separator: str) -> float:
        try:
            widths = [
                len(row) for row in csv.reader(lines[:-1] if len(lines) == 60 else lines, delimiter=separator) if row
            ]
        except csv.Error:
            return 0
        return widths[0] * widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0

    return max(SEPARATORS, key=score)


def csv_rows(path: str, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin at: a quoted cell may go on over several."""
    with open(path, encoding=encoding, newline="", errors="replace" if encoding == "cp1252" else "strict") as file:
        reader = csv.reader(file, delimiter=separator)
        line = 1
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield line, row
                line = reader.line_num + 1
        except csv.Error:
            raise UnreadableFile(
                "unreadable",
                _("The file cannot be read from line %(line)s on; look for a quotation mark that is not closed.")
                % {"line": line},
            ) from None
        except UnicodeError:
            raise UnreadableFile("encoding", _("The encoding of this file is not known. Save it as UTF-8.")) from None


def xlsx_rows(path: str) -> Iterator[tuple[int, list[Any]]]:
    """Rows of the first sheet, cell by cell as values, never formulas."""
    from openpyxl import load_workbook  # large, and only needed here

    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line, row in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1):
            cells = [value_of(cell) for cell in row]
            while cells and not str(cells[-1]).strip():
                cells.pop()
            if cells:
                yield line, cells
        book.close()
    except UnreadableFile:
        raise
    except Exception:  # openpyxl raises whatever its parsers do on a broken part
        raise UnreadableFile(
            "damaged", _("The workbook is damaged. Open it, save it again and give that file.")
        ) from None


def value_of(cell: Any) -> Any:
    """A cell's value as JSON has it: days and moments in ISO, whole numbers whole."""
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if cell.time() == datetime.min.time()
            else cell.isoformat(sep=" ", timespec="seconds")
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell if isinstance(cell, (int, float, str)) else "" if cell is None else str(cell)


def words(cell: Any) -> str:
    """A cell as text that can be stored: JSON columns hold no NUL."""
    return "" if cell is None else str(cell).replace("\x00", "␀")


def spool(table: Table, target: BinaryIO) -> int:
    """Write each row as a line of JSON, ``[line, [cells]]``; returns how many there are."""
    count = 0
    for line, row in table.rows():
        target.write(orjson.dumps([line, row]) + b"\n")
        count += 1
    return count


def spooled(file: BinaryIO, offset: int, count: int) -> tuple[list[tuple[int, list[Any]]], int]:
    """``count`` rows from a byte offset, and the offset after them."""
    file.seek(offset)
    rows = [tuple(orjson.loads(line)) for line in islice(file, count)]
    return rows, file.tell()
