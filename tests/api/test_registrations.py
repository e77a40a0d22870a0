"""A program of Alpine's registers deals: the path of the first issue, through the API."""

from datetime import timedelta

import pytest

from deals.models import DealRegistration
from prm.calendar import business_today
from tests import factories


@pytest.fixture
def deal(product):
    return {
        "customer_name": "Hôpital du Lac",
        "customer_domain": "hopital-du-lac.example",
        "customer_country": "FR",
        "products": [str(product.pk)],
        "amount": {"amount": "12000.00", "currency": "EUR"},
        "expected_close_date": (business_today() + timedelta(days=60)).isoformat(),
    }


def test_draft_submission_approval(api, owner, channel_manager, deal, hospital):
    ours = api(owner)
    made = ours.post("/deal-registrations/", deal)
    assert made.status_code == 201, made.content
    body = made.json()
    assert {name: body[name] for name in deal} == deal
    assert (made["ETag"], made["Location"]) == ('"1"', f"/api/v1/deal-registrations/{body['id']}/")
    here = f"/deal-registrations/{body['id']}/"
    assert ours.get(here).json() == body

    sent = ours.post(f"{here}submission/", If_Match=made["ETag"])
    assert sent.status_code == 200, sent.content
    assert (sent.json()["submission_status"], sent.json()["review_status"]) == ("submitted", "pending")
    assert sent.json() == ours.get(here).json()

    theirs = api(channel_manager)
    refused = theirs.post(f"{here}approval/", {}, If_Match=sent["ETag"])
    assert (refused.status_code, refused.json()["code"]) == (409, "customer_not_confirmed")
    DealRegistration.objects.get(pk=body["id"]).approval.confirm(hospital, by=channel_manager)
    approved = theirs.post(f"{here}approval/", {"message": "Good luck"}, If_Match=sent["ETag"])
    assert approved.status_code == 200, approved.content
    assert approved.json()["customer"] == str(hospital.pk)
    seen = ours.get(here).json()
    assert (seen["customer"], seen["rejection_reason"]) == (None, None)
    assert (seen["protection_status"], seen["sales_stage"], seen["message"]) == ("active", "qualified", "Good luck")


def test_rejection_keeps_its_reason_from_the_partner(api, owner, channel_manager, submitted_deal):
    here = f"/deal-registrations/{submitted_deal.pk}/"
    answer = api(channel_manager).post(
        f"{here}rejection/", {"reason": "duplicate"}, If_Match=f'"{submitted_deal.version}"'
    )
    assert answer.json()["rejection_reason"] == "duplicate"
    seen = api(owner).get(here).json()
    assert (seen["public_reason"], seen["rejection_reason"]) == ("not_available", None)


def test_statements_of_a_list(api, owner, counted, product):
    for _n in range(3):
        factories.draft(owner, products=[product])
    ours = api(owner)
    ours.get("/deal-registrations/")
    with counted() as statements:
        assert len(ours.get("/deal-registrations/").json()["results"]) == 3
    assert len(statements) <= 4, statements


def test_statements_of_a_draft_and_a_submission(api, owner, counted, deal):
    ours = api(owner)
    ours.get("/deal-registrations/")
    with counted() as statements:
        made = ours.post("/deal-registrations/", deal)
    assert len(statements) <= 7, statements
    with counted() as statements:
        ours.post(f"/deal-registrations/{made.json()['id']}/submission/", If_Match='"1"')
    assert len(statements) <= 12, statements
