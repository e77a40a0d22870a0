"""Several registrations approved at once: what is doubtful stays, named with its reason."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connection
from django.urls import reverse

from deals.conflicts.models import Conflict
from deals.doubts import approve_all
from deals.models import DealRegistration
from prm.db import acting
from tests import factories
from tests.statements import statements


@pytest.fixture
def ten_seconds(settings):
    settings.UNDO_SECONDS = 10


def clean(owner, manager, **values):
    """A registration nothing speaks against."""
    registration = factories.submitted(owner, **values)
    registration.approval.confirm(factories.customer(registration.customer_name), by=manager)
    return registration


def status(*registrations) -> list[str]:
    return [DealRegistration.objects.get(pk=row.pk).review_status for row in registrations]


def approve_together(client, *registrations):
    url = reverse("deals:approve_many") + "?view=team"
    return client.post(url, {"selected": [str(row.pk) for row in registrations]}, follow=True)


def test_the_doubtful_stay_and_are_named(signed_in, channel_manager, owner, rival, hospital, product):
    good, also = clean(owner, channel_manager), clean(owner, channel_manager)
    unknown = factories.submitted(owner, customer_name="Nobody knows it")
    found = clean(owner, channel_manager, customer_name="With findings")
    Conflict.objects.create(
        kind="duplicate_registration",
        rule="DUP-1",
        rule_version=1,
        registration=found,
        score=0.9,
        severity=3,
        evidence=[],
    )
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[product])
    blocked = factories.submitted(owner, customer_name="Hospital again", products=[product])
    blocked.approval.confirm(hospital, by=channel_manager)
    answer = approve_together(signed_in(channel_manager), good, also, unknown, found, blocked)
    assert status(good, also) == ["approved", "approved"]
    assert status(unknown, found, blocked) == ["pending", "pending", "pending"]
    words = answer.content.decode()
    assert answer.context["said"] == "2 approved."
    assert "3 were left as they were" in words
    reasons = {row.pk: why for row, why in answer.context["left"]}
    assert "Confirm which customer" in reasons[unknown.pk]
    assert "findings" in reasons[found.pk]
    assert "Backup is protected for Boreal" in reasons[blocked.pk]


def test_twice_is_once(signed_in, channel_manager, owner):
    client, registration = signed_in(channel_manager), clean(owner, channel_manager)
    approve_together(client, registration)
    version = DealRegistration.objects.get(pk=registration.pk).version
    again = approve_together(client, registration)
    assert again.status_code == 200
    assert "left" not in again.context
    assert DealRegistration.objects.get(pk=registration.pk).version == version


def test_somebody_else_was_faster(signed_in, channel_manager, admin, owner):
    registration = clean(owner, channel_manager)
    registration.reject(by=admin, reason="other")
    answer = approve_together(signed_in(channel_manager), registration)
    assert "no longer possible" in answer.context["left"][0][1]
    assert status(registration) == ["rejected"]


def test_beyond_ones_reach_is_missing(signed_in, admin, owner):
    registration = clean(owner, admin)
    elsewhere = factories.vendor_user("channel_manager", scope_countries=["DE"])
    answer = approve_together(signed_in(elsewhere), registration)
    assert status(registration) == ["pending"]
    assert str(registration) not in answer.content.decode()


def test_nonsense_and_nothing(signed_in, channel_manager):
    client = signed_in(channel_manager)
    url = reverse("deals:approve_many")
    assert "Choose rows first" in client.post(url, {"selected": ["x", ""]}, follow=True).content.decode()
    assert client.get(url).status_code == 405


def test_all_are_taken_back_together(signed_in, channel_manager, owner, ten_seconds):
    client = signed_in(channel_manager)
    rows = [clean(owner, channel_manager) for _n in range(2)]
    words = approve_together(client, *rows).content.decode()
    undo = re.search(r'action="(/approvals/undo/[^"]+)"', words).group(1).replace("&amp;", "&")
    assert status(*rows) == ["approved", "approved"]
    assert "2 taken back" in client.post(undo, follow=True).content.decode()
    assert status(*rows) == ["pending", "pending"]
    late = client.post(undo)
    assert [why for _row, why in late.context["left"]] == ["There is no decision to take back any more."] * 2


def test_the_queue_offers_it_where_something_waits(signed_in, channel_manager, submitted_deal):
    client = signed_in(channel_manager)
    assert "data-check-all-item" in client.get("/approvals/?view=mine").content.decode()
    assert "data-check-all-item" not in client.get("/approvals/?view=decided").content.decode()


def test_the_list_offers_it_too(signed_in, channel_manager, owner):
    good, unknown = clean(owner, channel_manager), factories.submitted(owner, customer_name="Nobody knows it")
    form = {"action": "approve", "selected": [str(good.pk), str(unknown.pk)]}
    words = signed_in(channel_manager).post(reverse("deals:registrations"), form, follow=True).content.decode()
    assert status(good, unknown) == ["approved", "pending"]
    assert "1 changed. 1 refused: Nobody knows it: Confirm which customer" in words


def test_the_queue_keeps_its_budget(signed_in, client, channel_manager, owner, product):
    signed_in(channel_manager)

    def asked() -> int:
        return len(statements(client, "/approvals/?view=mine"))

    factories.submitted(owner, products=[product])
    one = asked()
    for _n in range(5):
        clean(owner, channel_manager, products=[product])
    assert asked() <= one + 1  # where a customer is confirmed, protections in its way are looked for


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_approve_each_registration_once():
    with acting("system"):
        people = [factories.vendor_user("channel_manager") for _n in range(2)]
        partner = factories.partner(channel_manager=people[0])
        member = factories.member(partner, "partner_sales")
        rows = [clean(member, people[0]) for _n in range(6)]
    start, came = threading.Barrier(2), []

    def approve(user):
        try:
            with acting("staff", user=user.pk):
                start.wait()
                came.append(approve_all([row.pk for row in rows], by=user))
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    approved = [row.pk for done, _left in came for row in done]
    assert sorted(approved) == sorted(row.pk for row in rows)
    with acting("system"):
        assert status(*rows) == ["approved"] * 6
