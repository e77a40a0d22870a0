"""The period a report shows, kept in its address: a named one (``period``), or first and last day (``from``, ``to``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from prm.calendar import business_today

FIRST_YEAR, LAST_YEAR = 1950, 2200
USUAL = "12m"


@dataclass(frozen=True)
class Period:
    """Days from ``start`` to before ``end``; None is open."""

    name: str
    start: date | None
    end: date | None

    @property
    def last_day(self) -> date | None:
        return self.end - timedelta(days=1) if self.end else None


def months_before(day: date, months: int) -> date:
    """The first day of the month that many months before the month of ``day``."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def named(today: date) -> dict[str, tuple[Any, date | None, date | None]]:
    """The periods a click away: label, first day, day after the last."""
    quarter, year = months_before(today, (today.month - 1) % 3), date(today.year, 1, 1)
    return {
        "month": (_("This month"), months_before(today, 0), months_before(today, -1)),
        "quarter": (_("This quarter"), quarter, months_before(quarter, -3)),
        "year": (_("This year"), year, months_before(year, -12)),
        "12m": (_("12 months"), months_before(today, 11), months_before(today, -1)),
        "last_quarter": (_("Last quarter"), months_before(quarter, 3), quarter),
        "last_year": (_("Last year"), months_before(year, 12), year),
        "all": (_("All time"), None, None),
    }


def day_of(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None


def asked(query: Any) -> Period:
    """The period an address asks for; days that make no sense are left open."""
    start, last = day_of(query.get("from", "")), day_of(query.get("to", ""))
    if start or last:
        return Period("", start, last + timedelta(days=1) if last else None)
    known = named(business_today())
    name = query.get("period", "")
    name = name if name in known else USUAL
    return Period(name, *known[name][1:])


def choices(query: Any, path: str, period: Period) -> list[dict[str, Any]]:
    """The named periods for the picker, each with this page's address in it."""
    out = []
    for name, (label, _start, _end) in named(business_today()).items():
        kept = query.copy()
        for other in ("from", "to", "export"):
            kept.pop(other, None)
        kept["period"] = name
        out.append({"label": label, "url": f"{path}?{kept.urlencode()}", "active": name == period.name})
    return out
