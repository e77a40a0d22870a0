import datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone, translation

from prm.ui.templatetags import ui

NARROW, NO_BREAK = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("language", "amount", "currency", "expected"),
    [
        ("en", "184000", "EUR", "€184,000"),
        ("fr", "184000", "EUR", f"184{NARROW}000{NO_BREAK}€"),
        ("en", "96250.5", "EUR", "€96,250.50"),
        ("fr", "96250.5", "EUR", f"96{NARROW}250,50{NO_BREAK}€"),
        ("en", "1500", "JPY", "JP¥1,500"),
        ("en", "12.345", "TND", f"TND{NO_BREAK}12.345"),
        ("en", "-20", "EUR", "-€20"),
        ("en", "0", "EUR", "€0"),
        ("en", None, "EUR", ""),
    ],
)
def test_money(language, amount, currency, expected):
    with translation.override(language):
        assert ui.money(None if amount is None else Decimal(amount), currency) == expected


def test_money_of_a_money():
    with translation.override("en"):
        assert ui.money(SimpleNamespace(amount=Decimal("10"), currency="USD")) == "US$10"


@pytest.mark.parametrize(
    ("language", "amount", "expected"),
    [
        ("en", 4_820_000, "€4.82M"),
        ("fr", 4_820_000, f"4,82{NO_BREAK}M{NO_BREAK}€"),
        ("en", 950, "€950"),
        ("en", 12_340, "€12.3K"),
    ],
)
def test_money_short(language, amount, expected):
    with translation.override(language):
        assert ui.money_short(amount, "EUR") == expected


@pytest.mark.parametrize(("language", "expected"), [("en", "87%"), ("fr", f"87{NO_BREAK}%")])
def test_percent(language, expected):
    with translation.override(language):
        assert ui.percent(Decimal("0.874")) == expected


@pytest.mark.parametrize(
    ("language", "day", "weekday"),
    [("en", "14 Feb 2027", "Sunday 14 February 2027"), ("fr", "14 févr. 2027", "dimanche 14 février 2027")],
)
def test_dates(language, day, weekday):
    date = datetime.date(2027, 2, 14)
    with translation.override(language):
        assert (ui.day(date), ui.weekday(date)) == (day, weekday)


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "14 Feb 2027, 15:05"), ("fr", f"14 févr. 2027, 15{NO_BREAK}h{NO_BREAK}05")]
)
def test_moment_in_the_readers_time_zone(language, expected):
    moment = datetime.datetime(2027, 2, 14, 14, 5, tzinfo=datetime.UTC)
    with translation.override(language), timezone.override("Europe/Paris"):
        assert ui.moment(moment) == expected


def test_half_open_ranges_show_their_last_day():
    year = (datetime.date(2027, 1, 1), datetime.date(2027, 4, 1))
    with translation.override("en"):
        assert ui.period(year) == "1 Jan – 31 Mar 2027"
        assert ui.period((year[0], None)) == "since 1 Jan 2027"
        assert ui.period((None, year[1])) == "until 31 Mar 2027"
        assert ui.last_day(year) == ui.last_day(year[1]) == "31 Mar 2027"


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (-49, ("2 days late", "bad")),
        (-3, ("3 h late", "bad")),
        (0.5, ("under 1 h left", "warn")),
        (4, ("4 h left", "warn")),
        (30, ("tomorrow", "neutral")),
        (72, ("Thu 26 Nov", "neutral")),
    ],
)
def test_time_left(hours, expected):
    now = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.UTC)
    with translation.override("en"), timezone.override("UTC"):
        assert ui.time_left(now + datetime.timedelta(hours=hours), now) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Sami Haddad", "SH"), ("Val-Fleuri", "VF"), ("Vertex", "V"), ("", ""), ("Élan du Nord", "ÉN")],
)
def test_initials(name, expected):
    assert ui.initials(name) == expected


def test_status_of_an_unknown_value_is_neutral():
    assert (ui.status_icon("approved"), ui.status_tone("approved")) == ("check", "good")
    assert ui.status_tone("something else") == "neutral"


def test_sparkline_spans_its_box():
    assert ui.sparkline([0, 1]) == "2.0,29.0 78.0,3.0"
    assert ui.sparkline([1]) == ""
