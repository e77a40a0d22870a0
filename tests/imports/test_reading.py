"""A file is what its content says: encodings, separators, lines; what is no table is refused with a reason."""

import zipfile
from datetime import date

import pytest

from prm.imports import reading
from prm.imports.reading import UnreadableFile, open_table

ROWS = "Raison sociale;Ville\nSociété d'Énergie;Besançon\nÉlan;Orléans\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings(given, encoding, found):
    table = open_table(given(ROWS.encode(encoding)))
    assert (table.encoding, table.separator, table.header) == (found, ";", ["Raison sociale", "Ville"])
    assert [row for _line, row in table.rows()] == [["Société d'Énergie", "Besançon"], ["Élan", "Orléans"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(given, separator):
    text = f'Name{separator}Note\n"A{separator} B"{separator}"1,5"\nC{separator}d\n'
    table = open_table(given(text))
    assert table.separator == separator
    assert [row for _line, row in table.rows()] == [[f"A{separator} B", "1,5"], ["C", "d"]]


def test_rows_are_told_by_the_line_they_begin_at(given):
    table = open_table(given('name,note\nA,"two\nlines"\n\nB,x\n'))
    assert [line for line, _row in table.rows()] == [2, 5]


def test_workbooks(workbook):
    table = open_table(
        workbook([["Name", "On", "Amount"], ["A", date(2026, 3, 1), 12.5], [None, None, None], ["B", None, 3]])
    )
    assert (table.format, list(table.rows())) == ("xlsx", [(2, ["A", "2026-03-01", 12.5]), (4, ["B", "", 3])])


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "empty"),
        (b"%PDF-1.7 ...", "a.csv", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n....", "a.csv", "not_a_table"),
        (b"PK\x03\x04rubbish", "a.csv", "not_what_it_says"),
        (b"PK\x03\x04rubbish", "a.xlsx", "damaged"),
        (b"name\nA\n", "a.xlsx", "not_what_it_says"),
        (b"<!DOCTYPE html><html></html>", "a.csv", "not_a_table"),
        (bytes(range(32)) * 50, "a.csv", "not_a_table"),
        (b"name,name\nA,B\n", "a.csv", "repeated_header"),
    ],
)
def test_what_is_no_table_is_refused(given, content, name, code):
    with pytest.raises(UnreadableFile) as caught:
        open_table(given(content, name))
    assert caught.value.code == code


def test_a_quotation_mark_that_is_not_closed(given):
    with pytest.raises(UnreadableFile) as caught:
        open_table(given('name,note\nA,"' + "x" * 200_000))
    assert caught.value.code == "unreadable"


def test_a_workbook_that_unpacks_to_too_much(given, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_UNPACKED", 10_000)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 20_000)
    with pytest.raises(UnreadableFile) as caught:
        open_table(tmp_path / "bomb.xlsx")
    assert caught.value.code == "too_big"


def test_too_large_a_file(given, settings):
    settings.UPLOAD_LIMIT = 10
    with pytest.raises(UnreadableFile) as caught:
        open_table(given("name\nLonger than ten bytes\n"))
    assert caught.value.code == "too_big"
