"""Conflicts through the API: dismissed, settled and opened again by those who may, and missing for partners."""

from __future__ import annotations

import pytest

from deals.conflicts.models import Conflict
from prm.events.models import Event
from tests.api.conftest import api  # noqa: F401  (fixture)

VERBS = {
    "dismissal": {"reason": "Two branches"},
    "settlement": {"ruling": "uphold_first", "reason": "Alpine was first"},
    "reopening": {"reason": "Looked at again"},
}


def address(conflict, verb=""):
    return f"/conflicts/{conflict.pk}/{verb and verb + '/'}"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_settled_and_opened_again(api, channel_manager, conflict):  # noqa: F811
    ours = api(channel_manager)
    read = ours.get(address(conflict))
    settled = ours.post(address(conflict, "settlement"), VERBS["settlement"], If_Match=read["ETag"])
    assert settled.status_code == 200, settled.content
    body = settled.json()
    assert (body["status"], body["ruling"], body["kept_side"]) == ("settled", "uphold_first", "first")
    assert body["ruling_reason"] == "Alpine was first"
    assert body == ours.get(address(conflict)).json()
    refused(ours.post(address(conflict, "dismissal"), VERBS["dismissal"], If_Match=settled["ETag"]), 409, "not_open")
    again = ours.post(address(conflict, "reopening"), VERBS["reopening"], If_Match=settled["ETag"])
    assert again.status_code == 200, again.content
    assert (again.json()["status"], again.json()["ruling"], again.json()["closed_at"]) == ("open", "", None)
    told = Event.objects.filter(subject_id=conflict.pk, actor_id=channel_manager.pk)
    assert sorted(told.values_list("verb", flat=True)) == ["reopened", "settled"]


def test_dismissed(api, channel_manager, conflict):  # noqa: F811
    ours = api(channel_manager)
    etag = ours.get(address(conflict))["ETag"]
    refused(ours.post(address(conflict, "dismissal"), {}, If_Match=etag), 400, "invalid")
    refused(ours.post(address(conflict, "reopening"), VERBS["reopening"], If_Match=etag), 409, "not_closed")
    done = ours.post(address(conflict, "dismissal"), VERBS["dismissal"], If_Match=etag)
    assert (done.status_code, done.json()["status"]) == (200, "dismissed")
    assert done.json()["dismissed_reason"] == "Two branches"


def test_the_customers_choice_names_a_side(api, channel_manager, conflict):  # noqa: F811
    ours = api(channel_manager)
    etag = ours.get(address(conflict))["ETag"]
    chosen = {"ruling": "customer_choice", "reason": "By letter"}
    refused(ours.post(address(conflict, "settlement"), chosen, If_Match=etag), 409, "side_missing")
    done = ours.post(address(conflict, "settlement"), chosen | {"kept_side": "later"}, If_Match=etag)
    assert done.json()["kept_side"] == "later"


@pytest.mark.parametrize("verb", VERBS)
def test_only_on_the_version_read(api, channel_manager, program_owner, conflict, verb):  # noqa: F811
    if verb == "reopening":
        conflict.dismiss(by=program_owner, reason="No")
    ours, stale = api(channel_manager), f'"{conflict.version}"'
    conflict.put(score=conflict.score)
    refused(ours.post(address(conflict, verb), VERBS[verb]), 428, "version_required")
    refused(ours.post(address(conflict, verb), VERBS[verb], If_Match=stale), 412, "stale")
    before = conflict.status
    assert Conflict.objects.get().status == before


@pytest.mark.parametrize("verb", VERBS)
def test_the_token_needs_the_scope_to_decide(api, channel_manager, conflict, verb):  # noqa: F811
    etag = f'"{conflict.version}"'
    for scopes in (["conflicts:read"], ["deal-registrations:decide"]):
        theirs = api(channel_manager, *scopes)
        refused(theirs.post(address(conflict, verb), VERBS[verb], If_Match=etag), 403, "scope_missing")
    assert Conflict.objects.get().status == "open"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["owner", "rival", "viewer", "finance"])
def test_missing_for_everybody_else(api, request, conflict, who, verb):  # noqa: F811
    theirs = api(request.getfixturevalue(who))
    answer = theirs.post(address(conflict, verb), VERBS[verb], If_Match=f'"{conflict.version}"')
    refused(answer, 404, "not_found")
    assert Conflict.objects.get().status == "open"


def test_the_deal_desk_dismisses_and_does_not_settle(api, deal_desk, conflict):  # noqa: F811
    theirs, etag = api(deal_desk, "conflicts:decide"), f'"{conflict.version}"'
    refused(theirs.post(address(conflict, "settlement"), VERBS["settlement"], If_Match=etag), 404, "not_found")
    assert theirs.post(address(conflict, "dismissal"), VERBS["dismissal"], If_Match=etag).status_code == 200
    assert Conflict.objects.get().status == "dismissed"
