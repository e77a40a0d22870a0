"""Travel in time: the tasks of the beat schedule run at the moments a clock set by hand comes to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from celery import current_app
from django.conf import settings

from prm.calendar import business_zone
from prm.management.demo.clock import Clock
from tests.errands import run_errands

HOURS = (0, 9, 23)  # of a day; the schedule has more, and more often changes nothing
OF_PROTECTIONS = ("lapse-protections", "remind-of-deadlines")


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    """A moment on the vendor's calendar."""
    return datetime.combine(day, time(hour, minute), business_zone())


def beat(clock: Clock, moment: datetime) -> None:
    """What the beat does within the hour that begins then, and the worker after it."""
    for name in OF_PROTECTIONS:
        entry = settings.CELERY_BEAT_SCHEDULE[name]
        clock.moment = moment.replace(minute=min(entry["schedule"].minute))
        current_app.tasks[entry["task"]]()
        run_errands()


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def live(clock: Clock, first: date, last: date) -> None:
    """All days from the first to the last."""
    for day in days(first, last):
        for hour in HOURS:
            beat(clock, at(day, hour))
