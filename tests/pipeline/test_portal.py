"""A partner reads its deals through its own part in them, and reports how they go where it sells."""

from __future__ import annotations

import pytest

from deals.models import Opportunity, OpportunityParticipant, StageChange
from deals.tasks import show_participants
from prm.events.models import Event
from tests import factories
from tests.statements import statements


@pytest.fixture
def deal(owner, product, hospital, channel_manager):
    return factories.approved(
        owner, decided_by=channel_manager, known_as=hospital, products=[product], customer_name="Our hospital"
    )


@pytest.fixture
def part(deal):
    return deal.participant


def address(part, more=""):
    return f"/portal/deals/opportunities/{part.pk}/{more}"


def test_list_and_record(signed_in, owner, part):
    client = signed_in(owner)
    assert [line["title"] for line in client.get("/portal/deals/opportunities/").context["lines"]] == ["Our hospital"]
    page = client.get(address(part)).content.decode()
    assert "Our hospital" in page
    assert "Report as won" in page
    assert str(part.opportunity_id) not in page


def test_stage_moves_in_the_portals_own_role(signed_in, owner, part, deal):
    answer = signed_in(owner).post(
        address(part, "stage/"), {"stage": "committed", "version": part.version, "seen": "qualified"}
    )
    assert answer.url == address(part)
    opportunity = Opportunity.objects.get()
    deal.refresh_from_db()
    assert (opportunity.stage, deal.sales_stage) == ("committed", "committed")
    change = StageChange.objects.get()
    assert (change.by, change.new) == (owner, "committed")
    told = Event.objects.about(opportunity).filter(verb="stage_changed").get()
    assert (told.actor_side, told.partner_id) == ("partner", None)


def test_won_and_lost(signed_in, owner, part):
    client, url = signed_in(owner), address(part, "stage/")
    page = client.get(f"{url}?stage=lost").content.decode()
    assert "Lost because" in page
    refused = client.post(url, {"stage": "lost", "on": "2026-11-20", "version": part.version})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["cause"])
    day = part.opportunity.opened_on.isoformat()
    assert client.post(url, {"stage": "won", "on": day, "version": part.version}).status_code == 302
    opportunity = Opportunity.objects.get()
    assert (opportunity.stage, opportunity.closed_on.isoformat()) == ("won", day)
    part.refresh_from_db()
    again = client.post(url, {"stage": "qualified", "version": part.version})
    assert again.status_code == 422
    assert "Ask your channel manager" in again.content.decode()


def test_somebody_was_faster(signed_in, owner, part, channel_manager):
    part.opportunity.move_to("committed", by=channel_manager)
    answer = signed_in(owner).post(
        address(part, "stage/"), {"stage": "technical_validation", "version": part.version, "seen": "qualified"}
    )
    assert answer.status_code == 422
    assert answer.context["form"].stale
    assert channel_manager.name not in answer.content.decode().split("<main")[1].split("</main>")[0]


def test_only_where_it_sells(signed_in, owner, part, boreal, rival):
    helping = OpportunityParticipant.objects.create(opportunity=part.opportunity, partner=boreal, role="influencing")
    client = signed_in(rival)
    page = client.get(address(helping))
    assert page.status_code == 200
    assert "Report as won" not in page.content.decode()
    assert client.post(address(helping, "stage/"), {"stage": "won"}).status_code == 404
    assert client.get(address(part)).status_code == 404
    assert signed_in(owner).get(address(helping)).status_code == 404


def test_the_others_on_the_deal_see_it_too(signed_in, owner, part, boreal, rival):
    helping = OpportunityParticipant.objects.create(opportunity=part.opportunity, partner=boreal, role="influencing")
    signed_in(owner).post(address(part, "stage/"), {"stage": "committed", "version": part.version})
    event = Event.objects.about(part.opportunity).filter(verb="stage_changed").get()
    show_participants(event)
    part.refresh_from_db()
    helping.refresh_from_db()
    assert (part.version, helping.version) == (2, 2)
    assert {told.partner_id for told in Event.objects.about(part, helping)} == {owner.acting_for_id, boreal.pk}


def test_statements(signed_in, owner, part):
    client = signed_in(owner)
    urls = ("/portal/deals/opportunities/", address(part))
    for url in urls:
        client.get(url)
    few = [len(statements(client, url)) for url in urls]
    for _ in range(4):
        factories.opportunity(of=owner.acting_for)
    assert [len(statements(client, url)) for url in urls] == few
    assert max(few) <= 12
