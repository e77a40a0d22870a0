"""One's own page: looks, language, tokens."""

import pytest

from partners.models import User
from prm.api.models import ApiToken


def test_language_and_theme_from_the_menu(signed_in, owner):
    client = signed_in(owner)
    assert client.post("/preferences/", {"language": "fr", "next": "/inbox/"})["Location"] == "/inbox/"
    client.post("/preferences/", {"theme": "dark"})
    found = User.objects.get(pk=owner.pk)
    assert (found.language, found.theme) == ("fr", "dark")
    assert client.get("/inbox/")["Content-Language"] == "fr"


@pytest.mark.parametrize("given", [{"language": "xx"}, {"theme": "<script>"}, {}])
def test_nonsense_changes_nothing(signed_in, owner, given):
    signed_in(owner).post("/preferences/", given)
    assert User.objects.get(pk=owner.pk).version == 1


def test_another_site_is_no_way_back(signed_in, owner):
    assert signed_in(owner).post("/preferences/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"


@pytest.mark.parametrize("who", ["owner", "channel_manager"])
def test_changing_ones_own_facts(signed_in, request, who):
    user = request.getfixturevalue(who)
    client = signed_in(user)
    assert client.get("/profile/").status_code == 200
    facts = {"name": "New Name", "language": "fr", "time_zone": "Europe/Madrid", "theme": "light", "version": "1"}
    assert client.post("/profile/", facts).status_code == 302
    found = User.objects.get(pk=user.pk)
    assert (found.name, found.language, found.time_zone, found.theme, found.shortcuts) == (
        "New Name",
        "fr",
        "Europe/Madrid",
        "light",
        False,
    )
    assert client.post("/profile/", facts).status_code == 422


def test_marks_of_direction_in_a_name(signed_in, owner):
    facts = {"name": "New\u202eName", "language": "fr", "time_zone": "Europe/Madrid", "theme": "light"}
    assert signed_in(owner).post("/profile/", facts).status_code == 422


@pytest.mark.parametrize("who", ["owner", "channel_manager"])
def test_a_token_is_shown_once_and_revoked(signed_in, request, who):
    user = request.getfixturevalue(who)
    client = signed_in(user)
    page = client.post("/profile/tokens/", {"name": "ERP", "days": "30", "scopes": ["*"]})
    token = ApiToken.objects.get()
    assert page.context["secret"].startswith(token.hint)
    assert token.membership == user.membership
    assert page.context["secret"] not in client.get("/profile/tokens/").content.decode()
    client.post(f"/profile/tokens/{token.pk}/revocation/")
    assert not ApiToken.objects.usable().exists()


def test_a_token_of_somebody_else_is_missing(signed_in, owner, teammate):
    token, _secret = ApiToken.objects.issue(owner, membership=owner.membership)
    assert signed_in(teammate).post(f"/profile/tokens/{token.pk}/revocation/").status_code == 404
