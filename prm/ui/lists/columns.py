"""The columns of a list: declared once for screen, phone and file."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from prm.ui.templatetags import ui


@dataclass(frozen=True)
class Cell:
    """What one row shows in one column."""

    column: Column
    kind: str
    text: str
    raw: Any = None
    href: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Column:
    """A column, declared once for screen, phone and file.

    ``value`` takes the row (default: the attribute path ``name``, dots allowed); ``kind`` says how it is drawn: text, number,
    money, percent, date, moment, last_day, period, status, tier, company, person, tags, flag. ``sort`` names the model fields
    to order by. ``link``: True for the row's own page, or a function of the row. ``phone``: title, value, status or detail.
    ``screen=False`` keeps the column for files.
    """

    name: str
    label: Any
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    sort: str | tuple[str, ...] = ()
    link: bool | Callable[[Any], str] = False
    detail: Callable[[Any], Any] | None = None
    currency: str | Callable[[Any], str] = "currency"
    export: Callable[[Any], Any] | None = None
    phone: str = ""
    screen: bool = True

    @property
    def is_number(self) -> bool:
        return self.kind in ("number", "money", "percent")

    @property
    def is_date(self) -> bool:
        return self.kind in ("date", "moment", "last_day", "period")

    @property
    def ordering(self) -> tuple[str, ...]:
        return (self.sort,) if isinstance(self.sort, str) else self.sort

    def of(self, row: Any) -> Any:
        """The value as stored."""
        if self.value is not None:
            return self.value(row)
        for part in self.name.split("."):
            row = getattr(row, part, None)
        return row

    def currency_of(self, row: Any) -> str:
        return self.currency(row) if callable(self.currency) else getattr(row, self.currency, "")

    def words(self, row: Any) -> str:
        """The value as its reader reads it."""
        value = self.of(row)
        if value is None or value == "":
            return ""
        display = getattr(row, f"get_{self.name}_display", None)
        match self.kind:
            case "status":
                return str(display()) if display else str(value)
            case "money":
                return ui.money(value, self.currency_of(row))
            case "number":
                return ui.num(value)
            case "percent":
                return ui.percent(value)
            case "date":
                return ui.day(value)
            case "moment":
                return ui.moment(value)
            case "last_day":
                return ui.last_day(value)
            case "period":
                return ui.period(value)
            case "tags":
                return ", ".join(str(part) for part in value)
            case "flag":
                return _("yes") if value else _("no")
        return str(display()) if display and self.value is None else str(value)

    def cell(self, row: Any) -> Cell:
        href = ""
        if self.link:
            href = self.link(row) if callable(self.link) else row.get_absolute_url()
        detail = str(self.detail(row) or "") if self.detail else ""
        return Cell(self, self.kind, self.words(row), self.of(row), href, detail)

    def file_value(self, row: Any) -> Any:
        """The value for a spreadsheet: numbers and dates stay what they are, choices are words."""
        if self.export is not None:
            return self.export(row)
        value = self.of(row)
        if self.kind in ("money", "number", "percent", "date", "moment") or isinstance(value, (int, datetime.date)):
            return value
        return self.words(row)

    def file_columns(self) -> list[tuple[str, Callable[[Any], Any]]]:
        """One column of the file, or two for an amount: the number and its currency."""
        columns: list[tuple[str, Callable[[Any], Any]]] = [(str(self.label), self.file_value)]
        if self.kind == "money":
            columns.append((_("%(column)s, currency") % {"column": self.label}, self.currency_of))
        return columns


def phone(cells: list[Cell]) -> dict[str, Any]:
    """A row in two lines: title and value, then status and details."""
    places: dict[str, list[Cell]] = {"title": [], "value": [], "status": [], "detail": []}
    for cell in cells:
        if cell.column.phone:
            places[cell.column.phone].append(cell)
    title = places["title"][0] if places["title"] else cells[0]
    return {
        "title": title.text,
        "href": title.href,
        "value": " ".join(cell.text for cell in places["value"] if cell.text),
        "states": [cell for cell in places["status"] if cell.text],
        "detail": " · ".join(cell.text for cell in places["detail"] if cell.text),
    }


def custom_columns(model: type[Model] | None, user: Any) -> list[Column]:
    """Columns of the fields a program owner added to these records."""
    from prm import fields

    return fields.list_columns(model, user) if model else []
