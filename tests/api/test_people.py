"""A company's people through the API: invited, changed, deactivated by the verbs of the screens."""

import pytest

from partners.models import Invitation, Membership

NIA = {"name": "Nia New", "email": "Nia@alpine.example", "role": "partner_sales"}


def test_a_partner_admin_invites_its_own(api, owner, alpine, boreal):
    ours = api(owner)
    made = ours.post("/partner-users/", NIA)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["partner"], body["email"], body["accepted_at"]) == (str(alpine.pk), "nia@alpine.example", None)
    assert ours.get(made["Location"].removeprefix("/api/v1")).json() == body
    assert ours.get("/partner-invitations/").json()["results"] == [body]
    elsewhere = ours.post("/partner-users/", {**NIA, "partner": str(boreal.pk)})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["pointer"]) == (400, "/partner")
    assert Invitation.objects.count() == 1


def test_inviting_twice_is_refused(api, owner, teammate):
    ours = api(owner)
    assert ours.post("/partner-users/", NIA).status_code == 201
    assert ours.post("/partner-users/", NIA).status_code == 400
    already = ours.post("/partner-users/", {**NIA, "email": teammate.email})
    assert (already.status_code, already.json()["code"]) == (409, "already_colleague")


def test_the_vendor_invites_for_a_partner(api, channel_manager, viewer, alpine):
    ours = api(channel_manager)
    assert ours.post("/partner-users/", NIA).json()["errors"][0]["pointer"] == "/partner"
    assert ours.post("/partner-users/", {**NIA, "partner": str(alpine.pk)}).status_code == 201
    assert api(viewer).post("/partner-users/", {**NIA, "partner": str(alpine.pk)}).status_code == 403


@pytest.mark.parametrize("role", ["partner_sales", "partner_marketing", "partner_finance"])
def test_colleagues_do_not_invite(api, alpine, role):
    from tests import factories

    theirs = api(factories.member(alpine, role, "Pat"))
    assert theirs.post("/partner-users/", NIA).status_code == 403
    assert theirs.get("/partner-invitations/").json()["results"] == []


def test_an_invitation_is_sent_again_and_withdrawn(api, owner, rival):
    ours = api(owner)
    made = ours.post("/partner-users/", NIA).json()
    here = f"/partner-invitations/{made['id']}/"
    assert api(rival).post(f"{here}withdrawal/", If_Match='"1"').status_code == 404
    again = ours.post(f"{here}sending/", If_Match='"1"')
    assert again.json()["expires_at"] > made["expires_at"]
    gone = ours.post(f"{here}withdrawal/", If_Match=again["ETag"])
    assert gone.json()["withdrawn_at"]
    assert ours.post(f"{here}sending/", If_Match=gone["ETag"]).status_code == 404


def test_roles_change_and_accounts_close(api, owner, teammate):
    ours = api(owner)
    membership = Membership.objects.get(user=teammate)
    here = f"/partner-users/{membership.pk}/"
    changed = ours.patch(here, {"role": "partner_marketing"}, If_Match=f'"{membership.version}"')
    assert changed.json()["role"] == "partner_marketing"
    closed = ours.post(f"{here}deactivation/", If_Match=changed["ETag"])
    assert closed.json()["is_active"] is False
    assert ours.post(f"{here}reactivation/", If_Match=closed["ETag"]).json()["is_active"] is True
