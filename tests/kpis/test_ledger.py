"""What the rows of the product give the ledger, and that a change is carried over."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from psycopg2.extras import DateRange

from attribution import kpis
from attribution.kpis.models import Dirty, Fact
from attribution.kpis.rollups import rebuild
from attribution.models import Lead, LeadOffer
from deals.models import OpportunityLine, OpportunityParticipant, Stage
from partners.catalogue.models import ProductLine
from prm.calendar import business_today
from prm.events.models import Errand
from prm.money.models import ExchangeRate
from territories.models import Territory, TerritoryRule
from tests import factories
from tests.errands import run_errands
from tests.kpis.conftest import ledger, rollups

TODAY = business_today()
YEAR = kpis.Period.named("12m")


def won(name="", *, on=TODAY, **values):
    return factories.opportunity(name, stage=Stage.WON, closed_on=on, opened_on=on - timedelta(days=30), **values)


def amount(metric="bookings", period=YEAR, **filters):
    return kpis.value(metric, period, filters).value


def test_an_amount_is_split_to_the_cent(alpine, boreal, up_to_date):
    """100.00 over shares 50 : 50 and three equal lines: six cells that add up."""
    deal = won(of=alpine, amount=Decimal("100.00"))
    OpportunityParticipant.objects.filter(opportunity=deal).update(share=50)
    OpportunityParticipant.objects.create(opportunity=deal, partner=boreal, share=50)
    for name in ("One", "Two", "Three"):
        OpportunityLine.objects.create(opportunity=deal, line=ProductLine.objects.create(name=name), amount=1)
    up_to_date()
    cells = Fact.objects.filter(measure="won").values_list("value", flat=True)
    assert sorted(cells) == [1666, 1666, 1667, 1667, 1667, 1667]
    assert amount() == Decimal("100.00")
    assert amount(partner=alpine.pk) + amount(partner=boreal.pk) == Decimal("100.00")
    by_line = kpis.values("bookings", YEAR, "line")
    assert sum(one.value for one in by_line) == Decimal("100.00")
    assert (amount("won_deals"), amount("won_deals", partner=alpine.pk), amount("won_deals", partner=boreal.pk)) == (
        1,
        1,
        1,
    )
    assert [one.value for one in kpis.values("won_deals", YEAR, "line")] == [1, 1, 1]


def test_only_who_sells_is_counted(alpine, boreal, up_to_date):
    deal = won(of=alpine, amount=Decimal("10"))
    OpportunityParticipant.objects.create(opportunity=deal, partner=boreal, role="influencing")
    won(amount=Decimal("5"), route="direct")
    up_to_date()
    assert {one.label: one.value for one in kpis.values("bookings", YEAR, "partner")} == {"Alpine": 10, "no partner": 5}


def test_closed_deals_keep_their_rate_and_open_ones_take_the_latest(alpine, up_to_date):
    early, late = TODAY - timedelta(days=100), TODAY - timedelta(days=10)
    ExchangeRate.objects.create(currency="USD", base="EUR", day=early, rate=Decimal("0.9"))
    won(of=alpine, amount=Decimal("100"), currency="USD", on=TODAY - timedelta(days=50))
    factories.opportunity(of=alpine, amount=Decimal("100"), currency="USD", opened_on=TODAY - timedelta(days=50))
    up_to_date()
    assert (amount(), amount("pipeline")) == (90, 90)
    ExchangeRate.objects.create(currency="USD", base="EUR", day=late, rate=Decimal("0.8"))
    up_to_date()
    assert (amount(), amount("pipeline")) == (90, 80)


def test_a_missing_rate_is_said_and_not_guessed(alpine, up_to_date):
    won(of=alpine, amount=Decimal("100"), currency="JPY")
    won(of=alpine, amount=Decimal("50"))
    up_to_date()
    figure = kpis.value("bookings", YEAR)
    assert (figure.value, figure.unconverted) == (50, 1)
    assert "1 amount has no exchange rate" in figure.problem
    ExchangeRate.objects.create(currency="JPY", base="EUR", day=TODAY, rate=Decimal("0.00625"))
    up_to_date()
    assert (amount(), kpis.value("bookings", YEAR).problem) == (Decimal("50.62"), "")  # 0.625 to the even cent


def test_an_amount_beyond_all_measure_is_left_out_and_stops_nobody(alpine, up_to_date):
    ExchangeRate.objects.create(currency="USD", base="EUR", day=TODAY - timedelta(days=100), rate=Decimal("1000000"))
    for _ in range(2):
        won(of=alpine, amount=Decimal("999999999999999"), currency="USD")
        factories.opportunity(of=alpine, amount=Decimal("999999999999999"))
    won(of=alpine, amount=Decimal("50"))
    up_to_date()
    for metric, value in (("bookings", 50), ("pipeline", 0), ("weighted_pipeline", 0)):
        figure = kpis.value(metric, YEAR)
        assert (figure.value, figure.unconverted) == (value, 2)
        assert "too large" in figure.problem
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before


def test_cycle_conversion_and_win_rate(alpine, up_to_date, admin):
    deals = [
        factories.opportunity(of=alpine, stage=Stage.PROSPECT, opened_on=TODAY - timedelta(days=n)) for n in (9, 8, 7)
    ]
    deals[0].move_to(Stage.QUALIFIED, by=admin)
    deals[0].move_to(Stage.WON, by=admin)
    deals[1].move_to(Stage.LOST, by=admin, reason="Price")
    up_to_date()
    assert (amount("win_rate"), amount("conversion")) == (Decimal("0.5"), Decimal("0.5"))
    assert amount("cycle_time") == 0
    assert amount("open_deals") == 1
    assert amount("active_partners") == 1


def test_the_pipeline_remembers_its_past(alpine, up_to_date):
    month = kpis.Period.named("last_month")
    factories.opportunity(of=alpine, amount=Decimal("7"), opened_on=month.start)
    won(of=alpine, amount=Decimal("5"), on=TODAY)
    up_to_date()
    values = {one.key: one.value for one in kpis.values("pipeline", YEAR, "month")}
    opened = TODAY - timedelta(days=30)
    expected = Decimal(7) + (5 if opened < month.end else 0)
    assert values[month.start] == expected
    assert amount("pipeline") == 7


def test_a_registration_from_submission_to_decision(submitted_deal, channel_manager, hospital, up_to_date):
    up_to_date()
    assert (amount("submissions"), amount("approval_rate"), amount("active_partners")) == (1, None, 1)
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    submitted_deal.approve(by=channel_manager)
    up_to_date()
    assert (amount("approval_rate"), amount("decided_on_time"), amount("decision_time")) == (1, 1, 0)
    assert amount("pipeline") == submitted_deal.amount


def test_a_note_wakes_one_errand_for_a_transaction(alpine):
    Errand.objects.all().delete()
    deal = won(of=alpine)
    assert Errand.objects.filter(task="kpis.refresh").count() <= 1
    assert Dirty.objects.filter(source="opportunity", source_id=deal.pk).exists()


def test_the_errand_brings_the_figure_up_to_date(alpine, admin):
    deal = factories.opportunity(of=alpine, amount=Decimal("5000"))
    run_errands()
    deal.move_to(Stage.WON, by=admin)
    run_errands()
    assert amount() == 5000
    assert not Dirty.objects.exists()


def test_rebuilding_changes_nothing(alpine, boreal, submitted_deal, up_to_date):
    deal = won(of=alpine, amount=Decimal("99.99"))
    OpportunityParticipant.objects.create(opportunity=deal, partner=boreal, share=33)
    factories.opportunity(of=boreal)
    up_to_date()
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before
    deal.delete()
    up_to_date()
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before


@pytest.mark.parametrize("key", ["month", "quarter", "year", "12m", "last_month", "last_quarter", "last_year"])
def test_a_period_and_the_one_before(key):
    period = kpis.Period.named(key, date(2026, 2, 14))
    before = period.previous
    assert before.start < before.end <= period.start
    assert kpis.Period.of_request(period.query) == kpis.Period.named(key)


def test_totals_agree_whatever_way_they_are_asked(alpine, boreal, up_to_date):
    """Whole months from rollups, odd days from the ledger, both at once: one answer."""
    for n in range(12):
        won(of=(alpine, boreal)[n % 2], amount=Decimal(n + 1), on=TODAY - timedelta(days=17 * n))
    up_to_date()
    odd = kpis.Period(TODAY - timedelta(days=150), TODAY - timedelta(days=3))
    expected = sum(n + 1 for n in range(12) if odd.start <= TODAY - timedelta(days=17 * n) < odd.end)
    assert amount(period=odd) == expected
    assert sum(one.value for one in kpis.values("bookings", odd, "month")) == expected
    assert sum(one.value for one in kpis.values("bookings", odd, "partner")) == expected
    assert amount(period=odd, partner=alpine.pk) + amount(period=odd, partner=boreal.pk) == expected
    tile = kpis.tiles(["bookings"], odd)[0]
    assert tile["figure"].value == expected


def test_what_a_partner_brought_is_sourced(alpine, boreal):
    deal = won(of=alpine, amount=Decimal("300"))
    OpportunityParticipant.objects.create(opportunity=deal, partner=boreal, role="sourcing")
    won(amount=Decimal("50"), route="direct")
    run_errands()
    assert (amount("sourced_bookings"), amount("sourced_bookings", partner=boreal.pk)) == (300, 300)
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before


def test_accepted_of_the_offers_that_were_answered(alpine, up_to_date):
    now = timezone.now()
    backup, vault = (ProductLine.objects.create(name=name) for name in ("Backup", "Vault"))
    for status in ("accepted", "declined", "expired", "offered"):
        lead = Lead.objects.create(company_name="Lac SA")
        answered = now if status in ("accepted", "declined") else None
        lines = [row.pk for row in (backup, vault) if row is backup or status == "accepted"]
        LeadOffer.objects.create(
            lead=lead, partner=alpine, status=status, respond_by=now, decided_at=answered, line_ids=lines
        )
    up_to_date()
    assert amount("lead_acceptance") == Decimal("0.3333")
    by_line = {one.label: one.value for one in kpis.values("lead_acceptance", YEAR, "line")}
    assert by_line == {"Backup": Decimal("0.3333"), "Vault": 1}
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before


def test_a_deal_lies_in_the_territory_of_its_customer(alpine, up_to_date):
    france = Territory.objects.create(name="France", code="FR")
    rule = TerritoryRule.objects.create(territory=france, country="FR", period=DateRange(date(2020, 1, 1), None))
    deal = won(of=alpine, amount=Decimal("5"), customer=factories.customer(country="FR"))
    up_to_date()
    assert [(one.label, one.value) for one in kpis.values("bookings", YEAR, "territory")] == [("France", 5)]
    deal.customer.country = "DE"
    deal.customer.save()
    up_to_date()
    assert [one.label for one in kpis.values("bookings", YEAR, "territory")] == ["no territory"]
    rule.country = "DE"
    rule.save()
    up_to_date()
    assert [one.label for one in kpis.values("bookings", YEAR, "territory")] == ["France"]
