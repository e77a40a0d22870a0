"""The board: columns and their sums, the first cards, moving a card."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from deals.models import Opportunity, OpportunityParticipant
from partners.models import Team
from prm.calendar import business_today
from prm.events.models import Event
from prm.money.models import ExchangeRate
from tests import factories
from tests.statements import statements

HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/pipeline/"}


def column(response, stage):
    return next(column for column in response.context["columns"] if column["stage"] == stage)


def test_columns_count_and_add_up(channel_manager, alpine, signed_in):
    ExchangeRate.objects.create(day=business_today(), currency="USD", base="EUR", rate=Decimal("0.9"))
    factories.opportunity(of=alpine, amount=1000)
    factories.opportunity(of=alpine, amount=1000, currency="USD")
    factories.opportunity(of=alpine, amount=None, currency="")
    factories.opportunity(of=alpine, amount=400, stage="committed")
    factories.opportunity(of=alpine, amount=9000).move_to("won", by=channel_manager)
    board = signed_in(channel_manager).get("/pipeline/").context["board"]
    assert [(part.stage.value, part.count, part.total, part.weighted) for part in board.columns if part.count] == [
        ("qualified", 3, Decimal("1900.00"), Decimal("475.00")),
        ("committed", 1, Decimal("400.00"), Decimal("360.00")),
    ]
    assert (board.count, board.total, board.weighted) == (4, Decimal(2300), Decimal(835))


def test_weights_are_a_setting(channel_manager, alpine, signed_in):
    factories.opportunity(of=alpine, amount=1000)
    with override_settings(STAGE_WEIGHTS={"qualified": 50}):
        assert signed_in(channel_manager).get("/pipeline/").context["board"].weighted == 500


def test_a_missing_rate_is_said(channel_manager, alpine, signed_in):
    factories.opportunity(of=alpine, amount=1000, currency="JPY")
    response = signed_in(channel_manager).get("/pipeline/")
    assert response.context["board"].without_rate == ["JPY"]
    assert "Amounts in JPY are not in the sums" in response.content.decode()


def test_fifteen_cards_then_more(channel_manager, alpine, signed_in):
    for n in range(18):
        factories.opportunity(f"Deal {n:02}", of=alpine, expected_close_date=business_today() + timedelta(days=40 - n))
    client = signed_in(channel_manager)
    shown = column(client.get("/pipeline/"), "qualified")
    assert [card["row"].name for card in shown["cards"]] == [f"Deal {n:02}" for n in range(17, 2, -1)]
    assert shown["more"] == 3
    all_of_it = client.get(shown["more_url"], HTTP_HX_REQUEST="true")
    assert len(column(all_of_it, "qualified")["cards"]) == 18
    assert "<html" not in all_of_it.content.decode()


@pytest.mark.parametrize(
    ("query", "first"),
    [("", "Soon"), ("order=amount", "Large"), ("order=unchanged", "Old"), ("order=nonsense", "Soon")],
)
def test_sorted_by(query, first, channel_manager, alpine, signed_in):
    today = business_today()
    factories.opportunity("Old", of=alpine, amount=5, expected_close_date=today + timedelta(days=30))
    factories.opportunity("Large", of=alpine, amount=900, expected_close_date=today + timedelta(days=20))
    factories.opportunity("Soon", of=alpine, amount=10, expected_close_date=today + timedelta(days=1))
    factories.opportunity("No amount", of=alpine, amount=None, currency="")
    cards = column(signed_in(channel_manager).get(f"/pipeline/?{query}"), "qualified")["cards"]
    assert cards[0]["row"].name == first


def test_same_filters_as_the_table(channel_manager, alpine, boreal, signed_in):
    factories.opportunity("Alpine's", of=alpine)
    factories.opportunity("Ours", route="direct", owner=channel_manager)
    client = signed_in(channel_manager)
    for query, found in ((f"partner={alpine.pk}", "Alpine's"), ("route=direct", "Ours")):
        response = client.get(f"/pipeline/?{query}")
        assert [card["row"].name for card in column(response, "qualified")["cards"]] == [found]
        table = next(item for item in response.context["layouts"] if not item["active"])
        assert [line["row"].name for line in client.get(table["url"]).context["lines"]] == [found]
    assert client.get("/pipeline/?route=marketplace").context["board"].count == 0


def test_a_direct_seller_sees_its_own_deals_once(direct_seller, alpine, signed_in):
    team = Team.objects.create(name="North")
    team.members.add(direct_seller)
    factories.opportunity("Partner's", of=alpine)
    factories.opportunity("Mine", route="direct", owner=direct_seller, team=team)
    board = signed_in(direct_seller).get("/pipeline/").context["board"]
    assert (board.count, [card.name for part in board.columns for card in part.cards]) == (1, ["Mine"])


@pytest.mark.parametrize(("who", "status"), [("owner", 403), ("deal_desk", 403), ("viewer", 200)])
def test_who_sees_it(who, status, request, signed_in):
    assert signed_in(request.getfixturevalue(who)).get("/pipeline/").status_code == status


def test_statements_do_not_grow(channel_manager, alpine, signed_in):
    client = signed_in(channel_manager)
    stages = ("prospect", "qualified", "technical_validation", "business_validation", "committed")
    for stage in stages:
        factories.opportunity(of=alpine, stage=stage)
    client.get("/pipeline/")  # the brand and what else is remembered
    few = statements(client, "/pipeline/")
    for stage in stages:
        for _ in range(6):
            deal = factories.opportunity(stage=stage, owner=channel_manager)
            OpportunityParticipant.objects.create(opportunity=deal, partner=factories.partner())
    many = statements(client, "/pipeline/")
    assert len(few) == len(many)
    assert len(many) <= 12


# Moving ----------------------------------------------------------------------------------------------------------------------


def test_move_answers_the_new_board(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine, expected_close_date=business_today())
    client = signed_in(channel_manager)
    response = client.post(f"/opportunities/{deal.pk}/move/", {"stage": "committed", "version": deal.version}, **HTMX)
    assert response.status_code == 200
    assert [card["row"].pk for card in column(response, "committed")["cards"]] == [deal.pk]
    assert "is now: Committed" in response.headers["HX-Trigger"]
    deal.refresh_from_db()
    assert deal.stage == "committed"
    event = Event.objects.about(deal).first()
    assert (event.name, event.payload["old"], event.payload["new"]) == (
        "opportunity.stage_changed", "qualified", "committed",
    )  # fmt: skip


def test_won_asks_the_day_and_lost_the_reason(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    client, url = signed_in(channel_manager), f"/opportunities/{deal.pk}/move/"
    asked = client.post(url, {"stage": "won", "version": deal.version}, **HTMX)
    assert asked.headers["HX-Retarget"] == "#move-place"
    assert 'name="on"' in asked.content.decode()
    refused = client.post(url, {"stage": "lost", "on": "2026-11-02", "version": deal.version}, **HTMX)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["cause"])
    client.post(url, {"stage": "lost", "on": "2026-11-02", "cause": "price", "version": deal.version}, **HTMX)
    deal.refresh_from_db()
    assert (deal.stage, deal.lost_cause, deal.closed_on.isoformat()) == ("lost", "price", "2026-11-02")
    assert "<dt>Lost because</dt><dd>Price</dd>" in client.get(deal.get_absolute_url()).content.decode()


def test_two_people_at_once(channel_manager, program_owner, alpine, signed_in):
    deal = factories.opportunity(of=alpine, expected_close_date=business_today())
    Opportunity.objects.get(pk=deal.pk).move_to("committed", by=program_owner)
    answer = signed_in(channel_manager).post(
        f"/opportunities/{deal.pk}/move/", {"stage": "won", "on": "2026-11-02", "version": deal.version}, **HTMX
    )
    assert answer.status_code == 409
    assert f"{program_owner.name} was faster: Qualified → Committed" in answer.content.decode()
    deal.refresh_from_db()
    assert deal.stage == "committed"


def test_the_menu_lists_the_other_stages(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    page = signed_in(channel_manager).get(f"/opportunities/{deal.pk}/move/", **HTMX).content.decode()
    assert 'value="committed"' in page
    assert 'value="qualified"' not in page


def test_without_htmx_the_stage_page_asks(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    answer = signed_in(channel_manager).get(f"/opportunities/{deal.pk}/move/")
    assert answer.url == f"/opportunities/{deal.pk}/stage/"


@pytest.mark.parametrize("who", ["viewer", "owner", "direct_seller", "finance"])
def test_others_move_nothing(who, request, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    answer = signed_in(request.getfixturevalue(who)).post(
        f"/opportunities/{deal.pk}/move/", {"stage": "won", "on": "2026-11-02"}, **HTMX
    )
    assert answer.status_code == 404
