"""Saved views, chosen columns, and what can be done with ticked rows."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from partners.models import Partner
from prm.db import acting
from prm.ui.models import DefaultView, SavedView
from tests import factories
from tests.statements import statements

LIST = "/partners/"
PORTAL = "/deals/"


def keep(browser, name, query="status=active&sort=-name", path=LIST, **more):
    return browser.post(f"{path}?{query}", {"view-name": name, **{f"view-{key}": value for key, value in more.items()}})


def tabs(browser, path=LIST) -> list[str]:
    """The tabs of a list by name."""
    from re import findall, search

    page = browser.get(path).content.decode()
    nav = search(r'<nav class="tabs" aria-label="Views">(.*?)</nav>', page)
    return [text.strip() for text in findall(r">([^<>]+)</a>", nav[1])] if nav else []


def test_a_view_is_a_name_for_an_address(signed_in, channel_manager):
    browser = signed_in(channel_manager)
    answer = keep(browser, "Active ones", "status=active&sort=-name&columns=city&page=3&export=&nonsense=1&q=")
    assert answer["Location"] == f"{LIST}?columns=city&sort=-name&status=active"
    assert "Active ones" in tabs(browser)
    page = browser.get(answer["Location"]).content.decode()
    assert "Save as new view" not in page
    assert "Change this view" in page


def test_what_the_list_no_longer_understands_is_dropped(signed_in, channel_manager):
    SavedView.keep(by=channel_manager, list="partners:partners", name="Old", query="status=active&gone=1&sort=gone")
    assert 'href="/partners/?status=active"' in signed_in(channel_manager).get(LIST).content.decode()


def test_saving_under_the_same_name_replaces(signed_in, channel_manager):
    browser = signed_in(channel_manager)
    keep(browser, "Mine", "status=active")
    keep(browser, "Mine", "status=suspended")
    assert SavedView.objects.values_list("name", "query").get() == ("Mine", "status=suspended")


def test_shared_with_all_of_the_vendor_or_nobody(signed_in, channel_manager, viewer, owner):
    browser = signed_in(channel_manager)
    keep(browser, "Ours", "status=active", shared="on")
    keep(browser, "Mine", "status=suspended")
    assert "Ours" in tabs(signed_in(viewer))
    assert "Mine" not in tabs(signed_in(viewer))
    view = SavedView.objects.get(name="Ours")
    assert signed_in(viewer).post(reverse("views:deletion", args=[view.pk])).status_code == 404
    assert signed_in(owner).post(reverse("views:opening", args=[view.pk])).status_code == 404


def test_partner_people_share_within_their_company(signed_in, owner, teammate, rival, submitted_deal):
    path = reverse("deals:portal_registrations")
    keep(signed_in(owner), "Big ones", "sort=-own_amount", path, shared="on")
    view = SavedView.objects.get()
    assert view.partner_id == owner.acting_for_id
    assert "Big ones" in tabs(signed_in(teammate), path)
    assert "Big ones" not in tabs(signed_in(rival), path)
    with acting("partner", rival.acting_for_id, rival.pk):
        assert not SavedView.objects.exists()
    with acting("partner", teammate.acting_for_id, teammate.pk):
        assert SavedView.objects.filter(pk=view.pk).exists()
        assert SavedView.objects.filter(pk=view.pk).update(name="x") == 0
    signed_in(teammate).post(reverse("views:opening", args=[view.pk]), {"default": "1"})
    assert signed_in(owner).post(reverse("views:deletion", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()  # whoever opened the list with it, no longer does
    assert signed_in(teammate).get(path).status_code == 200


def test_a_list_opens_with_its_default_view(signed_in, channel_manager):
    browser = signed_in(channel_manager)
    keep(browser, "Active ones", "status=active", default="on")
    assert browser.get(LIST)["Location"] == f"{LIST}?status=active"
    assert browser.get(f"{LIST}?all=1").status_code == 200
    view = SavedView.objects.get()
    browser.post(reverse("views:change", args=[view.pk]), {"view-name": "Renamed"})
    assert not DefaultView.objects.exists()
    assert browser.get(LIST).status_code == 200
    assert "Renamed" in tabs(browser)


def test_columns_of_the_view_on_screen_and_in_the_file(signed_in, channel_manager, alpine):
    browser = signed_in(channel_manager)
    page = browser.get(f"{LIST}?columns=status").content.decode()
    assert [label in page for label in (">Partner</a></th>", ">Status</a></th>", ">Added</a></th>")] == [
        False,
        True,
        False,
    ]
    text = b"".join(browser.get(f"{LIST}?columns=status&export=csv").streaming_content).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text))) == ["Partner", "Status"]


def test_views_cost_one_statement_however_many(signed_in, channel_manager, alpine):
    browser = signed_in(channel_manager)
    browser.get(LIST)
    before = len(statements(browser, LIST))
    for n in range(5):
        keep(browser, f"View {n}", f"manager={channel_manager.pk}&q=x{n}")
    assert len(statements(browser, LIST)) == before <= 12


def test_bulk_says_what_came_of_it_and_may_be_repeated(signed_in, admin, alpine, boreal):
    browser = signed_in(admin)
    data = {"action": "assign", "assign-manager": str(admin.pk), "selected": [str(alpine.pk), str(boreal.pk), "x"]}
    assert "2 changed." in browser.post(LIST, data, follow=True).content.decode()
    assert set(Partner.objects.values_list("channel_manager", flat=True)) == {admin.pk}
    assert "0 changed. 2 were so already." in browser.post(LIST, data, follow=True).content.decode()
    versions = set(Partner.objects.values_list("version", flat=True))
    assert versions == {2}


def test_bulk_without_the_right_does_nothing(signed_in, viewer, alpine):
    before = alpine.channel_manager_id
    data = {"action": "assign", "assign-manager": "", "selected": [str(alpine.pk)]}
    assert "cannot be done" in signed_in(viewer).post(LIST, data, follow=True).content.decode()
    alpine.refresh_from_db()
    assert alpine.channel_manager_id == before


def test_export_of_the_ticked_rows(signed_in, channel_manager, alpine, boreal):
    answer = signed_in(channel_manager).post(LIST, {"action": "export.csv", "selected": [str(boreal.pk)]})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["Partner", "Boreal"]


def test_reviewers_of_many_registrations(signed_in, channel_manager, deal_desk, viewer, submitted_deal):
    browser = signed_in(channel_manager)
    path = reverse("deals:registrations")
    data = {"action": "review", "review-reviewer": str(deal_desk.pk), "selected": [str(submitted_deal.pk)]}
    assert "1 changed." in browser.post(path, data, follow=True).content.decode()
    version = submitted_deal.version
    submitted_deal.refresh_from_db()
    assert submitted_deal.approval.taken_by_id == deal_desk.pk
    assert submitted_deal.version == version  # the partner's row does not tell
    data["review-reviewer"] = str(viewer.pk)
    assert "may not decide" in browser.post(path, data, follow=True).content.decode()


@pytest.mark.parametrize(
    ("action", "values"),
    [("owner", {"owner-owner": "{manager}"}), ("close", {"close-expected_close_date": "2030-02-03"})],
)
def test_owner_and_close_date_of_many_opportunities(signed_in, channel_manager, alpine, action, values):
    deals = [factories.opportunity(of=alpine) for _n in range(2)]
    browser, path = signed_in(channel_manager), reverse("deals:opportunities")
    data = {key: value.format(manager=channel_manager.pk) for key, value in values.items()}
    data |= {"action": action, "selected": [str(deal.pk) for deal in deals]}
    assert "2 changed." in browser.post(path, data, follow=True).content.decode()
    assert "2 were so already." in browser.post(path, data, follow=True).content.decode()
