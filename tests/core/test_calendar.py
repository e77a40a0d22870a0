"""The vendor's calendar: business days by its country's holidays, answers by the end of a working day, half-open periods."""

from datetime import UTC, date, datetime, timedelta

import pytest

from prm.calendar import add_business_days, business_today, due_by, is_business_day
from prm.periods import Period


@pytest.mark.parametrize(
    ("day", "country", "works"),
    [
        (date(2026, 7, 13), "FR", True),
        (date(2026, 7, 14), "FR", False),  # the national day
        (date(2026, 7, 14), "DE", True),
        (date(2026, 10, 3), "DE", False),  # a Saturday, and a holiday
        (date(2026, 4, 6), "FR", False),  # Easter Monday
        (date(2026, 4, 4), "FR", False),  # a Saturday
        (date(2026, 7, 14), "ZZ", True),  # a country without a calendar works on weekdays
    ],
)
def test_business_days_follow_the_country(day, country, works):
    assert is_business_day(day, country) is works


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 7, 10), 1, date(2026, 7, 13)),  # Friday to Monday
        (date(2026, 7, 10), 2, date(2026, 7, 15)),  # past the holiday
        (date(2026, 7, 11), 0, date(2026, 7, 13)),
        (date(2026, 7, 13), 0, date(2026, 7, 13)),
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
    ],
)
def test_counting_business_days(start, count, end):
    assert add_business_days(start, count, "FR") == end


def test_an_answer_is_due_at_the_end_of_a_working_day_where_the_vendor_works(settings):
    settings.BUSINESS_TIME_ZONE, settings.BUSINESS_COUNTRY = "Europe/Paris", "FR"
    assert due_by(datetime(2026, 7, 9, 23, 30, tzinfo=UTC), 1) == datetime(2026, 7, 13, 16, tzinfo=UTC)  # Friday there
    assert due_by(datetime(2026, 1, 5, 9, tzinfo=UTC), 1) == datetime(2026, 1, 6, 17, tzinfo=UTC)  # winter time


def test_today_is_that_of_the_vendor(settings):
    found = set()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):  # 26 hours apart
        settings.BUSINESS_TIME_ZONE = zone
        found.add(business_today())
    assert len(found) == 2


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("month", date(2026, 2, 1), date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1), date(2026, 4, 1)),
        ("12m", date(2025, 3, 1), date(2026, 3, 1)),
        ("last_month", date(2026, 1, 1), date(2026, 2, 1)),
        ("last_quarter", date(2025, 10, 1), date(2026, 1, 1)),
        ("last_year", date(2025, 1, 1), date(2026, 1, 1)),
    ],
)
def test_named_periods_end_before_their_last_date(name, start, end):
    period = Period.named(name, date(2026, 2, 28))
    assert (period.start, period.end, period.last_day) == (start, end, end - timedelta(days=1))


@pytest.mark.parametrize("given", [{"from": "2026-13-01", "to": "2026-12-31"}, {"from": "20260-01-01", "to": "x"},
                                   {"from": "2026-02-01", "to": "2026-01-01"}, {"period": "ever"}])  # fmt: skip
def test_an_address_that_makes_no_sense_shows_the_usual_period(given):
    assert Period.of_request(given) == Period.named("12m")
