"""Territories from a file, known again by their code."""

from datetime import timedelta

import pytest

from partners.models import Team
from prm.calendar import business_today
from prm.imports.kinds import kinds
from prm.imports.mapping import suggest
from prm.imports.reading import open_table
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests import factories

pytestmark = pytest.mark.usefixtures("system")
HEADER = [
    "code",
    "name",
    "parent",
    "holders",
    "countries",
    "regions",
    "product lines",
    "partner",
    "kind",
    "from",
    "until",
]


def codes(report):
    return [(error["row"], error["column"], error["code"]) for error in report["errors"]]


@pytest.fixture
def rows(alpine, boreal, product):
    return [
        HEADER,
        ["FR-IDF", "Île-de-France", "FR", "1", "", "FR-IDF", "Backup", "Alpine", "exclusive", "2026-01-01", ""],
        ["FR", "France", "", "2", "FR; MC", "", "", "Boreal", "shared", "2026-01-01", "2030-12-31"],
    ]


def test_tree_rules_and_holders(load, given, rows, alpine):
    report = load("territories", given(rows))
    assert (report["created"], report["failed"]) == (2, 0), report
    assert list(Territory.objects.values_list("path", "holders")) == [("FR", 2), ("FR/FR-IDF", 1)]
    found = TerritoryRule.objects.order_by("country", "region").values_list(
        "territory__code", "country", "region", "product_line__name"
    )
    assert list(found) == [("FR", "FR", "", None), ("FR-IDF", "FR", "FR-IDF", "Backup"), ("FR", "MC", "", None)]
    held = TerritoryAssignment.objects.get(territory__code="FR")
    assert (held.kind, held.period.upper.isoformat(), held.territory_name) == ("shared", "2031-01-01", "France")
    again = load("territories", given(rows))
    assert (again["unchanged"], again["failed"]) == (2, 0), again
    assert (TerritoryRule.objects.count(), TerritoryAssignment.objects.count()) == (3, 2)


def test_more_is_added_and_nothing_taken_away(load, given, rows, boreal):
    load("territories", given(rows))
    rows[2][4] = "FR; BE"
    report = load("territories", given(rows))
    assert (report["updated"], report["unchanged"]) == (1, 1)
    assert sorted(TerritoryRule.objects.filter(territory__code="FR").values_list("country", flat=True)) == [
        "BE",
        "FR",
        "MC",
    ]


def test_what_is_wrong_is_said(load, given, rows, cima, alpine):
    load("territories", given(rows))
    wrong = [
        HEADER,
        ["FR-IDF", "Île-de-France", "", "", "", "", "", "Cima", "exclusive", "2026-06-01", ""],
        ["FR", "France", "FR-IDF", "", "", "", "", "", "", "", ""],
        ["B", "Bad region", "", "", "", "Bavaria", "", "", "", "", ""],
        ["no code!", "Bad code", "", "", "", "", "", "", "", "", ""],
        ["C", "Unknown line", "", "", "FR", "", "Nothing", "", "", "", ""],
        ["D", "Unknown partner", "", "", "FR", "", "", "Nobody", "", "", ""],
        ["E", "Reversed", "", "", "FR", "", "", "Alpine", "", "2026-06-01", "2026-05-01"],
    ]
    report = load("territories", given(wrong))
    assert codes(report) == [
        (2, "partner", "territory_held"),
        (3, "parent", "territory_cycle"),
        (4, "regions", "invalid"),
        (5, "code", "invalid"),
        (6, "product_lines", "unknown_reference"),
        (7, "partner", "unknown_reference"),
        (8, "assigned_until", "dates_reversed"),
    ]
    assert "Alpine holds this territory exclusively" in report["errors"][0]["message"]


def test_a_circle_is_an_error_of_its_rows(load, given):
    rows = [
        ["code", "name", "parent"],
        ["A", "A", "B"],
        ["B", "B", "C"],
        ["C", "C", "A"],
        ["D", "D", "C"],
        ["E", "E", ""],
    ]
    report = load("territories", given(rows))
    assert codes(report) == [
        (2, "parent", "territory_cycle"),
        (3, "parent", "territory_cycle"),
        (4, "parent", "territory_cycle"),
        (5, "parent", "unknown_reference"),  # it names one of them
    ]
    assert (report["created"], report["failed"]) == (1, 4)
    assert list(Territory.objects.values_list("code", flat=True)) == ["E"]


def test_a_circle_through_what_is_there(load, given):
    for code in "XYZ":
        Territory.objects.create(code=code, name=code)
    report = load("territories", given([["code", "name", "parent"], ["X", "X", "N"], ["N", "N", "X"], ["Y", "Y", "Z"]]))
    assert codes(report) == [(2, "parent", "territory_cycle"), (3, "parent", "territory_cycle")]
    assert list(Territory.objects.values_list("path", flat=True)) == ["X", "Z", "Z/Y"]
    both = load("territories", given([["code", "name", "parent"], ["X", "X", "Z"], ["Z", "Z", "X"]]))
    assert codes(both) == [(2, "parent", "territory_cycle"), (3, "parent", "territory_cycle")]


def test_filling_what_is_empty_moves_no_territory(load, given):
    top = Territory.objects.create(code="X", name="X")
    for code, parent in (("Y", top), ("Z", None)):
        Territory.objects.create(code=code, name=code, parent=parent)
    path = given([["code", "name", "parent"], ["Y", "Y", "N"], ["Z", "Z", "N"], ["N", "N", ""]])
    mapping = {**suggest(kinds["territories"], open_table(path)), "existing": "fill"}
    report = load("territories", path, mapping)
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 1, 1), report
    assert list(Territory.objects.values_list("path", flat=True)) == ["N", "N/Z", "X", "X/Y"]


def test_an_id_that_nobody_has_is_unknown(load, given):
    row = ["A", "A", "0190a000-0000-7000-8000-000000000000"]
    report = load("territories", given([["code", "name", "parent"], row]))
    assert codes(report) == [(2, "parent", "unknown_reference")]


def test_team_and_postal_codes(load, given):
    Team.objects.create(name="Direct")
    report = load(
        "territories",
        given([["code", "name", "countries", "postal codes", "team"], ["P", "Paris", "FR", "75; 92", "Direct"]]),
    )
    assert report["created"] == 1, report
    assert sorted(TerritoryRule.objects.values_list("country", "postal_prefix")) == [("FR", "75"), ("FR", "92")]
    held = TerritoryAssignment.objects.get()
    assert (str(held.holder), held.kind, held.period.lower) == ("Direct", "exclusive", business_today())
    assert held.is_in_force(business_today() + timedelta(days=400))
    assert not factories.Partner.objects.filter(territory_assignments__isnull=False).exists()
