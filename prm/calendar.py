"""Dates of the vendor's business: today, business days, ends of the working day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings
from django.utils import timezone

END_OF_DAY = time(18)


def business_zone() -> ZoneInfo:
    return ZoneInfo(settings.BUSINESS_TIME_ZONE)


def business_today() -> date:
    """Today where the vendor works: protections, assignments and prices begin and end on its calendar."""
    return timezone.now().astimezone(business_zone()).date()


@cache
def _holidays(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return holidays.HolidayBase()


def is_business_day(day: date, country: str = "") -> bool:
    return day.weekday() < 5 and day not in _holidays(country or settings.BUSINESS_COUNTRY)


def add_business_days(day: date, count: int, country: str = "") -> date:
    """The day ``count`` business days after ``day`` (0: ``day`` itself when it is one, else the next one)."""
    while count > 0 or not is_business_day(day, country):
        day += timedelta(days=1)
        count -= is_business_day(day, country)
    return day


def due_by(start: datetime, business_days: int, country: str = "") -> datetime:
    """The end of the working day ``business_days`` after ``start``, an aware instant."""
    day = add_business_days(start.astimezone(business_zone()).date(), business_days, country)
    return datetime.combine(day, END_OF_DAY, business_zone())
