"""Money adds up: no unknown currency, no fraction below the minor unit, no invented rate; parts sum to the whole."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from prm.errors import RuleViolation
from prm.money import Money, minor_units, split
from prm.money.models import ExchangeRate

AMOUNTS = st.integers(-(10**15), 10**15)
SHARES = st.lists(st.fractions(0, 100), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("amount", "currency"), [("1234.50", "EUR"), ("-1", "USD"), ("12", "JPY"), ("1.234", "TND"), ("0", "CHF")]
)
def test_amounts_of_todays_currencies(amount, currency):
    assert Money(Decimal(amount), currency).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1", "ZZZ"), ("1", "eur"), ("1", ""), ("0.001", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("1e16", "EUR")],
)
def test_what_is_no_amount_is_refused(amount, currency):
    with pytest.raises(ValidationError):
        Money(Decimal(amount), currency)


def test_two_currencies_are_never_added():
    with pytest.raises(ValueError, match="convert them first"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")


@pytest.mark.parametrize(("amount", "currency", "units"), [("12.34", "EUR", 1234), ("12", "JPY", 12), ("-1.234", "TND", -1234)])  # fmt: skip
def test_minor_units(amount, currency, units):
    assert minor_units(Decimal(amount), currency) == units


@given(AMOUNTS, SHARES, st.sampled_from(["EUR", "JPY", "TND"]))
def test_parts_sum_to_the_whole_and_are_off_by_less_than_a_unit(units, shares, currency):
    unit = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "TND": Decimal("0.001")}[currency]
    whole = units * unit
    parts = split(whole, currency, shares)
    assert sum(parts) == whole
    exact = [Fraction(whole) * share / sum(shares) for share in shares]
    assert all(abs(Fraction(part) - wanted) < Fraction(unit) for part, wanted in zip(parts, exact, strict=True))


def test_the_largest_remainder_gets_what_is_left_and_ties_go_to_the_first():
    assert split(Decimal("100.00"), "EUR", [1, 1, 1]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert split(Decimal(10), "JPY", [Decimal("0.15"), Decimal("0.35"), Decimal("0.5")]) == [2, 3, 5]


@pytest.mark.parametrize("shares", [[], [0, 0]])
def test_shares_of_nothing_are_refused(shares):
    with pytest.raises(ValueError, match="positive"):
        split(Decimal(1), "EUR", shares)


# Rates ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rates(system):
    for day, rate in ((date(2026, 1, 1), "0.9"), (date(2026, 3, 1), "0.8")):
        ExchangeRate.objects.create(day=day, currency="USD", base="EUR", rate=Decimal(rate))
    return ExchangeRate.objects


@pytest.mark.parametrize(
    ("on", "converted"), [(date(2026, 1, 1), "9.00"), (date(2026, 2, 28), "9.00"), (date(2026, 3, 1), "8.00")]
)
def test_the_latest_rate_on_or_before_the_day_counts(rates, on, converted):
    assert rates.convert(Decimal(10), "USD", on) == Decimal(converted)


@pytest.mark.parametrize(
    ("currency", "on", "to"), [("USD", date(2025, 12, 31), ""), ("CHF", date(2026, 3, 1), ""), ("EUR", date(2026, 3, 1), "USD")]
)  # fmt: skip
def test_a_missing_rate_is_a_named_error_and_never_1(rates, currency, on, to):
    with pytest.raises(RuleViolation) as refused:
        rates.convert(Decimal(10), currency, on, to)
    assert (refused.value.code, refused.value.field) == ("missing_rate", "currency")
    assert currency in refused.value.message


def test_an_amount_in_the_wanted_currency_needs_no_rate(system):
    assert ExchangeRate.objects.convert(Decimal(10), "EUR", date(2026, 1, 1)) == 10
