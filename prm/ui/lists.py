"""The one way a list page is built: rows a person may see, filters, search, sort, pages and export, all in the address.

    class PartnerList(ListPage):
        title, filterset_class, default_sort = _("Partners"), PartnerFilters, "name"
        columns = [Column("name", _("Partner"), kind="company", link=True, sort="name", phone="title"), …]

        def rows(self):
            return Partner.objects.visible_to(self.request.user)

    urlpatterns = [path("", may("see_partners")(PartnerList.as_view()), name="partners")]

No COUNT is run: a page takes one row more than it shows, to know whether there are further ones.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django_countries import countries

from prm.money import CURRENCIES
from prm.ui.forms import DAY_BOUNDS, DayInput, LongSelect, RecordField
from prm.ui.templatetags import ui

LAST_PAGE = 500  # whoever wants more rows than that filters, or exports
RESERVED = ("page", "sort", "export")


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


@dataclass(frozen=True)
class Action:
    """A button of the page's head; one of them ``primary``."""

    label: Any
    url: str
    icon: str = ""
    primary: bool = False


@dataclass(frozen=True)
class Tab:
    """A view of the list with an address of its own: the parameters it sets."""

    label: Any
    query: dict[str, str]


class Filters(django_filters.FilterSet):
    """Filters of a list. ``search_fields`` are looked through by the search box (``q``); the request's user is ``self.user``."""

    search_fields: tuple[str, ...] = ()
    search_hint: Any = gettext_lazy("Search")
    q = django_filters.CharFilter(method="search", label=gettext_lazy("Search"), max_length=200)

    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.user = getattr(request, "user", None)
        super().__init__(data, queryset, request=request, prefix=prefix)

    def search(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Every word is somewhere in the fields looked through."""
        for word in value.split()[:8]:
            found = Q()
            for field in self.search_fields:
                found |= Q(**{f"{field}__icontains": word})
            rows = rows.filter(found)
        return rows


class CountryFilter(django_filters.ChoiceFilter):
    """One of the world's countries, named in the reader's language."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label", gettext_lazy("Country"))
        kwargs.setdefault("empty_label", gettext_lazy("all"))
        super().__init__(*args, choices=lambda: list(countries), **kwargs)
        self.extra["widget"] = LongSelect()


class CurrencyFilter(django_filters.ChoiceFilter):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label", gettext_lazy("Currency"))
        super().__init__(*args, choices=[(code, code) for code in CURRENCIES], widget=LongSelect(), **kwargs)


