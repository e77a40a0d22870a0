"""Credit of single deals: each rule on the smallest example that shows it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from attribution import credit
from attribution.models import AttributionRun, Campaign, Credit, CreditDirty, Lead, Touchpoint
from deals.models import OpportunityParticipant
from partners.models import Team
from prm.events.models import Errand
from prm.money.models import ExchangeRate
from tests import factories
from tests.attribution import reference
from tests.errands import run_errands

CLOSED = date(2026, 3, 31)  # in Paris the day ends at 22:00 UTC
CLOSE = datetime(2026, 3, 31, 22, tzinfo=UTC)


@pytest.fixture
def won(system, hospital):
    """An opportunity of 100.00 EUR, won."""
    return factories.opportunity(
        "Backup", customer=hospital, stage="won", closed_on=CLOSED, amount=Decimal(100), currency="EUR"
    )


def touch(at, **values):
    return Touchpoint.objects.create(kind=values.pop("kind", "meeting"), at=at, **values)


def amounts(model, deal):
    """Who gets what, by touch order."""
    rows = Credit.objects.filter(model=model, opportunity=deal).order_by("position", "partner__name")
    return [(row.partner.name if row.partner else "", row.amount) for row in rows]


def refreshed():
    run_errands()
    assert not CreditDirty.objects.exists()


def test_three_models_side_by_side(won, alpine, boreal):
    for days, partner in ((90, alpine), (60, boreal), (30, alpine)):
        touch(CLOSE - timedelta(days=days), partner=partner, opportunity=won)
    refreshed()
    assert amounts("first_touch", won) == [("Alpine", 100)]
    assert amounts("last_touch", won) == [("Alpine", 100)]
    assert amounts("linear", won) == [
        ("Alpine", Decimal("33.34")),
        ("Boreal", Decimal("33.33")),
        ("Alpine", Decimal("33.33")),
    ]
    assert amounts("sourced", won) == [("Alpine", 100)]
    assert amounts("influenced", won) == [("Boreal", 100)]
    assert Credit.objects.filter(sourced=True).exclude(partner=alpine).count() == 0


def test_without_a_touch_nobody_gets_it(won):
    refreshed()
    for model in ("first_touch", "last_touch", "linear", "sourced"):
        assert amounts(model, won) == [("", 100)]
    assert {row.rule for row in Credit.objects.all()} == {"unattributed"}
    assert "No touch is on record" in Credit.objects.first().explanation


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (CLOSE, True),
        (CLOSE + timedelta(microseconds=1), False),
        (CLOSE - timedelta(days=365), True),
        (CLOSE - timedelta(days=365, microseconds=1), False),
    ],
)
def test_both_edges_of_the_look_back_count(won, alpine, hospital, at, counts):
    touch(at, partner=alpine, customer=hospital)
    refreshed()
    assert amounts("linear", won) == [("Alpine" if counts else "", 100)]


def test_a_linked_touch_counts_whatever_its_age(won, alpine):
    touch(CLOSE - timedelta(days=900), partner=alpine, opportunity=won)
    refreshed()
    assert amounts("first_touch", won) == [("Alpine", 100)]


def test_a_touch_of_another_deal_of_the_customer_does_not_count(won, alpine, hospital):
    other = factories.opportunity("Other", customer=hospital)
    touch(CLOSE - timedelta(days=5), partner=alpine, customer=hospital, opportunity=other)
    refreshed()
    assert amounts("linear", won) == [("", 100)]


def test_touches_at_one_instant_are_ordered_by_id(won, alpine, boreal):
    at = CLOSE - timedelta(days=5)
    first, second = sorted(
        (touch(at, partner=partner, opportunity=won) for partner in (alpine, boreal)), key=lambda row: row.pk
    )
    refreshed()
    assert amounts("first_touch", won) == [(first.partner.name, 100)]
    assert amounts("last_touch", won) == [(second.partner.name, 100)]


def test_weights_are_shares_of_the_whole(won, alpine, boreal):
    touch(CLOSE - timedelta(days=3), partner=alpine, opportunity=won, weight=Decimal("0.5"))
    touch(CLOSE - timedelta(days=2), partner=boreal, opportunity=won, weight=Decimal("1.5"))
    touch(CLOSE - timedelta(days=1), partner=alpine, opportunity=won, weight=0)
    refreshed()
    assert amounts("linear", won) == [("Alpine", 25), ("Boreal", 75)]
    assert amounts("last_touch", won) == [("Boreal", 100)]


def test_through_its_lead_and_its_registration(owner, rival, channel_manager, alpine, boreal, hospital, product):
    registration = factories.approved(
        owner, decided_by=channel_manager, known_as=hospital, products=[product], amount=Decimal(90)
    )
    deal = registration.participant.opportunity
    campaign = Campaign.objects.create(name="Spring", code="spring")
    lead = Lead.objects.create(company_name="Hôpital", converted_registration=registration)
    direct = Lead.objects.create(company_name="Hôpital", converted_opportunity=deal)
    Touchpoint.objects.all().delete()  # what the product noted by itself
    touch(CLOSE - timedelta(days=9), campaign=campaign, lead=lead, kind="lead_source")
    touch(CLOSE - timedelta(days=8), partner=boreal, lead=direct)
    touch(CLOSE - timedelta(days=7), partner=alpine, registration=registration)
    type(deal).objects.filter(pk=deal.pk).update(stage="won", closed_on=CLOSED)
    refreshed()
    rows = Credit.objects.filter(model="linear", opportunity=deal).order_by("position")
    assert [(row.campaign, row.partner) for row in rows] == [(campaign, None), (None, boreal), (None, alpine)]
    assert reference.stored(Credit.objects.all()) == reference.ledger()


def test_source_is_who_takes_part_as_sourcing(won, alpine, boreal):
    touch(CLOSE - timedelta(days=9), partner=alpine, opportunity=won)
    OpportunityParticipant.objects.create(opportunity=won, partner=boreal, role="sourcing")
    refreshed()
    assert amounts("sourced", won) == [("Boreal", 100)]
    assert amounts("influenced", won) == [("Alpine", 100)]


def test_direct_team_and_campaign_can_be_the_source(won, alpine):
    team = Team.objects.create(name="Direct")
    touch(CLOSE - timedelta(days=9), team=team, opportunity=won)
    touch(CLOSE - timedelta(days=8), partner=alpine, opportunity=won)
    refreshed()
    row = Credit.objects.get(model="sourced")
    assert (row.team, row.partner, row.sourced) == (team, None, False)
    assert amounts("influenced", won) == [("Alpine", 100)]


@pytest.mark.parametrize(
    ("currency", "amount", "linear"),
    [
        ("JPY", Decimal(100), [34, 33, 33]),
        ("TND", Decimal("0.100"), [Decimal("0.034"), Decimal("0.033"), Decimal("0.033")]),
        ("EUR", Decimal("0.02"), [Decimal("0.01"), Decimal("0.01"), 0]),
        ("EUR", Decimal(0), [0, 0, 0]),
        ("EUR", Decimal("0.0001"), [Decimal("0.0001"), 0, 0]),  # finer than a cent, as old data may be: still adds up
    ],
)
def test_amounts_by_the_minor_unit_of_the_currency(won, alpine, currency, amount, linear):
    for days in (3, 2, 1):
        touch(CLOSE - timedelta(days=days), partner=alpine, opportunity=won)
    type(won).objects.filter(pk=won.pk).update(currency=currency, amount=amount)
    refreshed()
    assert [value for _who, value in amounts("linear", won)] == linear


def test_missing_rate_is_said_and_heals(won, alpine):
    touch(CLOSE - timedelta(days=3), partner=alpine, opportunity=won)
    type(won).objects.filter(pk=won.pk).update(currency="USD")
    refreshed()
    rows = Credit.objects.all()
    assert {(row.problem, row.reporting_minor, row.reporting_amount) for row in rows} == {("missing_rate", None, None)}
    ExchangeRate.objects.create(day=CLOSED + timedelta(days=1), currency="USD", base="EUR", rate=Decimal(2))
    refreshed()
    assert {row.problem for row in rows.all()} == {"missing_rate"}  # that one is of a later day
    rate = ExchangeRate.objects.create(day=date(2026, 3, 1), currency="USD", base="EUR", rate=Decimal("0.90005"))
    refreshed()
    assert {(row.problem, row.reporting_minor) for row in rows.all()} == {("", 9000)}  # 90.005 rounds half to even
    rate.rate = Decimal("0.8")
    rate.save()
    refreshed()
    assert {row.reporting_minor for row in rows.all()} == {8000}


def test_amount_beyond_all_measure_stops_nobody(won, alpine):
    type(won).objects.filter(pk=won.pk).update(amount=Decimal("999999999999999.99"), currency="USD")
    ExchangeRate.objects.create(day=CLOSED, currency="USD", base="EUR", rate=Decimal("1000"))
    refreshed()
    assert {row.problem for row in Credit.objects.all()} == {"too_large"}


def test_a_deal_without_amount_is_there_with_nothing(won):
    type(won).objects.filter(pk=won.pk).update(amount=None, currency="")
    refreshed()
    assert {(row.amount, row.reporting_minor) for row in Credit.objects.all()} == {(0, 0)}


def test_no_longer_won_no_longer_credited(won):
    refreshed()
    assert Credit.objects.exists()
    type(won).objects.filter(pk=won.pk).update(stage="committed", closed_on=None)
    refreshed()
    assert not Credit.objects.exists()


def test_repeating_writes_nothing(won, alpine):
    touch(CLOSE - timedelta(days=3), partner=alpine, opportunity=won)
    refreshed()
    assert credit.refresh([won.pk]).changed == 0
    run = credit.rebuild()
    assert (run.opportunities, run.credits, run.changed) == (1, 4, 0)
    assert AttributionRun.objects.get() == run


def test_one_errand_for_a_transaction_that_notes(won, alpine):
    Errand.objects.all().delete()
    for days in range(1, 40):
        touch(CLOSE - timedelta(days=days), partner=alpine, opportunity=won)
    assert Errand.objects.filter(task="attribution.credit").count() <= 1
    assert CreditDirty.objects.filter(subject=won.pk).count() >= 39


def test_a_touch_edited_by_bulk_is_seen(won, alpine, boreal):
    touch(CLOSE - timedelta(days=3), partner=alpine, opportunity=won)
    refreshed()
    Touchpoint.objects.update(partner=boreal)
    refreshed()
    assert amounts("linear", won) == [("Boreal", 100)]


def test_explanation_names_touch_share_and_age(won, alpine, boreal):
    touch(CLOSE - timedelta(days=10), partner=alpine, opportunity=won, kind="demo")
    touch(CLOSE - timedelta(days=3), partner=boreal, opportunity=won)
    refreshed()
    text = {row.model: row.explanation for row in Credit.objects.filter(partner=alpine)}
    assert text["linear"] == "Touch 1 of 2: Demonstration on 21 Mar 2026, 10 days before the close; its share is 50%."
    assert text["first_touch"].startswith("First of 2 touches: Demonstration on 21 Mar 2026")
