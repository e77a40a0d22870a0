"""How long the vendor's decisions take: what a promise is worth, said to partners and colleagues alike.

Over all decisions of the last twelve months, from submission to decision, the time a partner takes to answer included.
No count reaches a partner, and nothing at all while there are too few to tell anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.db import acting
from prm.ui.templatetags.ui import num, percent

ENOUGH = 10  # decisions below which nothing is said
REMEMBERED, SECONDS = "deals:decision_times", 3600
YEAR = timedelta(days=365)
SQL = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took), percentile_cont(0.9) WITHIN GROUP (ORDER BY took),
    avg(on_time::int)
FROM (
    SELECT decided_at - submitted_at AS took, decided_at <= decide_by AS on_time FROM deals_dealregistration
    WHERE decided_at >= %s AND submitted_at IS NOT NULL AND decide_by IS NOT NULL
) AS decided
"""


class DecisionTimes(NamedTuple):
    """Half of the decisions came within ``median``, nine of ten within ``most``; ``on_time`` is a ratio."""

    median: timedelta
    most: timedelta
    on_time: float


def decision_times() -> DecisionTimes | None:
    """Of the last twelve months, looked up once an hour; None where there are too few decisions."""
    known = cache.get(REMEMBERED)
    if known is None:
        with acting("system"), connection.cursor() as cursor:  # every partner reads the same figures
            cursor.execute(SQL, [timezone.now() - YEAR])
            count, median, most, on_time = cursor.fetchone()
        known = (median.total_seconds(), most.total_seconds(), float(on_time)) if count >= ENOUGH else ()
        cache.set(REMEMBERED, known, SECONDS)
    return DecisionTimes(timedelta(seconds=known[0]), timedelta(seconds=known[1]), known[2]) if known else None


def sentence() -> str:
    """The figures in words; empty where nothing is said."""
    times = decision_times()
    if times is None:
        return ""
    said = _(
        "Last 12 months: half of the decisions came within %(median)s, nine of ten within %(most)s; %(part)s on time."
    )
    return said % {"median": spelt(times.median), "most": spelt(times.most), "part": percent(round(times.on_time, 2))}


def promise(program) -> str:
    """What the program promises."""
    return ngettext(
        "We promise a decision within %(n)s business day.",
        "We promise a decision within %(n)s business days.",
        program.decision_days,
    ) % {"n": num(program.decision_days)}


def spelt(time: timedelta) -> str:
    """A duration as one says it: full hours up to two days, then full days, rounded up so that it is never too good."""
    hours = max(1, -(-int(time.total_seconds()) // 3600))
    if hours <= 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": num(hours)}
    days = -(-hours // 24)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": num(days)}