class DateFilter(django_filters.DateFilter):
    """A day, chosen with the browser's calendar; years far away are refused."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("widget", DayInput())
        super().__init__(*args, validators=DAY_BOUNDS, **kwargs)


class RecordFilter(django_filters.Filter):
    """One of many records, found by typing: ``RecordFilter("customers", Customer.objects.visible_to, field_name="customer")``."""

    def __init__(self, source: str, rows_for: Callable[[Any], QuerySet], **kwargs):
        self.source, self.rows_for = source, rows_for
        super().__init__(**kwargs)

    @property
    def field(self):
        if not hasattr(self, "_field"):
            self._field = RecordField(self.source, self.rows_for(self.parent.user), label=self.label, required=False)
        return self._field


class ListPage(View):
    """A page of rows; subclasses say ``rows()``, ``columns``, filters and words."""

    title: Any = ""
    lead: Any = ""
    icon = "list"
    columns: list[Column] = []
    filterset_class: type[Filters] = Filters
    default_sort = ""  # "name" or "-name", a column's name; empty keeps the model's order
    per_page = 40
    template_name = "lists/list.html"
    bulk_template = ""  # buttons of the bulk bar, inside a form around the table
    empty_title: Any = gettext_lazy("Nothing here yet")
    empty_text: Any = ""
    no_result_title: Any = gettext_lazy("Nothing matches these filters")
    export_name = ""  # the file's name, without ending; empty: the list cannot be exported
    import_kind = ""  # adds a link to the import of these records
    record: type[Model] | None = None  # the model whose custom fields become columns and filters

    # What a subclass may say -----------------------------------------------------------------------------------------------
    def rows(self) -> QuerySet:
        """The rows this person may see, with what the columns need joined."""
        raise NotImplementedError

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Add to the rows about to be shown what one statement finds for all of them."""
        return rows

    def actions(self) -> list[Action]:
        return []

    def tabs(self) -> list[Tab]:
        return []

    def totals(self, rows: QuerySet) -> list[dict[str, Any]]:
        """Lines of the table's foot: ``{"label": …, "values": {column name: text}}``; one statement."""
        return []

    def extra_context(self) -> dict[str, Any]:
        return {}

    # What it does ------------------------------------------------------------------------------------------------------------
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.GET.get("export"):
            return self.export(request.GET["export"])
        page = self.page_number
        start = (page - 1) * self.per_page
        found = list(self.sorted_rows[start : start + self.per_page + 1])
        shown, more = self.prepare(found[: self.per_page]), len(found) > self.per_page
        lines = [
            {"row": row, "cells": (cells := [column.cell(row) for column in self.screen_columns]), **phone(cells)}
            for row in shown
        ]
        context = {
            "list": self,
            "lines": lines,
            "head": [self.heading(column) for column in self.screen_columns],
            "foot": self.foot() if shown else [],
            "chips": self.chips,
            "page_tabs": [{"label": tab.label, **self.tab_state(tab)} for tab in self.tabs()],
            "clear_url": self.url(**dict.fromkeys(self.filter_names)),
            "previous_url": self.url(page=page - 1 if page > 2 else None) if page > 1 else "",
            "next_url": self.url(page=page + 1) if more and page < LAST_PAGE else "",
            "range_text": self.range_text(start, len(shown), more),
            **self.extra_context(),
        }
        return render(request, self.template_name, context)

    @cached_property
    def filterset(self) -> Filters:
        return self.filterset_class(self.request.GET, self.rows(), request=self.request)

    @cached_property
    def all_columns(self) -> list[Column]:
        """The declared columns and those of the custom fields."""
        return [*self.columns, *custom_columns(self.record, self.request.user)]

    @cached_property
    def screen_columns(self) -> list[Column]:
        return [column for column in self.all_columns if column.screen]

    @cached_property
    def filter_names(self) -> list[str]:
        """The parameters that filters read."""
        return list(self.filterset.form.fields)

    @cached_property
    def filtered_rows(self) -> QuerySet:
        """The rows that pass the filters; a filter that makes no sense is said on the page and left out."""
        return self.filterset.qs

    @cached_property
    def sorted_rows(self) -> QuerySet:
        name = self.sort.lstrip("-")
        column = next((column for column in self.all_columns if column.name == name), None)
        if column is None:
            return self.filtered_rows
        sign = "-" if self.sort.startswith("-") else ""
        return self.filtered_rows.order_by(*(sign + field for field in column.ordering), "pk")

    @cached_property
    def sort(self) -> str:
        """The sort in force: only columns that say so can be sorted by."""
        asked = self.request.GET.get("sort", "")
        sortable = {column.name for column in self.all_columns if column.ordering}
        return asked if asked.removeprefix("-") in sortable else self.default_sort

    @cached_property
    def page_number(self) -> int:
        asked = self.request.GET.get("page", "1")
        return min(max(int(asked), 1), LAST_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1

    def url(self, **changes: Any) -> str:
        """This list with other parameters; None takes one away. The page starts again unless it is what changes."""
        query = self.request.GET.copy()
        for name in ("page", "export"):
            query.pop(name, None)
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path

    def heading(self, column: Column) -> dict[str, Any]:
        name = column.name
        down = self.sort == f"-{name}"
        up = self.sort == name
        first = f"-{name}" if column.is_number or column.kind in ("date", "moment", "last_day") else name
        other = name if down else f"-{name}" if up else first
        return {
            "column": column,
            "url": self.url(sort=other) if column.ordering else "",
            "direction": "descending" if down else "ascending" if up else "",
        }

    def foot(self) -> list[dict[str, Any]]:
        """The lines of the foot, cell by cell; the label stands in the first column."""
        lines = []
        for line in self.totals(self.filtered_rows):
            texts = [line["values"].get(column.name, "") for column in self.screen_columns]
            lines.append({"label": line["label"], "cells": list(zip(self.screen_columns, texts, strict=True))[1:]})
        return lines

    def tab_state(self, tab: Tab) -> dict[str, Any]:
        given = self.request.GET
        active = all(given.get(name) == value for name, value in tab.query.items())
        if not tab.query:
            others = {name for other in self.tabs() for name in other.query}
            active = not others & set(given)
        query = QueryDict(mutable=True)
        query.update(tab.query)
        return {"url": f"{self.request.path}?{query.urlencode()}" if query else self.request.path, "active": active}

    @cached_property
    def chips(self) -> list[dict[str, str]]:
        """The filters in force, in words, each with the address without it."""
        form = self.filterset.form
        cleaned = form.cleaned_data if form.is_valid() or hasattr(form, "cleaned_data") else {}
        chips = []
        for name, field in form.fields.items():
            if name != "q" and (words := said(field, cleaned.get(name))):
                chips.append({"label": str(field.label), "value": words, "remove_url": self.url(**{name: None})})
        return chips

    @cached_property
    def is_filtered(self) -> bool:
        return bool(self.chips or self.request.GET.get("q"))

    @cached_property
    def filter_errors(self) -> list[tuple[str, str]]:
        form = self.filterset.form
        return [
            (str(form.fields[name].label), error)
            for name, errors in form.errors.items()
            if name in form.fields
            for error in errors
        ]

    @cached_property
    def kept(self) -> list[tuple[str, Any]]:
        """What a filter form must send along: the sort, and parameters of no filter."""
        return [
            (name, value)
            for name, value in self.request.GET.items()
            if name not in self.filter_names and name not in ("page", "export")
        ]

    @cached_property
    def kept_with_filters(self) -> list[tuple[str, str]]:
        """What the search box must send along: everything but itself."""
        return [
            (name, value)
            for name, values in self.request.GET.lists()
            for value in values
            if name not in ("q", "page", "export")
        ]

    @property
    def search_value(self) -> str:
        return self.request.GET.get("q", "").replace("\x00", "")[:200]

    @property
    def exports(self) -> list[dict[str, str]]:
        if not self.export_name or not self.request.user.may("export"):
            return []
        return [
            {"label": "CSV", "url": self.url(export="csv")},
            {"label": "Excel (XLSX)", "url": self.url(export="xlsx")},
        ]

    @property
    def import_url(self) -> str:
        """Where files of these records are read in, for who may."""
        if not self.import_kind or not self.request.user.may("import_data"):
            return ""
        return f"{reverse('imports:new')}?kind={self.import_kind}"

    def export(self, file_format: str) -> HttpResponse:
        """All rows that pass the filters, as a file."""
        if file_format not in ("csv", "xlsx") or not self.exports:
            raise Http404
        columns = [pair for column in self.all_columns for pair in column.file_columns()]
        header = [label for label, _value in columns]

        def lines() -> Iterator[list[Any]]:
            for row in self.sorted_rows.iterator(chunk_size=2000):
                yield [value(row) for _label, value in columns]

        export_response = import_string("prm.imports.export.export_response")
        return export_response(file_format, self.export_name, header, lines())

    @staticmethod
    def range_text(start: int, count: int, more: bool) -> str:
        if not count or (start == 0 and not more):
            return ""
        words = _("%(first)s to %(last)s, and more") if more else _("%(first)s to %(last)s")
        return words % {"first": ui.num(start + 1), "last": ui.num(start + count)}


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


def said(field: forms.Field, value: Any) -> str:
    """A filter's value in words; nothing when the filter is not in force."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, QuerySet):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime.date):
        return ui.day(value)
    choices = {
        str(key): str(label) for key, label in getattr(field, "choices", ()) if not isinstance(label, (list, tuple))
    }
    if isinstance(value, (list, tuple, set)):
        return ", ".join(choices.get(str(item), str(item)) for item in value)
    return choices.get(str(value)) or str(value)


def custom_columns(model: type[Model] | None, user: Any) -> list[Column]:
    """Columns of the fields a program owner added to these records."""
    from prm import fields

    return fields.list_columns(model, user) if model else []
