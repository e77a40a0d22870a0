"""Rows that cannot be: each is refused with its line, column and code, and the others are kept."""

import pytest

from deals.models import Opportunity
from territories.models import Customer
from tests import factories
from tests.imports.conftest import counts, failures

NAMES = {"columns": {"name": "name", "employees": "employees", "annual_revenue": "revenue", "founded": "founded"}}


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["x" * 10_000, "", "", ""], "name", "max_length"),
        (["nul\x00byte", "", "", ""], "name", "control_characters"),
        (["Acme \u202egnirts", "", "", ""], "name", "direction_marks"),
        (["A", "-5", "", ""], "employees", "negative"),
        (["A", "1.5", "", ""], "employees", "invalid_number"),
        (["A", "", "-12", ""], "annual_revenue", "negative"),
        (["A", "", "1,5,0", ""], "annual_revenue", "invalid_number"),
        (["A", "", "48k", ""], "annual_revenue", "invalid_number"),
        (["A", "", "9" * 30, ""], "annual_revenue", "too_large"),
        (["A", "", "", "20260"], "founded", "too_large"),
        (["", "1", "", ""], "name", "required"),
    ],
)
def test_a_customer_that_cannot_be(given, load, cells, column, code):
    report = load(
        "customers", given([["name", "employees", "revenue", "founded"], ["Good", "1", "2", "1999"], cells]), NAMES
    )
    assert failures(report) == [(3, column, code)]
    assert list(Customer.objects.values_list("name", flat=True)) == ["Good"]


DEAL = {"columns": {name: name for name in ("name", "partner", "stage", "amount", "currency", "close_date")}}


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"currency": "ZZZ"}, "currency", "unknown_currency"),
        ({"currency": ""}, "currency", "required"),
        ({"currency": "JPY", "amount": "10.5"}, "amount", "too_precise"),
        ({"amount": "-1"}, "amount", "negative"),
        ({"close_date": "01/02/20260"}, "close_date", "invalid_date"),
        ({"close_date": "31/02/2026"}, "close_date", "invalid_date"),
        ({"close_date": "01/02/2999"}, "close_date", "out_of_range"),
        ({"close_date": ""}, "closed_on", "required"),
        ({"stage": "Sold"}, "stage", "invalid_choice"),
        ({"partner": "Nobody"}, "partner", "unknown_reference"),
        ({"partner": "Twin"}, "partner", "ambiguous"),
    ],
)
def test_a_deal_that_cannot_be(given, load, alpine, change, column, code):
    factories.partner("Twin")
    factories.partner("twin")
    row = {
        "name": "Deal",
        "partner": "Alpine",
        "stage": "won",
        "amount": "10",
        "currency": "EUR",
        "close_date": "01/02/2026",
        **change,
    }
    report = load("opportunities", given([list(row), list(row.values())]), DEAL)
    assert failures(report) == [(2, column, code)]
    assert not Opportunity.objects.exists()


def test_a_key_that_stands_twice(given, load):
    report = load("customers", given([["name"], ["Acme"], ["acme "], ["Other"]]))
    assert (counts(report), failures(report)) == ((3, 2, 0, 0, 1), [(3, "name", "duplicate")])


def test_a_partner_out_of_ones_scope_is_like_no_partner(given, load, alpine):
    factories.partner("Far", country="ES")
    manager = factories.vendor_user("channel_manager", scope_countries=["FR"])
    rows = [
        ["name", "partner", "stage"],
        ["A", "Far", "prospect"],
        ["B", "Nobody", "prospect"],
        ["C", "Alpine", "prospect"],
    ]
    report = load(
        "opportunities",
        given(rows),
        {"columns": {"name": "name", "partner": "partner", "stage": "stage"}},
        user=manager,
    )
    assert failures(report) == [(2, "partner", "unknown_reference"), (3, "partner", "unknown_reference")]
    assert {error["message"].replace("Far", "Nobody") for error in report["errors"]} == {"There is no “Nobody” here."}


def test_a_number_that_belongs_to_another_customer(given, load):
    rows = [["name", "siren"], ["A", "732 829 320"], ["B", "732829320"], ["C", "732829321"]]
    report = load("customers", given(rows), {"columns": {"name": "name", "siren": "siren"}, "key": ["name"]})
    assert failures(report) == [(3, "siren", "number_taken"), (4, "siren", "invalid_identifier")]


def test_a_parent_nobody_knows(given, load):
    report = load("customers", given([["name", "parent"], ["A", "Nobody"], ["B", "C"], ["C", ""]]))
    assert (counts(report), failures(report)) == ((3, 2, 0, 0, 1), [(2, "parent", "unknown_reference")])


def test_one_broken_row_in_a_hundred(given, load):
    rows = [["name", "country"], *([f"Customer {n}", "Nowhere" if n % 100 == 7 else "FR"] for n in range(3000))]
    report = load("customers", given(rows))
    assert counts(report) == (3000, 2970, 0, 0, 30)
    assert failures(report)[:2] == [(9, "country", "unknown_country"), (109, "country", "unknown_country")]
