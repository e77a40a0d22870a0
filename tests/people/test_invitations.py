"""Inviting colleagues: nothing is learnt about an address by inviting it."""

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.urls import reverse
from django.utils import timezone

from partners.models import Invitation, Membership, User
from prm.errors import RuleViolation, StaleVersion
from prm.middleware import MEMBERSHIP
from tests import factories
from tests.errands import run_errands

NEW = {"name": "Nora New", "email": "nora@alpine.example", "role": "partner_sales", "language": "fr"}


@pytest.fixture
def invitation(owner):
    return Invitation(
        partner=owner.acting_for, name="Nora New", email="nora@alpine.example", role="partner_sales", language="fr"
    ).send(by=owner)


def path(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def test_a_partner_administrator_invites_a_colleague(signed_in, owner, mailoutbox):
    response = signed_in(owner).post(reverse("people:invite"), NEW)
    assert response["Location"] == reverse("people:colleagues")
    run_errands()
    [message] = mailoutbox
    assert (message.to, message.extra_headers["Content-Language"]) == ([NEW["email"]], "fr")
    [link] = [line for line in message.body.splitlines() if "/invitation/" in line]
    assert Invitation.of_link(link.split("/")[-2]) == Invitation.objects.get()
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_inviting_an_address_known_elsewhere_answers_the_same(signed_in, owner, rival, mailoutbox):
    client = signed_in(owner)
    pages = []
    for email in ("nobody-yet@alpine.example", rival.email):
        response = client.post(reverse("people:invite"), {**NEW, "email": email}, follow=True)
        pages.append(response.content.decode().count("Nora New"))
    assert response.status_code == 200
    assert pages[1] == 2 * pages[0]
    assert rival.name not in response.content.decode()
    run_errands()
    assert len(mailoutbox) == 2


def test_inviting_a_colleague_there_is(owner, teammate):
    with pytest.raises(RuleViolation, match="list already"):
        Invitation(partner=owner.acting_for, name="Sam", email=teammate.email, role="partner_sales").send(by=owner)


def test_inviting_an_address_twice_is_said_at_the_form(signed_in, owner, invitation):
    response = signed_in(owner).post(reverse("people:invite"), NEW)
    assert response.status_code == 422
    assert Invitation.objects.count() == 1


def test_a_new_person_opens_their_account(client, invitation):
    link = path(invitation.link)
    assert client.get(link).status_code == 200
    response = client.post(
        link, {"name": "Nora Neuf", "password": "four words in a row", "again": "four words in a row"}
    )
    assert response["Location"] == "/"
    person = User.objects.get(email=invitation.email)
    membership = Membership.objects.get(user=person)
    assert (person.name, person.language, membership.role, membership.partner) == (
        "Nora Neuf",
        "fr",
        "partner_sales",
        invitation.partner,
    )
    assert (client.session[SESSION_KEY], client.session[MEMBERSHIP]) == (str(person.pk), str(membership.pk))
    assert client.get(link).status_code == 410


@pytest.mark.parametrize(
    ("password", "again"),
    [("short", "short"), ("four words in a row", "five words in a row"), ("password123", "password123")],
)
def test_a_weak_or_mistyped_password(client, invitation, password, again):
    response = client.post(path(invitation.link), {"name": "Nora", "password": password, "again": again})
    assert response.status_code == 422
    assert not User.objects.filter(email=invitation.email).exists()


def test_a_person_there_is_joins_with_their_own_account(client, owner, rival):
    invitation = Invitation(partner=owner.acting_for, name="Rita", email=rival.email, role="partner_sales").send(
        by=owner
    )
    response = client.post(path(invitation.link))
    assert response["Location"] == reverse("account_login")
    assert Membership.objects.filter(user=rival, partner=owner.acting_for, is_active=True).exists()
    assert rival.check_password("") is False


def test_a_signed_in_person_acts_for_the_new_side_at_once(signed_in, owner, rival):
    invitation = Invitation(partner=owner.acting_for, name="Rita", email=rival.email, role="partner_sales").send(
        by=owner
    )
    client = signed_in(rival)
    assert client.post(path(invitation.link))["Location"] == "/"
    assert client.session[MEMBERSHIP] == str(Membership.objects.get(user=rival, partner=owner.acting_for).pk)


def test_a_link_ends(client, invitation, owner):
    old = path(invitation.link)
    invitation.send_again(by=owner)
    assert client.get(old).status_code == 410
    newer = path(invitation.link)
    assert client.get(newer).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert client.get(newer).status_code == 410


def test_a_withdrawn_link(client, invitation, owner):
    invitation.withdraw(by=owner)
    assert client.get(path(invitation.link)).status_code == 410
    with pytest.raises(RuleViolation, match="accepted or withdrawn"):
        invitation.send_again(by=owner)


def test_an_altered_link(client, system):
    assert client.get("/invitation/WyJub3RoaW5nIl0:forged/").status_code == 410


def test_the_account_of_a_closed_person_stays_closed(client, owner, rival, admin):
    invitation = Invitation(partner=owner.acting_for, name="Rita", email=rival.email, role="partner_sales").send(
        by=owner
    )
    rival.deactivate(by=admin)
    assert client.post(path(invitation.link)).status_code == 422


def test_the_inviter_reads_that_the_colleague_came(invitation, owner, mailoutbox):
    invitation.accept(name="Nora", password=factories.PASSWORD)
    run_errands()
    assert [message.to for message in mailoutbox][-1] == [owner.email]
    assert owner.notifications.get().words.subject == "Nora accepted your invitation"


def test_a_partner_does_not_reach_the_invitations_of_another(signed_in, rival, invitation, boreal):
    rival_admin = factories.member(boreal, "partner_admin")
    answers = [
        signed_in(who).post(reverse(f"people:invitation_{verb}", args=[invitation.pk])).status_code
        for who in (rival, rival_admin)
        for verb in ("sending", "withdrawal")
    ]
    assert answers == [404] * 4


def test_sales_people_do_not_invite(signed_in, teammate):
    client = signed_in(teammate)
    assert client.get(reverse("people:invite")).status_code == 403
    assert client.get(reverse("people:colleagues")).status_code == 403


def test_a_channel_manager_invites_for_a_partner_of_their_scope(signed_in, channel_manager, alpine, boreal):
    channel_manager.scope_partners = [alpine.pk]
    channel_manager.save()
    client = signed_in(channel_manager)
    assert client.post(reverse("people:invite_for", args=[alpine.pk]), NEW).status_code == 302
    assert client.post(reverse("people:invite_for", args=[boreal.pk]), NEW).status_code == 404
    assert Invitation.objects.get().partner == alpine


def test_only_an_administrator_invites_vendor_people(signed_in, admin, channel_manager, client):
    url = reverse("people:invite_vendor")
    asked = {
        "name": "Vic Vendor",
        "email": "vic@vendor.example",
        "role": "channel_manager",
        "language": "en",
        "scope_countries": ["FR"],
    }
    assert signed_in(channel_manager).post(url, asked).status_code == 403
    assert signed_in(admin).post(url, asked).status_code == 302
    person, membership = Invitation.objects.get().accept(password=factories.PASSWORD)
    assert (person.role, person.scope_countries, membership) == ("channel_manager", ["FR"], None)


def test_changing_and_closing_a_colleagues_account(signed_in, owner, teammate):
    client = signed_in(owner)
    url = reverse("people:membership", args=[teammate.membership.pk])
    assert client.post(url, {"role": "partner_marketing", "version": "1"}).status_code == 302
    assert client.post(url, {"role": "partner_sales", "version": "1"}).status_code == 422
    client.post(reverse("people:membership_deactivation", args=[teammate.membership.pk]))
    found = Membership.objects.get(pk=teammate.membership.pk)
    assert (found.role, found.is_active) == ("partner_marketing", False)
    client.post(reverse("people:membership_reactivation", args=[teammate.membership.pk]))
    assert Membership.objects.get(pk=teammate.membership.pk).is_active


def test_the_last_administrator_stays(signed_in, owner):
    response = signed_in(owner).post(
        reverse("people:membership", args=[owner.membership.pk]), {"role": "partner_sales", "version": "1"}
    )
    assert response.status_code == 422
    assert "at least one administrator" in response.content.decode()


def test_the_people_of_another_partner_are_missing(signed_in, owner, rival):
    client = signed_in(owner)
    assert client.get(reverse("people:membership", args=[rival.membership.pk])).status_code == 404
    assert client.get(reverse("people:of_partner", args=[rival.acting_for_id])).status_code == 404


def test_a_stale_change_of_a_vendor_person(admin, channel_manager):
    with pytest.raises(StaleVersion):
        channel_manager.lock("7")
