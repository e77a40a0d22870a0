"""Django's clock, set by hand: what the verbs stamp while the demo is told carries the moment at which it is told to happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

from django.utils import timezone

from prm.calendar import business_zone


class Clock:
    """The hand of the clock; ``clock.moment = …`` moves it."""

    def __init__(self, moment: datetime):
        self.moment = moment


@contextmanager
def set_by_hand(moment: datetime) -> Iterator[Clock]:
    """Within the block ``timezone.now()`` of this process says what the clock's hand says.

    For the commands that load data into an empty database, and for nothing else: nobody else shares the process.
    """
    clock = Clock(moment)

    class Told(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.moment.astimezone(tz)

    kept, timezone.datetime = timezone.datetime, Told  # type: ignore[attr-defined]
    try:
        yield clock
    finally:
        timezone.datetime = kept  # type: ignore[attr-defined]


def office_hours(moment: datetime) -> datetime:
    """The moment, or the next one at which somebody works: Monday to Friday, from 8 to 18 on the vendor's calendar."""
    local = moment.astimezone(business_zone())
    if local.hour >= 18:
        local = local.replace(hour=8) + timedelta(days=1)
    elif local.hour < 8:
        local = local.replace(hour=8)
    if local.weekday() > 4:
        local += timedelta(days=7 - local.weekday())
    return local.astimezone(moment.tzinfo)


def night_of(day) -> datetime:
    """When the nightly work of that day runs: shortly after midnight on the vendor's calendar."""
    return datetime.combine(day, time(0, 5), business_zone())
