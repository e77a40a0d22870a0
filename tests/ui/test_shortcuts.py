"""Keys that spare the mouse: listed by ``?`` on every page, one key one place, silent for whoever turns them off."""

from collections import Counter

import pytest

from prm.registries import navigation


@pytest.mark.parametrize("side", ["vendor", "portal", "settings"])
def test_a_key_opens_one_page(side):
    keys = Counter(item.key for item in navigation if item.side == side and item.key)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize(("who", "path"), [("channel_manager", "/partners/"), ("owner", "/portal/deals/")])
def test_the_list_of_keys_is_on_the_page_and_keys_can_be_turned_off(who, path, request, signed_in):
    person = request.getfixturevalue(who)
    html = signed_in(person).get(path, follow=True).content.decode()
    assert 'id="shortcut-list"' in html
    assert "<kbd>?</kbd>" in html
    assert "data-shortcuts" in html.split("<body")[1].split(">")[0]
    person.shortcuts = False
    person.save(update_fields=["shortcuts"])
    html = signed_in(person).get(path, follow=True).content.decode()
    assert 'id="shortcut-list"' in html
    assert "data-shortcuts" not in html.split("<body")[1].split(">")[0]
