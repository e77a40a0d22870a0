"""The period the report shows: a named one, all time, or first and last day, either of which may be left open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy

from prm.periods import NAMES, USUAL, Period

FIRST_YEAR, LAST_YEAR = 1950, 2200
ALL = "all"
CHOICES = {**NAMES, ALL: gettext_lazy("All time")}


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
        return Period(start, last + timedelta(days=1) if last else None)
    name = query.get("period", "")
    if name == ALL:
        return Period(None, None, ALL)
    return Period.named(name if name in NAMES else USUAL)


def choices(query: Any, path: str, period: Period) -> list[dict[str, Any]]:
    """The named periods for the picker, each with this page's address in it."""
    out = []
    for name, label in CHOICES.items():
        kept = query.copy()
        for other in ("from", "to", "export"):
            kept.pop(other, None)
        kept["period"] = name
        out.append({"label": label, "url": f"{path}?{kept.urlencode()}", "active": name == period.key})
    return out
