"""Each write of an opportunity is told, with what followers need; linked to its registration a deal never conflicts with itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import Opportunity
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.events.models import Event
from tests import factories
from tests.pipeline.forms import facts


def last(opportunity):
    event = Event.objects.about(opportunity).first()
    return event.verb, event.payload


def test_changes_are_told_with_old_and_new(channel_manager, alpine):
    deal = factories.opportunity(of=alpine, amount=Decimal("5000.50"))
    deal.change(by=channel_manager, amount=Decimal(6000), expected_close_date=business_today())
    verb, payload = last(deal)
    assert (verb, payload["old"], payload["new"]) == (
        "changed",
        {"amount": "5000.5", "expected_close_date": None},
        {"amount": "6000", "expected_close_date": business_today().isoformat()},
    )


def test_the_closing_day_is_edited(channel_manager, alpine):
    deal, today = factories.opportunity(of=alpine), business_today()
    with pytest.raises(RuleViolation, match="Only a closed"):
        deal.change(by=channel_manager, closed_on=today)
    deal.win(by=channel_manager)
    with pytest.raises(RuleViolation, match="still to come"):
        deal.change(by=channel_manager, closed_on=today + timedelta(days=1))
    deal.change(by=channel_manager, closed_on=today - timedelta(days=40))
    verb, payload = last(deal)
    assert (verb, payload["old"], payload["new"]) == (
        "changed", {"closed_on": today.isoformat()}, {"closed_on": (today - timedelta(days=40)).isoformat()},
    )  # fmt: skip


def test_amounts_by_line(channel_manager, alpine, product):
    deal, vault = factories.opportunity(of=alpine), factories.product("Vault")
    deal.change(by=channel_manager, lines={product.line: Decimal(3000), vault.line: Decimal(1500)})
    assert (deal.amount, deal.lines.count()) == (Decimal(4500), 2)
    assert {"amount", "lines"} == set(last(deal)[1]["fields"])
    with pytest.raises(RuleViolation, match="add up"):
        deal.change(by=channel_manager, amount=Decimal(1), lines={product.line: Decimal(2)})


def test_reopening_needs_a_reason(channel_manager, alpine):
    deal = factories.opportunity(of=alpine)
    deal.lose(by=channel_manager, cause="price")
    with pytest.raises(RuleViolation, match="opened again"):
        deal.move_to("qualified", by=channel_manager)
    deal.reopen("qualified", by=channel_manager, reason="They called back")
    assert (deal.stage, deal.closed_on, deal.lost_cause) == ("qualified", None, "")
    assert last(deal)[1]["reason"] == "They called back"


def test_the_screen_tells_too(channel_manager, alpine, signed_in):
    deal = factories.opportunity("Backup", of=alpine, amount=Decimal("1200.5"))
    signed_in(channel_manager).post(f"/opportunities/{deal.pk}/edit/", facts(deal, amount="1300", version=deal.version))
    verb, payload = last(deal)
    assert (verb, payload["old"], payload["new"]) == ("changed", {"amount": "1200.5"}, {"amount": "1300"})


# Linked to its registration ----------------------------------------------------------------------------------------------------


@pytest.fixture
def direct(hospital, product):
    deal = factories.opportunity("Hospital backup", customer=hospital, route="direct")
    deal.lines.create(line=product.line)
    return deal


def test_linking_clears_the_conflict(channel_manager, submitted_deal, hospital, direct):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    watch(submitted_deal)
    assert Conflict.objects.open().get().rule == "DIR-1"
    version = submitted_deal.version
    submitted_deal.link(direct, by=channel_manager)
    watch(submitted_deal)
    assert not Conflict.objects.open().exists()
    submitted_deal.refresh_from_db()
    assert submitted_deal.version == version
    assert not submitted_deal.participant_id


def test_approval_uses_the_linked_opportunity(channel_manager, submitted_deal, hospital, direct):
    submitted_deal.link(direct, by=channel_manager)
    submitted_deal.approve(by=channel_manager)
    assert submitted_deal.participant.opportunity == direct
    assert Opportunity.objects.count() == 1
    other = factories.opportunity(customer=hospital)
    with pytest.raises(RuleViolation, match="already led"):
        submitted_deal.link(other, by=channel_manager)


def test_another_customers_deal_is_refused(channel_manager, submitted_deal, hospital):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    with pytest.raises(RuleViolation, match="another customer"):
        submitted_deal.link(factories.opportunity(), by=channel_manager)


def test_linking_on_the_screen(channel_manager, submitted_deal, direct, signed_in):
    client = signed_in(channel_manager)
    url = f"/opportunities/{direct.pk}/registration/"
    assert url in client.get(direct.get_absolute_url()).content.decode()
    assert client.post(url, {"registration": ""}).status_code == 422
    assert client.post(url, {"registration": str(submitted_deal.pk)}).url == direct.get_absolute_url()
    assert submitted_deal.approval.opportunity_id == direct.pk
