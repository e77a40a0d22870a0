"""The pipeline as a calendar: open deals by the day they are expected to close."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from babel.dates import format_date
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy

from deals import closings
from deals.querysets import OpportunityQuerySet
from deals.views.opportunity import reads
from deals.views.pipeline import Pipeline, in_short, summary
from prm.access import allowed
from prm.calendar import business_today
from prm.http import Request
from prm.ui.templatetags import ui

FIRST_YEAR, LAST_YEAR = 1990, 2190


class PipelineCalendar(Pipeline):
    """The calendar; the filters and the address are those of the board and the table."""

    title = gettext_lazy("Pipeline")
    template_name = "deals/calendar.html"
    layout = "calendar"
    icon = "calendar"
    column_choices: Any = ()  # a calendar has none

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        locale, rows = ui.reader_locale(), cast(OpportunityQuerySet, self.filtered_rows)
        shown = closings.month(rows, month_of(request.GET.get("month", "")), week_starts=locale.first_week_day)
        self.lead = summary(shown)
        context = {
            "list": self,
            "chips": self.chips,
            "page_tabs": [{"label": tab.label, **self.tab_state(tab)} for tab in self.tabs()],
            "clear_url": self.url(**dict.fromkeys(self.filter_names)),
            **self.extra_context(),
            "month": shown,
            "month_name": format_date(shown.first, "LLLL y", locale=locale).capitalize(),
            "weekdays": [
                {"short": format_date(day, "ccc", locale=locale), "name": format_date(day, "cccc", locale=locale)}
                for day in days_of_week(locale.first_week_day)
            ],
            "weeks": [[self.cell(day) for day in week] for week in shown.weeks],
            "undated": rows.open().filter(expected_close_date=None).order_by().count(),
            "previous_month": self.url(month=f"{shown.previous:%Y-%m}"),
            "this_month": self.url(month=None),
            "next_month": self.url(month=f"{shown.next:%Y-%m}"),
        }
        return render(request, self.template_name, context)

    def cell(self, day: closings.Day | None) -> dict[str, Any] | None:
        """One day as the template reads it."""
        if day is None:
            return None
        iso = day.day.isoformat()
        table = self.request.GET.copy()
        for name in ("month", "close_from", "close_to", "state"):
            table.pop(name, None)
        table.update({"state": "open", "close_from": iso, "close_to": iso})
        return {
            "day": day,
            "iso": iso,
            "today": day.day == business_today(),
            "total": in_short(day.total) if day.total else "",
            "deals": [{"row": deal, "title": deal.customer.name if deal.customer else deal.name} for deal in day.deals],
            "more_url": f"{reverse('deals:opportunities')}?{table.urlencode()}",
        }


calendar = allowed(reads)(PipelineCalendar.as_view())


def month_of(text: str) -> date:
    """The first day of the month asked for (``2027-02``); the present month where that makes no sense."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return business_today().replace(day=1)
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else business_today().replace(day=1)


def days_of_week(first: int) -> list[date]:
    """Seven days that begin on this weekday, to name them."""
    monday = date(2024, 1, 1)
    return [monday + timedelta(days=first + n) for n in range(7)]
