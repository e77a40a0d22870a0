"""A page of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from prm.http import Request
from prm.ui.lists.bulk import Bulk
from prm.ui.lists.columns import Column, custom_columns, phone
from prm.ui.lists.export import Exports
from prm.ui.lists.filters import Filters, said
from prm.ui.lists.saved import EVERYTHING, SavedViews
from prm.ui.templatetags import ui

LAST_PAGE = 500  # whoever wants more rows than that filters, or exports
PAGING = ("page", "export")  # parameters of one look at a list, which no view keeps


@dataclass(frozen=True)
class Action:
    """A button of the page's head; one of them ``primary``."""

    label: Any
    url: str
    icon: str = ""
    primary: bool = False


@dataclass(frozen=True)
class RowAction:
    """A button at the end of a row; it posts to ``url`` and comes back."""

    label: Any
    url: str
    icon: str


@dataclass(frozen=True)
class Tab:
    """A view of the list with an address of its own: the parameters it sets."""

    label: Any
    query: dict[str, str]


class ListPage(SavedViews, Bulk, Exports, View):
    """A page of rows; subclasses say ``rows()``, ``columns``, filters and words."""

    title: Any = ""
    lead: Any = ""
    icon = "list"
    columns: list[Column] = []
    filterset_class: type[Filters] = Filters
    default_sort = ""  # "name" or "-name", a column's name; empty keeps the model's order
    per_page = 40
    template_name = "lists/list.html"
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

    def row_action(self, row: Any) -> RowAction | None:
        """What can be done with a row by one click."""
        return None

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
    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        if request.GET.get("export"):
            return self.export(request.GET["export"])
        if not request.GET and self.default_view and self.default_view.known:
            return redirect(f"{request.path}?{self.default_view.known}")
        page = self.page_number
        start = (page - 1) * self.per_page
        found = list(self.sorted_rows[start : start + self.per_page + 1])
        shown, more = self.prepare(found[: self.per_page]), len(found) > self.per_page
        lines = [
            {
                "row": row,
                "cells": (cells := [column.cell(row) for column in self.screen_columns]),
                "action": self.row_action(row),
                **phone(cells),
            }
            for row in shown
        ]
        context = {
            "list": self,
            "lines": lines,
            "head": [self.heading(column) for column in self.screen_columns],
            "row_actions": any(line["action"] for line in lines),
            "foot": self.foot() if shown else [],
            "chips": self.chips,
            "clear_url": self.url(**dict.fromkeys(self.filter_names)),
            "previous_url": self.url(page=page - 1 if page > 2 else None) if page > 1 else "",
            "next_url": self.url(page=page + 1) if more and page < LAST_PAGE else "",
            "range_text": self.range_text(start, len(shown), more),
            **self.extra_context(),
        }
        return render(request, self.template_name, context)

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        """What is sent to a list: a view to keep, or what to do with the ticked rows."""
        if "view-name" in request.POST:
            return self.keep_view()
        return self.do_bulk(request.POST.get("action", ""))

    @cached_property
    def filterset(self) -> Filters:
        return self.filterset_class(self.request.GET, self.rows(), request=self.request)

    @cached_property
    def all_columns(self) -> list[Column]:
        """The declared columns and those of the custom fields."""
        return [*self.columns, *custom_columns(self.record, self.request.user)]

    @cached_property
    def column_names(self) -> set[str]:
        return {column.name for column in self.all_columns}

    @cached_property
    def chosen_columns(self) -> set[str]:
        """The columns the address asks for; none, the usual ones."""
        return self.column_names & set(self.request.GET.getlist("columns"))

    @cached_property
    def screen_columns(self) -> list[Column]:
        """The first one always: it names the row and leads to its page."""
        chosen = self.chosen_columns
        if not chosen:
            return [column for column in self.all_columns if column.screen]
        return [column for n, column in enumerate(self.all_columns) if n == 0 or column.name in chosen]

    @property
    def column_choices(self) -> list[dict[str, Any]]:
        """All columns with a tick where they are shown; the first cannot be left out."""
        shown = {column.name for column in self.screen_columns}
        return [
            {"name": column.name, "label": column.label, "shown": column.name in shown}
            for column in self.all_columns[1:]
        ]

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
        return asked if asked.removeprefix("-") in self.sortable else self.default_sort

    @cached_property
    def sortable(self) -> set[str]:
        return {column.name for column in self.all_columns if column.ordering}

    @cached_property
    def page_number(self) -> int:
        asked = self.request.GET.get("page", "1")
        return min(max(int(asked), 1), LAST_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1

    def url(self, **changes: Any) -> str:
        """This list with other parameters; None takes one away. The page starts again unless it is what changes."""
        query = self.request.GET.copy()
        for name in PAGING:
            query.pop(name, None)
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        if not query and self.default_view:
            query[EVERYTHING] = "1"
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path

    @property
    def usual_columns_url(self) -> str:
        return self.url(columns=None)

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

    def given(self, *without: str) -> list[tuple[str, str]]:
        """The parameters of the address but these: what a form of the page must send along."""
        return [
            (name, value)
            for name, values in self.request.GET.lists()
            for value in values
            if name not in (*PAGING, *without)
        ]

    @cached_property
    def kept(self) -> list[tuple[str, str]]:
        """What a filter form must send along: the sort, the columns, and parameters of no filter."""
        return self.given(*self.filter_names)

    @cached_property
    def kept_with_filters(self) -> list[tuple[str, str]]:
        """What the search box must send along: everything but itself."""
        return self.given("q")

    @cached_property
    def kept_with_columns(self) -> list[tuple[str, str]]:
        """What the choice of columns must send along."""
        return self.given("columns")

    @property
    def search_value(self) -> str:
        return self.request.GET.get("q", "").replace("\x00", "")[:200]

    @property
    def import_url(self) -> str:
        """Where files of these records are read in, for who may."""
        if not self.import_kind or not self.request.user.may("import_data"):
            return ""
        return f"{reverse('imports:new')}?kind={self.import_kind}"

    @staticmethod
    def range_text(start: int, count: int, more: bool) -> str:
        if not count or (start == 0 and not more):
            return ""
        words = _("%(first)s to %(last)s, and more") if more else _("%(first)s to %(last)s")
        return words % {"first": ui.num(start + 1), "last": ui.num(start + count)}
