"""Activities through the API: the same verbs, the same walls."""

from __future__ import annotations

import json

import pytest

from partners.engagement.models import Activity
from prm.api.models import ApiToken
from tests import factories


@pytest.fixture
def api(client):
    """``api(user)(method, path, body, version)`` answers (status, body)."""

    def of(user):
        _token, secret = ApiToken.objects.issue(user, membership=user.membership)

        def call(method, path, body=None, version=None):
            headers = {"Authorization": f"Bearer {secret}", **({"If-Match": f'"{version}"'} if version else {})}
            answer = client.generic(
                method,
                f"/api/v1/{path}",
                json.dumps(body) if body is not None else "",
                "application/json",
                headers=headers,
            )
            return answer.status_code, json.loads(answer.content) if answer.content else None

        return call

    return of


def test_a_partner_plans_completes_and_deletes(api, owner, rival, submitted_deal):
    call = api(owner)
    status, made = call(
        "POST", "activities/", {"kind": "task", "title": "Send", "subject_type": "registration",
                                "subject_id": str(submitted_deal.pk), "due_on": "2030-01-02"},
    )  # fmt: skip
    assert status == 201, made
    assert (made["partner"], made["shared"], made["side"]) == (str(owner.acting_for_id), True, "partner")
    path = f"activities/{made['id']}/"
    assert call("POST", f"{path}completion/", {}, made["version"])[1]["done_at"]
    assert call("PATCH", path, {"title": "Sent"}, 1)[0] == 412
    status, changed = call("PATCH", path, {"title": "Sent"}, made["version"] + 1)
    assert (status, changed["title"]) == (200, "Sent")
    assert call("PATCH", path, {"subject_type": "participant"}, changed["version"])[0] == 400
    assert api(rival)("GET", path)[0] == 404
    assert api(rival)("GET", "activities/")[1]["results"] == []
    assert call("DELETE", path, None, changed["version"])[0] == 204


def test_references_to_what_is_anothers_read_as_missing(api, rival, alpine, submitted_deal):
    call = api(rival)
    body = {"kind": "note", "title": "x", "subject_type": "registration"}
    theirs = call("POST", "activities/", {**body, "subject_id": str(submitted_deal.pk)})
    none = call("POST", "activities/", {**body, "subject_id": "0190a000-0000-7000-8000-000000000000"})
    assert theirs[0] == none[0] >= 400
    assert {**theirs[1], "instance": ""} == {**none[1], "instance": ""}
    assert call("POST", "activities/", {"kind": "note", "title": "x", "partner": str(alpine.pk)})[0] == 400
    assert not Activity.objects.exists()


def test_vendor_keeps_it_or_shares_it(api, channel_manager, owner, alpine):
    call = api(channel_manager)
    call("POST", "activities/", {"kind": "note", "title": "ours", "partner": str(alpine.pk)})
    call("POST", "activities/", {"kind": "meeting", "title": "both", "partner": str(alpine.pk), "shared": True})
    assert {row["title"] for row in call("GET", "activities/")[1]["results"]} == {"ours", "both"}
    assert [row["title"] for row in api(owner)("GET", "activities/")[1]["results"]] == ["both"]
    assert call("POST", "activities/", {"kind": "note", "title": "of nobody"})[0] == 400
    person = factories.vendor_user("finance")
    assert api(person)("POST", "activities/", {"kind": "note", "title": "x", "partner": str(alpine.pk)})[0] == 403
