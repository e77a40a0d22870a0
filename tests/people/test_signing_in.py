"""Signing in and out, and what a session is still good for."""

import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from partners.models import Membership
from prm.events.models import Errand
from prm.middleware import MEMBERSHIP
from tests import factories
from tests.errands import run_errands

LOGIN = "/identity/login/"


@pytest.fixture
def with_password(owner):
    owner.set_password(factories.PASSWORD)
    owner.save(update_fields=["password"])
    return owner


def sign_in(client, email, password=factories.PASSWORD):
    return client.post(LOGIN, {"login": email, "password": password})


def test_a_partner_person_arrives_at_the_portal(client, with_password):
    response = sign_in(client, with_password.email)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session[MEMBERSHIP] == str(with_password.membership.pk)
    assert client.get("/")["Location"] == reverse("portal")


def test_a_vendor_person_arrives_at_home(client, admin):
    admin.set_password(factories.PASSWORD)
    admin.save(update_fields=["password"])
    sign_in(client, admin.email.upper())
    assert MEMBERSHIP not in client.session
    assert client.get("/")["Location"] == reverse("home")


def test_the_front_door_leads_to_sign_in(client, system):
    assert client.get("/")["Location"] == LOGIN


def test_wrong_password_and_unknown_address_read_alike(client, with_password):
    wrong = sign_in(client, with_password.email, "not it at all")
    unknown = sign_in(client, "nobody@nowhere.example", "not it at all")
    said = [list(response.context["form"].non_field_errors()) for response in (wrong, unknown)]
    assert said[0] == said[1] != []


def test_sign_in_is_locked_after_five_wrong_passwords(client, with_password):
    for _attempt in range(5):
        sign_in(client, with_password.email, "not it at all")
    response = sign_in(client, with_password.email)
    assert SESSION_KEY not in client.session
    assert "too_many_login_attempts" in [error.code for error in response.context["form"].non_field_errors().as_data()]


def test_a_deactivated_colleague_is_out_with_the_next_click(signed_in, teammate, owner):
    client = signed_in(teammate)
    assert client.get("/profile/").status_code == 200
    teammate.membership.deactivate(by=owner)
    assert client.get("/profile/")["Location"].startswith(LOGIN)
    assert SESSION_KEY not in client.session


def test_people_of_a_terminated_partner_cannot_sign_in(client, with_password, alpine, admin):
    alpine.move_to("terminated", by=admin)
    response = sign_in(client, with_password.email)
    assert response["Location"] == reverse("account_inactive")
    assert SESSION_KEY not in client.session


def test_people_of_a_terminated_partner_lose_their_session(signed_in, teammate, alpine, admin):
    client = signed_in(teammate)
    alpine.move_to("terminated", by=admin)
    assert client.get("/profile/")["Location"].startswith(LOGIN)


def test_a_suspended_partner_reads_and_does_nothing(signed_in, owner, alpine, admin):
    client = signed_in(owner)
    assert client.get(reverse("people:invite")).status_code == 200
    alpine.move_to("suspended", by=admin)
    assert client.get("/profile/").status_code == 200
    assert client.get(reverse("people:invite")).status_code == 403


def test_a_session_that_ended_in_the_middle_of_a_form_is_told_so(client, system):
    response = client.post("/profile/", {"name": "Half typed"}, headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{LOGIN}?next=%2Fprofile%2F"


def test_what_was_typed_is_sent_again_after_signing_in(client, alpine, channel_manager):
    """A form without scripts: another site's post gets no such page, the reader's own waits until they are back."""
    url, typed = f"/partners/{alpine.pk}/edit/", {"name": "Alpine “neuf”", "countries": ["FR", "CH"]}
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(url, typed).status_code == 403
    browser.get(LOGIN)
    typed["csrfmiddlewaretoken"] = browser.cookies["csrftoken"].value
    answer = browser.post(url, typed, headers={"Accept-Language": "fr"})
    page = answer.content.decode()
    assert (answer.status_code, answer["Content-Language"]) == (401, "fr")
    assert "Votre session" in page
    waiting = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    assert [pair for pair in waiting if pair[0] != "csrfmiddlewaretoken"] == [("name", "Alpine “neuf”"), ("countries", "FR"), ("countries", "CH")]  # fmt: skip
    assert f'action="{url}"' in page

    again = {**typed, "version": "1", "status": "active", "types": ["reseller"], "country": "FR"}
    again["csrfmiddlewaretoken"] = factories.sign_in(browser, channel_manager).cookies["csrftoken"].value
    assert browser.post(url, again).status_code == 302
    alpine.refresh_from_db()
    assert alpine.name == "Alpine “neuf”"


def test_acting_for_another_partner(signed_in, teammate, boreal):
    other = Membership.objects.create(user=teammate, partner=boreal, role="partner_sales")
    client = signed_in(teammate)
    client.post("/acting-for/", {"side": str(other.pk)})
    assert client.session[MEMBERSHIP] == str(other.pk)


def test_acting_for_a_partner_one_does_not_belong_to(signed_in, teammate, rival):
    client = signed_in(teammate)
    client.post("/acting-for/", {"side": str(rival.membership.pk)})
    assert client.session[MEMBERSHIP] == str(teammate.membership.pk)


def test_a_forgotten_password_asks_the_same_of_a_known_and_an_unknown_address(client, with_password):
    asked = []
    for email in (with_password.email, "nobody@nowhere.example"):
        response = client.post("/identity/password/reset/", {"email": email})
        asked.append((response.status_code, response["Location"], Errand.objects.count()))
    assert asked == [(302, "/identity/password/reset/done/", 1), (302, "/identity/password/reset/done/", 2)]


def test_a_new_password_by_the_link(client, with_password, mailoutbox):
    client.post("/identity/password/reset/", {"email": with_password.email})
    run_errands()
    [message] = mailoutbox
    link = next(line for line in message.body.splitlines() if "/identity/password/reset/key/" in line)
    page = client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": "a brand new password", "password2": "a brand new password"})
    assert sign_in(client, with_password.email, "a brand new password").status_code == 302
