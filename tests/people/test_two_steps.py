"""Two-step sign-in: set up, asked for at sign-in, required of roles."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth import SESSION_KEY
from django.urls import reverse

from prm.api.models import ApiToken
from prm.installation.models import Installation
from tests import factories

SETUP = "/identity/2fa/totp/activate/"
SECRET = "JBSWY3DPEHPK3PXP"


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))


@pytest.fixture
def required():
    """Partner administrators and channel managers must use two steps."""

    def require(*roles):
        Installation.for_change().put(mfa_roles=list(roles))

    return require


@pytest.fixture
def with_totp(owner):
    owner.set_password(factories.PASSWORD)
    owner.save(update_fields=["password"])
    TOTP.activate(owner, SECRET)
    RecoveryCodes.activate(owner)
    return owner


def test_sign_in_asks_for_the_code(client, with_totp):
    response = client.post("/identity/login/", {"login": with_totp.email, "password": factories.PASSWORD})
    assert response["Location"] == reverse("mfa_authenticate")
    assert SESSION_KEY not in client.session
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert client.session[SESSION_KEY] == str(with_totp.pk)
    assert client.get("/profile/").status_code == 200


def test_a_recovery_code_lets_in_once(client, with_totp):
    spare = Authenticator.objects.get(user=with_totp, type="recovery_codes").wrap().get_unused_codes()[0]
    for _attempt, signed_in in ((1, True), (2, False)):
        client.post("/identity/login/", {"login": with_totp.email, "password": factories.PASSWORD})
        client.post(reverse("mfa_authenticate"), {"code": spare})
        assert (SESSION_KEY in client.session) is signed_in
        client.logout()


def test_setting_up(client, owner):
    owner.set_password(factories.PASSWORD)
    owner.save(update_fields=["password"])
    client.post("/identity/login/", {"login": owner.email, "password": factories.PASSWORD})
    page = client.get(SETUP)
    assert page.status_code == 200
    secret = page.context["form"].secret
    answer = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert client.post(SETUP, {"code": answer}).status_code == 302
    assert Authenticator.objects.filter(user=owner, type="totp").exists()


@pytest.mark.parametrize("page", ["/profile/", "/inbox/", "/people/", "/portal/"])
def test_who_must_set_it_up_reaches_nothing_else(signed_in, owner, required, page):
    client = signed_in(owner)
    required("partner_admin")
    assert client.get(page)["Location"] == SETUP
    assert client.post("/preferences/", {"theme": "dark"})["Location"] == SETUP
    TOTP.activate(owner, SECRET)
    assert client.get(page).status_code == 200


def test_other_roles_are_left_alone(signed_in, teammate, required):
    client = signed_in(teammate)
    required("partner_admin", "channel_manager")
    assert client.get("/profile/").status_code == 200


def test_htmx_is_led_there_too(signed_in, owner, required):
    client = signed_in(owner)
    required("partner_admin")
    response = client.get("/inbox/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (403, SETUP)


def test_tokens_wait_for_the_second_step(client, channel_manager, required):
    _token, secret = ApiToken.objects.issue(channel_manager)
    ask = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert client.get("/api/v1/partners/", **ask).status_code == 200
    required("channel_manager")
    assert client.get("/api/v1/partners/", **ask).status_code == 401
    TOTP.activate(channel_manager, SECRET)
    assert client.get("/api/v1/partners/", **ask).status_code == 200


def test_the_session_of_the_screens_waits_as_well(signed_in, owner, required):
    client = signed_in(owner)
    required("partner_admin")
    assert client.get("/api/v1/deal-registrations/").status_code in (401, 403)
