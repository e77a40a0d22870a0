"""The calendar feed: own dates in the reader's language, behind both walls, by a secret that only its hash is kept of."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from partners.engagement.models import Activity, CalendarFeed
from tests import factories


def address(client):
    """Make the person's address on the page, and read it there."""
    page = client.post(reverse("engagement:calendar")).content.decode()
    return re.search(r'value="http://[^/]+(/activities/calendar/[^"]+\.ics)"', page)[1]


def titles(path) -> set[str]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(event["summary"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")}


@pytest.fixture
def dates(channel_manager, owner, rival, alpine, boreal):
    day = timezone.localdate() + timedelta(days=3)
    Activity.plan(by=channel_manager, about=alpine, kind="task", title="Vendor's own", due_on=day)
    Activity.plan(by=owner, about=alpine, kind="task", title="Alpine's task", due_on=day)
    Activity.plan(
        by=owner, about=alpine, kind="meeting", title="Alpine's meeting", at=timezone.now() + timedelta(days=2)
    )
    Activity.plan(by=rival, about=boreal, kind="task", title="Boreal's task", due_on=day)


def test_each_reads_their_own_dates_without_a_session(dates, client, owner, channel_manager, rival, submitted_deal):
    mine = address(factories.sign_in(client, owner))
    assert titles(mine) == {"Alpine's task", "Alpine's meeting", "Decision on Hôpital du Lac promised"}
    theirs = address(factories.sign_in(Client(), rival))
    assert titles(theirs) == {"Boreal's task"}
    vendors = address(factories.sign_in(Client(), channel_manager))
    assert titles(vendors) == {
        "Vendor's own", "Look at the registration of Hôpital du Lac", "Decide on Hôpital du Lac",
    }  # fmt: skip


def test_protections_end_in_the_calendar_in_the_readers_language(client, owner, channel_manager, product, hospital):
    registration = factories.approved(owner, decided_by=channel_manager, products=[product], known_as=hospital)
    owner.language = "fr"
    owner.save(update_fields=["language"])
    answer = Client().get(address(factories.sign_in(client, owner)))
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    registration.refresh_from_db()
    assert event.decoded("dtstart") == registration.last_protected_day
    assert event.decoded("dtend") == registration.protected_until
    assert str(event["uid"]).startswith(str(registration.pk))
    assert b"\r\n" in answer.content
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75


def test_unknown_ended_and_replaced_addresses_are_missing_pages(client, owner):
    browser = factories.sign_in(client, owner)
    first = address(browser)
    assert titles(first) == set()
    second = address(browser)
    assert Client().get(first).status_code == 404
    assert titles(second) == set()
    browser.post(reverse("engagement:calendar"), {"do": "end"})
    assert Client().get(second).status_code == 404
    assert Client().get("/activities/calendar/unknown.ics").status_code == 404


def test_only_the_hash_is_kept_and_people_who_left_read_nothing(client, owner):
    path = address(factories.sign_in(client, owner))
    secret = path.rsplit("/", 1)[1].removesuffix(".ics")
    feed = CalendarFeed.objects.get()
    assert secret not in str(vars(feed))
    assert feed.last_read_at is None
    titles(path)
    feed.refresh_from_db()
    assert feed.last_read_at
    owner.membership.is_active = False
    owner.membership.save(update_fields=["is_active"])
    assert Client().get(path).status_code == 404
