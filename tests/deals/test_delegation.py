"""While somebody is away, another decides on their files, and each decision says for whom."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from deals.models import Approval, Delegation
from deals.notices import deciders
from deals.views.approvals import of_view
from prm.api.models import ApiToken
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.notify.models import Notification
from tests import factories
from tests.errands import run_errands

TODAY = business_today()
WEEK = timedelta(days=7)


@pytest.fixture
def away(channel_manager, deal_desk):
    return Delegation.give(by=channel_manager, substitute=deal_desk, first=TODAY, last=TODAY + WEEK)


def test_the_files_are_in_both_queues(away, channel_manager, deal_desk, submitted_deal):
    assert [row.pk for row in of_view(deal_desk, "mine")] == [submitted_deal.pk]
    assert [row.pk for row in of_view(channel_manager, "mine")] == [submitted_deal.pk]
    assert set(deciders(submitted_deal.partner)) == {channel_manager, deal_desk}


@pytest.mark.parametrize(("first", "last"), [(TODAY + WEEK, TODAY + 2 * WEEK), (TODAY - 2 * WEEK, TODAY - WEEK)])
def test_only_in_the_period(channel_manager, deal_desk, submitted_deal, first, last):
    given = Delegation.give(by=channel_manager, substitute=deal_desk, first=TODAY, last=TODAY)
    Delegation.objects.filter(pk=given.pk).update(period=(first, last + timedelta(days=1)))
    assert not of_view(deal_desk, "mine").exists()


def test_what_the_other_began_to_review(admin, deal_desk, submitted_deal):
    Delegation.give(by=admin, substitute=deal_desk, first=TODAY, last=TODAY)
    assert not of_view(deal_desk, "mine").exists()
    submitted_deal.take(by=admin)
    assert of_view(deal_desk, "mine").exists()


def test_the_decision_says_for_whom(away, channel_manager, deal_desk, submitted_deal, signed_in):
    submitted_deal.reject(by=deal_desk, reason="other")
    file = Approval.objects.get()
    assert (file.decided_by, file.decided_for) == (deal_desk, channel_manager)
    page = signed_in(channel_manager).get(reverse("deals:approval", args=[submitted_deal.pk])).content.decode()
    assert "Dana Desk decided" in page
    assert "In place of Camille Manager, who was away." in page


def test_ones_own_decision_is_ones_own(away, channel_manager, admin, submitted_deal):
    submitted_deal.reject(by=channel_manager, reason="other")
    assert Approval.objects.get().decided_for is None


def test_no_partner_reads_of_it(away, owner, deal_desk, submitted_deal):
    submitted_deal.reject(by=deal_desk, reason="other")
    told = str(list(Event.objects.filter(partner_id=submitted_deal.partner_id).values()))
    assert "Camille" not in told
    assert not Delegation.objects.visible_to(owner).exists()


def refused(code: str, **given) -> None:
    with pytest.raises(RuleViolation) as error:
        Delegation.give(**{"first": TODAY, "last": TODAY + WEEK, **given})
    assert error.value.code == code


def test_what_cannot_be(channel_manager, deal_desk, viewer, admin, alpine):
    refused("same_person", by=channel_manager, substitute=channel_manager)
    refused("may_not_decide", by=channel_manager, substitute=viewer)
    refused("dates_reversed", by=channel_manager, substitute=deal_desk, last=TODAY - WEEK)
    refused("date_passed", by=channel_manager, substitute=deal_desk, first=TODAY - 2 * WEEK, last=TODAY - WEEK)
    refused("too_long", by=channel_manager, substitute=deal_desk, last=TODAY + 60 * WEEK)
    refused("not_yours", by=channel_manager, substitute=deal_desk, person=admin)
    elsewhere = factories.vendor_user("channel_manager", scope_countries=["DE"])
    refused("out_of_scope", by=channel_manager, substitute=elsewhere)


def test_twice_is_once_and_two_at_a_time_are_refused(away, channel_manager, deal_desk, admin):
    again = Delegation.give(by=channel_manager, substitute=deal_desk, first=TODAY, last=TODAY + WEEK)
    assert again == away
    refused("already_delegated", by=channel_manager, substitute=admin)


def test_back_early(away, channel_manager, deal_desk, submitted_deal):
    Delegation.objects.filter(pk=away.pk).update(period=(TODAY - WEEK, TODAY + WEEK))
    away.end(by=channel_manager)
    away.refresh_from_db()
    assert away.period.upper == TODAY
    assert not of_view(deal_desk, "mine").exists()


def test_what_has_not_begun_is_taken_back(channel_manager, deal_desk):
    given = Delegation.give(by=channel_manager, substitute=deal_desk, first=TODAY + WEEK, last=TODAY + WEEK)
    given.end(by=channel_manager)
    assert not Delegation.objects.exists()


def test_the_page(signed_in, channel_manager, deal_desk, admin):
    client, url = signed_in(channel_manager), reverse("deals:absences")
    form = {"substitute": deal_desk.pk, "first": TODAY.isoformat(), "last": (TODAY + WEEK).isoformat()}
    assert client.post(url, form).status_code == 302
    given = Delegation.objects.get()
    assert (given.person, given.last_day) == (channel_manager, TODAY + WEEK)
    page = client.get(url)
    assert "Dana Desk decides for Camille Manager" in page.content.decode()
    assert client.post(url, {**form, "substitute": admin.pk}).status_code == 422
    back = reverse("deals:back", args=[given.pk])
    assert signed_in(deal_desk).post(back).status_code == 404
    assert signed_in(admin).post(back, {"version": given.version}).status_code == 302
    assert not Delegation.objects.exists()


def test_an_administrator_says_it_for_a_colleague(signed_in, admin, channel_manager, deal_desk):
    form = {"person": channel_manager.pk, "substitute": deal_desk.pk, "first": TODAY.isoformat()}
    form |= {"last": TODAY.isoformat()}
    assert signed_in(admin).post(reverse("deals:absences"), form).status_code == 302
    assert Delegation.objects.get().person == channel_manager


@pytest.mark.parametrize("who", ["viewer", "finance"])
def test_not_for_who_decides_nothing(signed_in, who, request):
    assert signed_in(request.getfixturevalue(who)).get(reverse("deals:absences")).status_code == 403


def test_not_for_partners(signed_in, owner, away):
    client = signed_in(owner)
    assert client.get(reverse("deals:absences")).status_code == 404
    assert client.post(reverse("deals:back", args=[away.pk])).status_code == 404


def test_the_api(client, channel_manager, deal_desk, owner):
    def ask(user, method, url, data=None, **headers):
        _token, secret = ApiToken.objects.issue(user, scopes=["*"], membership=user.membership)
        body, headers = json.dumps(data or {}), {"Authorization": f"Bearer {secret}", **headers}
        return client.generic(method, url, body, "application/json", headers=headers)

    url = "/api/v1/delegations/"
    period = {"start": TODAY.isoformat(), "end": (TODAY + WEEK).isoformat()}
    made = ask(channel_manager, "POST", url, {"substitute": str(deal_desk.pk), "period": period})
    assert made.status_code == 201
    given = Delegation.objects.get()
    assert (given.person, given.last_day) == (channel_manager, TODAY + WEEK - timedelta(days=1))
    endless = {"substitute": str(deal_desk.pk), "period": {"start": TODAY.isoformat(), "end": None}}
    assert ask(channel_manager, "POST", url, endless).status_code == 400
    assert ask(owner, "GET", url).status_code == 404
    assert ask(deal_desk, "POST", f"{url}{given.pk}/end/", **{"If-Match": '"1"'}).status_code == 404
    assert ask(channel_manager, "POST", f"{url}{given.pk}/end/", **{"If-Match": '"1"'}).status_code == 204
    assert not Delegation.objects.exists()


def test_who_stands_in_is_told(away, deal_desk):
    run_errands()
    told = Notification.objects.get(kind="delegated")
    assert told.user == deal_desk
    assert "You decide for Camille Manager while they are away" in told.words.subject
