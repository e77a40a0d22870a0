"""Help: the guides of one's side, in one's language where there is one."""

import pytest
from django.urls import reverse

from prm.ui import help


@pytest.mark.parametrize(("who", "language", "title"), [
    ("owner", "en", "Guide for partners"),
    ("owner", "fr", "Guide du partenaire"),
    ("channel_manager", "fr", "Guide for channel managers"),
])  # fmt: skip
def test_everybody_reads_the_guide_of_their_side(signed_in, request, who, language, title):
    person = request.getfixturevalue(who)
    person.put(language=language)
    page = signed_in(person).get(reverse("help"))
    html = page.content.decode()
    assert page.status_code == 200
    assert title.lower() in html.lower()
    assert ('<table class="table"' in html) is person.is_partner
    assert '.md"' not in html


def test_the_shells_lead_to_it(signed_in, owner, channel_manager):
    for person, home in ((owner, "/portal/"), (channel_manager, "/home/")):
        assert f'href="{reverse("help")}"' in signed_in(person).get(home).content.decode()


def test_the_vendors_guides_are_not_a_partners(signed_in, owner, client):
    assert signed_in(owner).get(reverse("guide", args=["channel-manager"])).status_code == 404
    assert signed_in(owner).get(reverse("guide", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("name", sorted({*help.PORTAL, *help.VENDOR}))
def test_every_guide_can_be_shown(name):
    for language in ("en", "fr"):
        shown = help.read(name, language)
        assert shown.title
        assert "<script" not in shown.html
