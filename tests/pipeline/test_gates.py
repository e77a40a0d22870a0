"""What a stage asks of a deal: one table, the same for pages, the board, the portal and the API."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from deals.models import Opportunity, Stage, StageRule
from deals.models.stage_rule import DEFAULTS, GATED
from deals.tasks import show_participants
from partners.engagement.models import Activity
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.events.models import Event
from tests import factories

SOON = business_today() + timedelta(days=20)
HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/pipeline/"}


def refused(deal, stage, by) -> str:
    with pytest.raises(RuleViolation) as error:
        deal.move_to(stage, by=by)
    assert (error.value.code, error.value.field) == ("facts_missing", "stage")
    return error.value.message


def test_committed_needs_amount_and_date_won_an_amount(channel_manager):
    deal = factories.opportunity(amount=None, currency="")
    assert (
        refused(deal, "committed", channel_manager)
        == "“Committed” needs the amount and the expected close date. Add what is missing first."
    )
    assert "needs the amount." in refused(deal, "won", channel_manager)
    deal.change(by=channel_manager, expected_close_date=SOON)
    assert "needs the amount." in refused(deal, "committed", channel_manager)
    deal.change(by=channel_manager, amount=Decimal(0), currency="EUR")  # a free deal has an amount
    deal.move_to("committed", by=channel_manager)
    deal.win(by=channel_manager)


def test_no_missing_fact_keeps_a_deal_from_being_lost(channel_manager):
    deal = factories.opportunity(amount=None, currency="", customer=None)
    deal.lose(by=channel_manager, cause="price")
    assert deal.stage == "lost"


def test_every_fact_can_be_asked_for(channel_manager, program_owner, alpine, product):
    StageRule.objects.adjust(
        "business_validation",
        by=program_owner,
        required=["lines", "customer", "owner", "next_step"],
        quiet_days=10,
    )
    deal = factories.opportunity(of=alpine, customer=None)
    said = refused(deal, "business_validation", channel_manager)
    assert "needs the product lines, the customer, the owner and a planned next step." in said
    deal.lines.create(line=product.line)
    deal.change(by=channel_manager, owner=channel_manager, customer=factories.customer())
    Activity.log(by=channel_manager, about=deal, kind="call", title="Talked")
    assert "needs a planned next step." in refused(deal, "business_validation", channel_manager)
    Activity.plan(by=channel_manager, about=deal.participants.get(), kind="meeting", title="Show it", due_on=SOON)
    deal.move_to("business_validation", by=channel_manager)


def test_the_board_names_what_is_missing(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    url = f"/opportunities/{deal.pk}/move/"
    answer = signed_in(channel_manager).post(url, {"stage": "committed", "version": deal.version}, **HTMX)
    assert answer.status_code == 422
    assert "needs the expected close date" in answer.content.decode()
    deal.refresh_from_db()
    assert deal.stage == "qualified"


def test_a_partner_adds_what_nobody_had_said(owner, alpine, signed_in):
    deal = factories.opportunity(of=alpine, amount=None, currency="")
    part = deal.participants.get()
    client, url = signed_in(owner), f"/portal/deals/opportunities/{part.pk}/stage/"
    assert 'name="expected_close_date"' in client.get(url).content.decode()
    sent = {"stage": "committed", "version": part.version}
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert "needs the amount and the expected close date" in answer.content.decode()
    assert client.post(url, {**sent, "amount": "900", "currency": ""}).status_code == 422
    facts = {"amount": "900.50", "currency": "EUR", "expected_close_date": SOON.isoformat()}
    assert client.post(url, {**sent, **facts}).status_code == 302
    deal.refresh_from_db()
    assert (deal.stage, deal.amount, deal.expected_close_date) == ("committed", Decimal("900.5"), SOON)


def test_a_partner_keeps_amount_and_close_up_to_date(owner, alpine, signed_in):
    deal = factories.opportunity(of=alpine, expected_close_date=SOON)
    part = deal.participants.get()
    later = SOON + timedelta(days=30)
    client, url = signed_in(owner), f"/portal/deals/opportunities/{part.pk}/stage/"
    assert f'value="{SOON.isoformat()}"' in client.get(url).content.decode()
    sent = {"stage": "qualified", "version": 1, "amount": "4000", "currency": "EUR", "expected_close_date": later}
    assert client.post(url, sent).status_code == 302
    deal.refresh_from_db()
    part.refresh_from_db()
    assert (deal.stage, deal.amount, deal.expected_close_date) == ("qualified", Decimal(4000), later)
    assert (deal.put_off, part.version) == (1, 2)
    told = Event.objects.about(deal).get()
    assert (told.verb, told.actor_side, told.payload["fields"]) == (
        "changed", "partner", ["amount", "expected_close_date"],
    )  # fmt: skip
    show_participants(told)  # the reporter's own row has its version already
    part.refresh_from_db()
    assert part.version == 2


def test_where_product_lines_make_up_the_amount_it_stays(owner, alpine, product, signed_in):
    deal = factories.opportunity(of=alpine)
    deal.lines.create(line=product.line, amount=5000)
    part = deal.participants.get()
    assert part.sayable() == ("expected_close_date",)
    url = f"/portal/deals/opportunities/{part.pk}/stage/"
    assert 'name="amount"' not in signed_in(owner).get(url).content.decode()
    part.move_to("won", by=owner, facts={"amount": Decimal(1), "name": "Ours"})
    saved = Opportunity.objects.get()
    assert (saved.stage, saved.amount, saved.name) == ("won", Decimal(5000), deal.name)


def test_the_board_asks_for_what_is_missing(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    client, url = signed_in(channel_manager), f"/opportunities/{deal.pk}/move/"
    asked = client.post(url, {"stage": "committed", "version": deal.version}, **HTMX).content.decode()
    assert 'name="expected_close_date"' in asked
    assert 'name="amount"' not in asked
    sent = {"stage": "committed", "version": deal.version, "expected_close_date": SOON.isoformat()}
    assert client.post(url, sent, **HTMX).status_code == 200
    deal.refresh_from_db()
    assert (deal.stage, deal.expected_close_date) == ("committed", SOON)


def test_a_program_owner_sets_them(program_owner, channel_manager, signed_in):
    client = signed_in(program_owner)
    assert "Sales stages" in client.get("/settings/stages/").content.decode()
    sent = {f"quiet_days_{stage}": rule.quiet_days for stage, rule in DEFAULTS.items() if rule.quiet_days} | {
        f"required_{stage}": list(DEFAULTS[stage].required) for stage in GATED
    }
    assert client.post("/settings/stages/", {**sent, "quiet_days_prospect": "0"}).status_code == 422
    changed = {**sent, "required_qualified": ["customer"], "quiet_days_committed": 7}
    assert client.post("/settings/stages/", changed).status_code == 302
    rules = StageRule.objects.in_force()
    assert (rules["qualified"], rules["committed"]) == (
        (("customer",), 45),
        (("amount", "expected_close_date"), 7),
    )
    assert StageRule.objects.count() == 2  # what was not changed keeps following the default
    told = Event.objects.filter(subject_type="stage_rule").order_by("at").first()
    assert (told.actor_id, told.verb, told.payload["quiet_days"]) == (program_owner.pk, "changed", 45)
    assert signed_in(channel_manager).get("/settings/stages/").status_code == 403


def test_nonsense_is_refused(program_owner):
    for stage, required, days in (("lost", ["amount"], None), ("qualified", ["moon"], 3), ("won", [], 3)):
        with pytest.raises(RuleViolation):
            StageRule.objects.adjust(stage, by=program_owner, required=required, quiet_days=days)
    assert set(DEFAULTS) == set(Stage)
