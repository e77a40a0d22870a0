"""The life of a protection through the API: extension, release, transfer."""

from datetime import timedelta

import pytest

from deals.models import DealRegistration
from tests import factories


@pytest.fixture
def protected(owner, channel_manager, product, hospital):
    deal = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    deal.comment(by=owner, text="News")
    return deal


def tag(deal) -> str:
    return f'"{DealRegistration.objects.get(pk=deal.pk).version}"'


def test_a_partner_extends_its_own(api, owner, rival, protected):
    here, end = f"/deal-registrations/{protected.pk}/", protected.protected_until
    ours = api(owner)
    assert api(rival).post(f"{here}extension/", {}, If_Match=tag(protected)).status_code == 404
    assert ours.post(f"{here}extension/", {}).status_code == 428
    refused = ours.post(f"{here}extension/", {"days": 400}, If_Match=tag(protected))
    assert (refused.status_code, refused.json()["code"]) == (409, "length_given")
    sent = ours.post(f"{here}extension/", {}, If_Match=tag(protected))
    assert sent.status_code == 200, sent.content
    assert sent.json()["protection_status"] == "extended"
    assert sent.json()["protected_until"] == (end + timedelta(days=30)).isoformat()
    again = ours.post(f"{here}extension/", {}, If_Match=sent["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "extension_used")


def test_the_vendor_needs_a_reason_and_the_scope_of_decisions(api, channel_manager, viewer, protected):
    here, given = f"/deal-registrations/{protected.pk}/extension/", {"days": 12, "reason": "Holidays"}
    assert api(viewer).post(here, given, If_Match=tag(protected)).status_code == 404
    narrow = api(channel_manager, "deal-registrations:write", "deal-registrations:read")
    assert narrow.post(here, given, If_Match=tag(protected)).status_code == 403
    theirs = api(channel_manager)
    refused = theirs.post(here, {"days": 12}, If_Match=tag(protected))
    assert (refused.status_code, refused.json()["code"]) == (409, "reason_missing")
    assert theirs.post(here, given, If_Match=tag(protected)).status_code == 200
    assert theirs.post(here, given, If_Match=f'"{protected.version}"').status_code == 412


def test_release_and_transfer_are_the_vendors(api, owner, channel_manager, boreal, rival, protected):
    here = f"/deal-registrations/{protected.pk}/"
    given = {"partner": str(boreal.pk), "reason": "Customer's wish"}
    answers = [
        api(owner).post(f"{here}release/", {"reason": "x"}, If_Match=tag(protected)),
        api(owner).post(f"{here}transfer/", {**given, "partner": str(owner.acting_for_id)}, If_Match=tag(protected)),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    theirs = api(channel_manager)
    sent = theirs.post(f"{here}transfer/", given, If_Match=tag(protected))
    assert sent.status_code == 200, sent.content
    assert sent.json()["protection_status"] == "released"
    (received,) = api(rival).get("/deal-registrations/").json()["results"]
    assert (received["protection_status"], received["amount"]) == ("active", None)
    assert received["protected_until"] == protected.protected_until.isoformat()
    released = theirs.post(
        f"/deal-registrations/{received['id']}/release/",
        {"reason": "After all", "message": "As agreed."},
        If_Match=f'"{received["version"]}"',
    )
    assert (released.status_code, released.json()["protection_status"]) == (200, "released")
    seen = api(rival).get(f"/deal-registrations/{received['id']}/").json()
    assert seen["message"] == "As agreed."
    assert "After all" not in str(seen)
