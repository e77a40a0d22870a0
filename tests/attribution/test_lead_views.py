"""The vendor's pages of leads and the partner's, each with a fixed number of statements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from attribution.models import Campaign, Lead, LeadOffer, Touchpoint
from deals.models import DealRegistration
from prm.ids import uuid7
from tests import factories
from tests.attribution import leads
from tests.statements import statements

PAGE = 12


@pytest.fixture
def vendor(signed_in, channel_manager):
    return signed_in(channel_manager)


@pytest.fixture
def offer(alpine, channel_manager):
    return leads.offered(alpine, channel_manager)


def text_of(response) -> str:
    return response.content.decode()


def filled(**values) -> dict:
    return {
        "company_name": "Clinique du Parc",
        "contact_name": "Jeanne Martin",
        "country": "FR",
        "region": "fr-ara",
        "amount": "20000",
        "currency": "EUR",
        "source": "Trade fair",
        "legal_basis": "consent",
        "need": "Backup",
        **values,
    }


def test_record_a_lead_and_correct_it(vendor, channel_manager, product):
    fair = leads.campaign(channel_manager)
    page = vendor.post("/leads/new/", filled(campaign=fair.pk, lines=[product.line.pk]))
    lead = Lead.objects.get()
    assert (page.status_code, page["Location"]) == (302, lead.get_absolute_url())
    assert (lead.region, lead.campaign, [*lead.lines.all()]) == ("FR-ARA", fair, [product.line])
    page = vendor.post(f"/leads/{lead.pk}/edit/", filled(version=lead.version, city="Lyon", campaign=fair.pk))
    lead.refresh_from_db()
    assert (page.status_code, lead.city, [*lead.lines.all()]) == (302, "Lyon", [])
    stale = vendor.post(f"/leads/{lead.pk}/edit/", filled(version=1, city="Paris"))
    assert stale.status_code == 422
    assert "changed by somebody else" in text_of(stale)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"region": "DE-BY"}, "not in that country"),
        ({"contact_name": ""}, "Give a contact"),
        ({"currency": ""}, "Choose the currency"),
        ({"legal_basis": ""}, "required"),
        ({"email": "nobody"}, "valid email"),
    ],
)
def test_a_lead_that_makes_no_sense(vendor, wrong, said):
    page = vendor.post("/leads/new/", filled(**wrong))
    assert page.status_code == 422
    assert said in text_of(page)
    assert Lead.objects.count() == 0


def test_propose_withdraw_propose_to_another(vendor, alpine, boreal, channel_manager):
    lead = leads.lead(channel_manager)
    page = vendor.post(f"/leads/{lead.pk}/offer/", {"partner": alpine.pk, "days": 2, "explanation": "Nearby"})
    assert page.status_code == 302
    offer = LeadOffer.objects.get()
    assert offer.grounds.explanation == "Nearby"
    assert offer.respond_by > timezone.now() + timedelta(days=1)
    again = vendor.post(f"/leads/{lead.pk}/offer/", {"partner": boreal.pk, "days": 2})
    assert again.status_code == 422
    assert "Alpine holds this lead" in text_of(again)
    assert vendor.post(f"/lead-offers/{offer.pk}/withdrawal/", {"version": offer.version}).status_code == 302
    assert vendor.post(f"/leads/{lead.pk}/offer/", {"partner": boreal.pk, "days": 2}).status_code == 302
    text = text_of(vendor.get(lead.get_absolute_url()))
    for words in ("Alpine", "Boreal", "withdrawn", "Nearby", "Zqjeanne"):
        assert words in text


def test_every_verb_has_its_button(vendor, alpine, channel_manager, owner):
    lead = leads.lead(channel_manager)
    assert vendor.post(f"/leads/{lead.pk}/contact/").status_code == 302
    assert vendor.post(f"/leads/{lead.pk}/disqualification/", {"reason": "no_need"}).status_code == 302
    assert vendor.post(f"/leads/{lead.pk}/reopening/").status_code == 302
    page = vendor.post(f"/leads/{lead.pk}/registration/")
    assert page.status_code == 422
    assert "A partner accepts the lead first" in text_of(page)
    page = vendor.post(f"/leads/{lead.pk}/opportunity/")
    lead.refresh_from_db()
    assert page["Location"] == lead.converted_opportunity.get_absolute_url()
    taken = leads.offered(alpine, channel_manager)
    taken.accept(by=owner)
    assert vendor.post(f"/leads/{taken.lead_id}/registration/").status_code == 302
    assert DealRegistration.objects.get().partner == alpine


def test_who_may_not(signed_in, viewer, owner, offer):
    client = signed_in(viewer)
    lead = offer.lead
    assert client.get(lead.get_absolute_url()).status_code == 200
    assert client.get("/leads/new/").status_code == 403
    assert client.post(f"/leads/{lead.pk}/offer/").status_code == 404
    client = signed_in(owner)
    for url in ("/leads/", "/campaigns/", lead.get_absolute_url(), f"/leads/{lead.pk}/edit/"):
        assert client.get(url).status_code == 404
    assert client.get("/leads/new/").status_code == 403


def test_the_partner_reads_the_summary_then_the_lead(signed_in, owner, offer):
    client = signed_in(owner)
    for url in ("/portal/leads/", offer.get_absolute_url(), "/portal/"):
        page = client.get(url)
        assert page.status_code == 200
        assert leads.leaks(text_of(page)) == []
        assert str(offer.lead_id) not in text_of(page)
    assert "Backup for three sites" in text_of(client.get(offer.get_absolute_url()))
    page = client.post(f"/portal/leads/{offer.pk}/acceptance/", {"version": offer.version})
    assert page.status_code == 302
    page = client.get(offer.get_absolute_url())
    assert leads.leaks(text_of(page)) == ["Zqclinic", "zqjeanne", "Zqjeanne", "0033155667788", "Zqville", "zq-69003"]
    assert str(offer.lead_id) not in text_of(page)
    assert client.post(f"/portal/leads/{offer.pk}/contact/").status_code == 302
    page = client.post(f"/portal/leads/{offer.pk}/registration/")
    draft = DealRegistration.objects.get()
    assert page["Location"] == reverse("deals:edit_registration", args=[draft.pk])
    assert "Zqclinic" in text_of(client.get(page["Location"]))


def test_decline_needs_its_reason_and_leaves_nothing_to_read(signed_in, owner, offer, boreal, channel_manager):
    client = signed_in(owner)
    page = client.post(f"/portal/leads/{offer.pk}/decline/", {"decline-reason": ""})
    assert page.status_code == 422
    page = client.post(f"/portal/leads/{offer.pk}/decline/", {"decline-reason": "too_far", "decline-version": "1"})
    assert page.status_code == 302
    from tests.errands import run_errands

    run_errands()
    lead = Lead.objects.get(pk=offer.lead_id)
    lead.offer_to(boreal, by=channel_manager, respond_by=leads.soon())
    before = LeadOffer.objects.get(pk=offer.pk).version
    page = client.get(offer.get_absolute_url())
    assert leads.leaks(text_of(page)) == []
    assert "Boreal" not in text_of(page)
    assert LeadOffer.objects.get(pk=offer.pk).version == before
    assert client.post(f"/portal/leads/{offer.pk}/acceptance/").status_code == 422


def test_another_partners_offer_is_missing(signed_in, rival, offer):
    client = signed_in(rival)
    for path in ("", "acceptance/", "decline/", "contact/", "registration/", "disqualification/"):
        answers = [
            (client.post if path else client.get)(f"/portal/leads/{pk}/{path}").status_code
            for pk in (offer.pk, uuid7())
        ]
        assert answers == [404, 404]


def test_a_suspended_partner_reads_only(signed_in, owner, offer, alpine):
    offer.accept(by=owner)
    type(alpine).objects.filter(pk=alpine.pk).update(status="suspended")
    client = signed_in(owner)
    page = client.get(offer.get_absolute_url())
    assert page.status_code == 200
    assert "Zqclinic" in text_of(page)
    assert "action-bar" not in text_of(page)
    assert client.post(f"/portal/leads/{offer.pk}/contact/").status_code == 404


def test_own_rows_only(signed_in, teammate, owner, offer, alpine, channel_manager):
    type(teammate.membership).objects.filter(pk=teammate.membership.pk).update(own_rows_only=True)
    client = signed_in(teammate)
    assert client.get(offer.get_absolute_url()).status_code == 200
    offer.accept(by=owner)
    assert client.get(offer.get_absolute_url()).status_code == 404


def test_touches_by_hand(vendor, alpine, channel_manager, hospital):
    deal = factories.opportunity("Deal", of=alpine, customer=hospital)
    new = f"/touchpoints/new/?about=opportunity&id={deal.pk}"
    assert vendor.get(new).status_code == 200
    values = {"kind": "demo", "at": "2026-01-10T10:00", "partner": alpine.pk, "weight": "1", "note": "On site"}
    assert vendor.post(new, {**values, "partner": ""}).status_code == 422
    assert vendor.post(new, {**values, "at": "2199-01-10T10:00"}).status_code == 422
    assert vendor.post(new, values)["Location"] == deal.get_absolute_url()
    touch = Touchpoint.objects.get()
    assert (touch.kind, touch.partner, touch.opportunity, touch.origin) == ("demo", alpine, deal, "person")
    for page in (deal, alpine, hospital):
        assert "Demonstration" in text_of(vendor.get(page.get_absolute_url()))
    page = vendor.post(f"/touchpoints/{touch.pk}/", {**values, "kind": "meeting", "version": touch.version})
    assert page["Location"] == deal.get_absolute_url()
    touch.refresh_from_db()
    assert touch.kind == "meeting"
    assert vendor.get(f"/touchpoints/{touch.pk}/deletion/").status_code == 200
    assert vendor.post(f"/touchpoints/{touch.pk}/deletion/", {"version": touch.version}).status_code == 302
    assert Touchpoint.objects.count() == 0
    assert vendor.get(f"/touchpoints/new/?about=lead&id={uuid7()}").status_code == 404


def test_campaigns(vendor, signed_in, viewer):
    page = vendor.post("/campaigns/new/", {"name": "Fair", "code": "F1", "kind": "event"})
    assert page.status_code == 302
    campaign = Campaign.objects.get()
    assert vendor.post("/campaigns/new/", {"name": "Other", "code": "f1", "kind": "event"}).status_code == 422
    page = vendor.post(f"/campaigns/{campaign.pk}/", {"name": "Fair 2", "code": "F1", "kind": "event", "version": 1})
    assert page.status_code == 302
    assert "Fair 2" in text_of(vendor.get("/campaigns/"))
    client = signed_in(viewer)
    assert client.get(f"/campaigns/{campaign.pk}/").status_code == 200
    assert client.post(f"/campaigns/{campaign.pk}/", {"name": "x"}).status_code == 403


def test_statements_do_not_grow(vendor, signed_in, alpine, boreal, channel_manager, owner, product):
    def more(n):
        for _ in range(n):
            lead = leads.lead(channel_manager, lines=[product.line])
            Touchpoint.record(kind="demo", at=timezone.now(), partner=alpine, lead=lead, by=channel_manager)
        return leads.offered(alpine, channel_manager, of=lead)

    offer = more(1)
    offer.accept(by=owner)
    urls = ["/leads/", "/campaigns/", offer.lead.get_absolute_url()]
    portal = ["/portal/leads/", offer.get_absolute_url()]
    statements(vendor, urls[0])  # what a process reads once
    first = [len(statements(vendor, url)) for url in urls]
    first += [len(statements(signed_in(owner), url)) for url in portal]
    signed_in(channel_manager)
    more(3).accept(by=owner)
    Touchpoint.record(kind="meeting", at=timezone.now(), partner=boreal, lead=offer.lead, by=channel_manager)
    second = [len(statements(vendor, url)) for url in urls]
    second += [len(statements(signed_in(owner), url)) for url in portal]
    assert first == second
    assert max(second) <= PAGE, dict(zip(urls + portal, second, strict=True))


def test_search_and_export(vendor, offer, signed_in, owner, rival):
    assert "Zqclinic" in text_of(vendor.get("/search/?q=zqcli"))
    assert "zqjeanne@clinic.example" in b"".join(vendor.get("/leads/?export=csv").streaming_content).decode()
    assert "Zqclinic" not in text_of(signed_in(owner).get("/search/?q=zqcli"))
    offer.accept(by=owner)
    found = text_of(signed_in(owner).get("/search/?q=zqcli"))
    assert "Zqclinic" in found
    assert offer.get_absolute_url() in found
    assert "Zqclinic" not in text_of(signed_in(rival).get("/search/?q=zqcli"))
