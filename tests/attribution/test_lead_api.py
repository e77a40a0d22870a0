"""Leads, offers, campaigns and touchpoints through the API."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from attribution.models import Lead, LeadOffer, Touchpoint
from deals.models import DealRegistration
from prm.api.models import ApiToken
from prm.ids import uuid7
from tests import factories
from tests.attribution import leads

BODY = {
    "company_name": "Clinique",
    "contact_name": "Jeanne Martin",
    "email": "j@clinique.example",
    "country": "FR",
    "region": "FR-ARA",
    "source": "web form",
    "legal_basis": "consent",
    "notice_at": "2026-03-02",
    "amount": {"amount": "20000.00", "currency": "EUR"},
}


class Api:
    def __init__(self, user):
        _token, secret = ApiToken.objects.issue(user, scopes=["*"], membership=user.membership)
        self.client, self.auth = Client(), {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, body=None, version=None, **headers):
        given = {**self.auth, **headers, **({"If-Match": f'"{version}"'} if version else {})}
        answer = self.client.generic(
            method, f"/api/v1/{path}", json.dumps(body or {}), "application/json", headers=given
        )
        answer.body = answer.json() if answer.content else None
        return answer


@pytest.fixture
def vendor(channel_manager):
    return Api(channel_manager)


@pytest.fixture
def partner(owner):
    return Api(owner)


def test_leads_are_made_changed_and_upserted(vendor, product, channel_manager):
    fair = vendor(
        "POST",
        "campaigns/",
        {"name": "Fair", "code": "F1", "kind": "event", "cost": {"amount": "900.00", "currency": "EUR"}},
    )
    assert (fair.status_code, fair.body["cost"]) == (201, {"amount": "900.00", "currency": "EUR"})
    made = vendor("POST", "leads/", {**BODY, "campaign": fair.body["id"], "lines": [str(product.line_id)]})
    assert made.status_code == 201
    assert (made.body["status"], made.body["lines"], made.body["amount"]) == (
        "new",
        [str(product.line_id)],
        BODY["amount"],
    )
    changed = vendor("PATCH", f"leads/{made.body['id']}/", {"city": "Lyon"}, version=1)
    assert (changed.status_code, changed.body["city"], changed.body["version"]) == (200, "Lyon", 2)
    assert vendor("PATCH", f"leads/{made.body['id']}/", {"city": "Paris"}, version=1).status_code == 412
    path = "leads/by-external-id/crm/L1/"
    assert [vendor("PUT", path, BODY).status_code, vendor("PUT", path, {"city": "Nice"}).status_code] == [201, 200]
    dry = vendor("POST", "leads/", BODY, Prefer="dry-run")
    assert (dry.status_code, Lead.objects.count()) == (201, 2)
    batch = vendor("POST", "leads/batch/", {"items": [BODY, {**BODY, "region": "DE-BY"}, {"company_name": "x"}]})
    assert [item["status"] for item in batch.body["results"]] == [201, 409, 400]
    refused = vendor("POST", "leads/", {name: value for name, value in BODY.items() if name != "legal_basis"})
    assert (refused.status_code, refused.body["errors"][0]["pointer"]) == (400, "/legal_basis")
    found = vendor("GET", f"leads/?campaign={fair.body['id']}").body["results"]
    assert [row["id"] for row in found] == [made.body["id"]]


def test_an_offer_answers_with_the_lead_only_once_accepted(vendor, partner, alpine, channel_manager, rival):
    lead = leads.lead(channel_manager)
    values = {"lead": str(lead.pk), "partner": str(alpine.pk), "respond_by": leads.soon().isoformat()}
    made = vendor("POST", "lead-offers/", {**values, "explanation": "Zqnearby"})
    assert (made.status_code, made.body["explanation"]) == (201, "Zqnearby")
    offer = LeadOffer.objects.get()
    for answer in (partner("GET", "lead-offers/"), partner("GET", f"lead-offers/{offer.pk}/")):
        text = answer.content.decode()
        assert leads.leaks(text) == []
        assert str(lead.pk) not in text
        assert "Zqnearby" not in text
        assert "Backup for three sites" in text
    assert Api(rival)("POST", f"lead-offers/{offer.pk}/acceptance/", version=1).status_code == 404
    assert vendor("POST", f"lead-offers/{offer.pk}/acceptance/", version=1).status_code == 404
    taken = partner("POST", f"lead-offers/{offer.pk}/acceptance/", version=1)
    assert (taken.status_code, taken.body["status"]) == (200, "accepted")
    assert taken.body["lead"] == {
        "company_name": "Zqclinic",
        "contact_name": "Zqjeanne Martin",
        "email": "zqjeanne@clinic.example",
        "phone": "0033155667788",
        "postcode": "zq-69003",
        "city": "Zqville",
        "registration": None,
    }
    assert str(lead.pk) not in taken.content.decode()
    assert partner("POST", f"lead-offers/{offer.pk}/contact/", version=2).body["follow_up"] == "contacted"
    done = partner("POST", f"lead-offers/{offer.pk}/registration/", version=3)
    assert done.body["lead"]["registration"] == str(DealRegistration.objects.get().pk)
    again = partner("POST", f"lead-offers/{offer.pk}/decline/", {"reason": "too_far"}, version=4)
    assert (again.status_code, again.body["code"]) == (409, "offer_answered")


def test_decline(partner, alpine, channel_manager):
    offer = leads.offered(alpine, channel_manager)
    assert partner("POST", f"lead-offers/{offer.pk}/decline/", {}, version=1).status_code == 400
    answer = partner("POST", f"lead-offers/{offer.pk}/decline/", {"reason": "too_far"}, version=1)
    assert (answer.status_code, answer.body["status"], answer.body["lead"]) == (200, "declined", None)


def test_a_partner_sees_no_leads_and_no_campaigns(partner, alpine, channel_manager):
    leads.campaign(channel_manager)
    offer = leads.offered(alpine, channel_manager)
    for path in ("leads/", "campaigns/", f"leads/{offer.lead_id}/"):
        assert partner("GET", path).status_code in (403, 404)
    assert partner("POST", "lead-offers/", {}).status_code == 403
    lead, other = (partner("GET", f"leads/{pk}/").content for pk in (offer.lead_id, uuid7()))
    assert json.loads(lead)["status"] == json.loads(other)["status"]


def test_touchpoints(vendor, partner, alpine, boreal, rival):
    deal = factories.opportunity("Deal", of=alpine)
    part = deal.participants.get()
    values = {"kind": "demo", "at": timezone.now().isoformat(), "partner": str(alpine.pk), "opportunity": str(deal.pk)}
    made = vendor("POST", "touchpoints/", {**values, "note": "Zqnote"})
    assert (made.status_code, made.body["origin"]) == (201, "api")
    assert vendor("POST", "touchpoints/", {**values, "partner": None}).body["code"] == "actor_missing"
    shown = partner("GET", "touchpoints/").body["results"]
    assert [(row["kind"], row["opportunity"], row["registration"]) for row in shown] == [("demo", str(part.pk), None)]
    text = partner("GET", f"touchpoints/{made.body['id']}/").content.decode()
    assert str(deal.pk) not in text
    assert "Zqnote" not in text
    assert Api(rival)("GET", "touchpoints/").body["results"] == []
    assert partner("POST", "touchpoints/", values).status_code == 403
    assert partner("DELETE", f"touchpoints/{made.body['id']}/", version=1).status_code == 404
    changed = vendor("PATCH", f"touchpoints/{made.body['id']}/", {"kind": "meeting"}, version=1)
    assert changed.body["kind"] == "meeting"
    told = partner("GET", f"touchpoints/{made.body['id']}/")
    vendor("PATCH", f"touchpoints/{made.body['id']}/", {"note": "Zqother"}, version=2)
    assert partner("GET", f"touchpoints/{made.body['id']}/").content == told.content  # notes are the vendor's work
    assert vendor("PUT", "touchpoints/by-external-id/crm/T1/", values).status_code == 201
    assert vendor("DELETE", f"touchpoints/{made.body['id']}/", version=3).status_code == 204
    assert Touchpoint.objects.count() == 1
