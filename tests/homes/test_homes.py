"""The homes: what changed, what waits, what needs attention; each number leads to exactly its rows."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from attribution.models import Lead
from deals.home import silent
from deals.models import DealRegistration, StageChange
from partners.models import Partner
from prm.calendar import business_today, business_zone
from prm.events.models import Event
from prm.home import instant, last_business_day
from tests import factories
from tests.deals.counting import statements
from tests.errands import run_errands

HOME = "/home/"


@pytest.fixture
def home(signed_in, channel_manager):
    return signed_in(channel_manager)


def rows_behind(client, url: str) -> list:
    return list(client.get(url).context["events"])


def test_what_changed_is_counted_and_leads_to_its_events(home, owner, rival, product):
    for person in (owner, owner, rival):
        factories.submitted(person, products=[product])
    old = factories.submitted(owner, products=[product])
    long_ago = datetime.combine(last_business_day(), time.min, business_zone()) - timedelta(seconds=1)
    Event.objects.filter(subject_id=old.pk).update(at=long_ago)
    (change,) = home.get(HOME).context["changes"]
    assert change["words"] == "3 new registrations"
    assert len(rows_behind(home, change["url"])) == 3


def test_each_kind_of_news_has_its_words_and_its_events(home, signed_in, owner, rival, channel_manager, alpine, boreal):
    for days, answer in ((1, "accept"), (2, "decline")):
        lead = Lead.create(by=channel_manager, company_name="Lac SA", legal_basis="consent")
        offer = lead.offer_to(alpine, by=channel_manager, respond_by=timezone.now() + timedelta(days=days))
        getattr(offer, answer)(by=owner, **({"reason": "too_far"} if answer == "decline" else {}))
    for partner in (alpine, boreal):
        factories.opportunity(of=partner).move_to("prospect", by=channel_manager)
    product = factories.product()
    for person in (owner, rival):
        factories.submitted(person, products=[product], customer_name="Hôpital du Lac", customer_domain="lac.example")
    run_errands()

    def told(client):
        changes = client.get(HOME).context["changes"]
        assert all(len(rows_behind(client, change["url"])) == int(change["words"][0]) for change in changes)
        return [change["words"] for change in changes]

    one = ["1 new conflict", "1 lead accepted", "1 lead declined"]
    assert told(home) == ["2 new registrations", *one, "2 changes of stage"]
    of_boreal = factories.vendor_user("channel_manager", scope_partners=[boreal.pk])
    assert told(signed_in(of_boreal)) == ["1 new registration", "1 new conflict", "1 change of stage"]
    of_nobody = factories.vendor_user("channel_manager", scope_partners=[factories.partner().pk])
    assert told(signed_in(of_nobody)) == []


def test_nothing_new(home):
    assert "nothing new" in home.get(HOME).content.decode()


@pytest.mark.parametrize("query", ["?since=yesterday", "?page=-1", "?what=a.b.c", "?page=999999999999", "?what=%00"])
def test_what_happened_survives_bad_addresses(home, query):
    assert home.get(reverse("happened") + query).status_code == 200


def test_an_impossible_day_is_refused(home):
    assert home.get(reverse("happened") + "?since=2026-02-31").status_code == 400


def test_a_clean_deal_is_approved_in_place(home, owner, channel_manager, product, hospital):
    deal = factories.submitted(owner, products=[product], customer_name="Hôpital du Lac")
    deal.approval.confirm(hospital, by=channel_manager)
    unclear = factories.submitted(owner, products=[product])
    page = home.get(HOME)
    (panel,) = [panel for panel in page.context["main_panels"] if "queue" in panel]
    assert {row.pk: clear for row, _flagged, clear in panel["queue"]} == {deal.pk: True, unclear.pk: False}
    answer = home.post(reverse("deals:approve", args=[deal.pk]), {"version": deal.version, "from": "home"})
    assert answer["Location"] == HOME
    deal.refresh_from_db()
    assert deal.review_status == "approved"


def test_protections_that_end_are_named_with_their_rows(home, owner, channel_manager, product):
    today = business_today()
    deals = [factories.approved(owner, decided_by=channel_manager) for _ in range(3)]
    for deal, days in zip(deals, (1, 7, 8), strict=True):  # last days: today, in six days, in seven
        DealRegistration.objects.filter(pk=deal.pk).update(protected_until=today + timedelta(days=days))
    (item,) = [item for item in home.get(HOME).context["attention"] if "protection" in item["title"]]
    assert item["title"] == "2 protections end within 7 days"
    listed = home.get(item["url"]).content.decode()
    assert [str(deal.pk) in listed for deal in deals] == [True, True, False]


def test_silent_partners(home, alpine, boreal, owner, channel_manager, product):
    Partner.objects.update(created_at=timezone.now() - timedelta(days=90))
    factories.submitted(owner, products=[product])
    (item,) = [item for item in home.get(HOME).context["attention"] if "silent" in item["title"]]
    assert (item["title"], item["detail"]) == ("1 partner silent for 60 days", "Boreal")
    deal = factories.opportunity(of=boreal)
    change = StageChange.objects.create(opportunity=deal, old="prospect", new="qualified")
    assert not silent(Partner.objects.all()).exists()
    StageChange.objects.filter(pk=change.pk).update(at=timezone.now() - timedelta(days=61))
    assert [partner.pk for partner in silent(Partner.objects.all())] == [boreal.pk]


def test_the_home_of_somebody_who_decides_nothing(signed_in, finance, direct_seller):
    for person in (finance, direct_seller):
        assert signed_in(person).get(HOME).status_code == 200


def test_things_to_do_by_date():
    today, now = business_today(), timezone.now()
    dues = [None, today + timedelta(days=2), now + timedelta(hours=1)]
    assert sorted(dues, key=instant) == [dues[2], dues[1], None]


def test_home_costs_the_same_whatever_the_rows(home, owner, channel_manager, product):
    factories.approved(owner, decided_by=channel_manager, products=[product])
    factories.submitted(owner, products=[product])
    before = statements(home, HOME)
    for _ in range(4):
        factories.approved(owner, decided_by=channel_manager, products=[product])
        factories.submitted(owner, products=[product])
    assert statements(home, HOME) == before <= 20


def test_portal_home_costs_the_same_whatever_the_rows(signed_in, owner, channel_manager, product):
    portal = signed_in(owner)
    factories.approved(owner, decided_by=channel_manager, products=[product])
    factories.draft(owner, products=[product])
    before = statements(portal, "/portal/")
    for _ in range(4):
        factories.draft(owner, products=[product])
        factories.submitted(owner, products=[product])
    assert statements(portal, "/portal/") == before <= 20
