"""The period a page is about: half-open, in days of the vendor's calendar, kept in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.calendar import business_today
from prm.ui.templatetags import ui

NAMES = {
    "month": gettext_lazy("This month"),
    "quarter": gettext_lazy("This quarter"),
    "year": gettext_lazy("This year"),
    "12m": gettext_lazy("12 months"),
    "last_quarter": gettext_lazy("Last quarter"),
    "last_year": gettext_lazy("Last year"),
}
USUAL = "12m"
LONGEST = 20 * 366  # days a period may span


def month_start(day: date) -> date:
    return day.replace(day=1)


def add_months(first: date, months: int) -> date:
    """The first of the month so many months away."""
    at = first.year * 12 + first.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


@dataclass(frozen=True)
class Period:
    """From ``start`` to the day before ``end``; where a page says so, None is open."""

    start: date
    end: date
    key: str = ""

    @classmethod
    def named(cls, key: str, today: date | None = None) -> Period:
        """``month``, ``quarter``, ``year``, ``12m``, ``last_quarter`` or ``last_year``, on the vendor's calendar."""
        this = month_start(today or business_today())
        quarter, year = add_months(this, -((this.month - 1) % 3)), this.replace(month=1)
        start, months = {
            "month": (this, 1),
            "quarter": (quarter, 3),
            "year": (year, 12),
            "12m": (add_months(this, -11), 12),
            "last_month": (add_months(this, -1), 1),
            "last_quarter": (add_months(quarter, -3), 3),
            "last_year": (add_months(year, -12), 12),
        }[key]
        return cls(start, add_months(start, months), key)

    @classmethod
    def of_month(cls, month: date) -> Period:
        return cls(month, add_months(month, 1))

    @classmethod
    def of_request(cls, given: Any) -> Period:
        """The period an address names, by ``period`` or by ``from`` and ``to`` (its last day); else the last 12 months."""
        if given.get("from") or given.get("to"):
            try:
                first, last = parse_date(given.get("from") or ""), parse_date(given.get("to") or "")
            except ValueError:
                first = last = None
            if first and last and 0 <= (last - first).days < LONGEST and first.year >= 1950 and last.year < 2200:
                return cls(first, last + timedelta(days=1))
        key = given.get("period", "")
        return cls.named(key if key in NAMES or key == "last_month" else USUAL)

    @property
    def is_whole_months(self) -> bool:
        return self.start.day == 1 and self.end.day == 1

    @property
    def last_day(self) -> date | None:
        return self.end - timedelta(days=1) if self.end else None

    @property
    def is_running(self) -> bool:
        """Not finished today."""
        return self.start <= business_today() < self.end

    @property
    def months(self) -> list[date]:
        """The first days of the months it touches."""
        found, month = [], month_start(self.start)
        while month < self.end:
            found.append(month)
            month = add_months(month, 1)
        return found

    @property
    def previous(self) -> Period:
        """The period before, of the same length; of a running one, the days that have passed."""
        if self.is_whole_months:
            start, end = add_months(self.start, -len(self.months)), self.start
        else:
            start, end = self.start - (self.end - self.start), self.start
        if self.is_running:
            end = min(end, start + (business_today() + timedelta(days=1) - self.start))
        return Period(start, end)

    @property
    def query(self) -> dict[str, str]:
        """How an address names it."""
        if self.key:
            return {"period": self.key}
        return {"from": self.start.isoformat(), "to": self.last_day.isoformat()}

    def __str__(self) -> str:
        return str(NAMES[self.key]) if self.key in NAMES else ui.period((self.start, self.end))

    @property
    def unfinished(self) -> str:
        """How far a running month has come, in words."""
        if not self.is_running:
            return ""
        today = business_today()
        month = Period.of_month(month_start(today))
        return _("%(month)s is not finished: %(day)s of %(days)s days.") % {
            "month": date_format(today, "F").capitalize(),
            "day": today.day,
            "days": (month.end - month.start).days,
        }
