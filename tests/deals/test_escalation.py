"""Late answers go to somebody above: each promise once, never early, whatever the clocks and the worker do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.urls import reverse

from deals.models import Appeal, DealRegistration, Delegation, Escalation
from prm.db import acting
from prm.events.models import Event
from prm.management.demo.clock import set_by_hand
from prm.notify.models import Notification
from tests import factories
from tests.deals.clock import at
from tests.deals.counting import statements
from tests.errands import run_errands

FRIDAY = date(2031, 3, 28)  # the clocks change on Sunday the 30th


def beat(clock, moment) -> None:
    """The task of the schedule, at that moment, and the worker after it."""
    clock.moment = moment
    current_app.tasks[settings.CELERY_BEAT_SCHEDULE["escalate-missed-promises"]["task"]]()
    run_errands()


def told(person) -> list[str]:
    rows = Notification.objects.filter(user=person.pk, kind="promise_missed").order_by("at", "id")
    return [row.words.subject for row in rows]


@pytest.fixture
def clock(system):
    with set_by_hand(at(FRIDAY, 10)) as hand:
        yield hand


@pytest.fixture
def submitted(clock, owner, product):
    made = factories.submitted(
        owner, products=[product], customer_name="Clinic", expected_close_date=FRIDAY + timedelta(days=90)
    )
    run_errands()
    return made


def test_each_promise_once_and_never_early(clock, submitted, program_owner, channel_manager, owner):
    assert (submitted.respond_by, submitted.decide_by) == (at(date(2031, 3, 31), 18), at(date(2031, 4, 1), 18))
    second = timedelta(seconds=1)
    beat(clock, submitted.respond_by - second)
    assert Escalation.objects.count() == 0
    for moment in (submitted.respond_by, submitted.respond_by + timedelta(hours=1), submitted.decide_by - second):
        beat(clock, moment)
    assert told(program_owner) == ["The first answer to Alpine on Clinic is late"]
    for moment in (submitted.decide_by, submitted.decide_by + timedelta(days=3)):
        beat(clock, moment)
    assert told(program_owner)[1:] == ["The decision for Alpine on Clinic is late"]
    assert [(row.promise, row.due_at, row.told) for row in Escalation.objects.order_by("due_at")] == [
        ("first_answer", submitted.respond_by, [program_owner.name]),
        ("decision", submitted.decide_by, [program_owner.name]),
    ]
    assert told(channel_manager) == told(owner) == []


def test_after_an_outage_each_is_told_once(clock, submitted, program_owner):
    late = submitted.decide_by + timedelta(days=20)
    for moment in (late, late, late + timedelta(minutes=5)):
        beat(clock, moment)
    assert sorted(told(program_owner)) == [
        "The decision for Alpine on Clinic is late",
        "The first answer to Alpine on Clinic is late",
    ]


def test_an_answer_in_time_escalates_nothing(clock, submitted, channel_manager):
    submitted.take(by=channel_manager)
    beat(clock, submitted.respond_by + timedelta(hours=1))
    submitted.reject(by=channel_manager, reason="other")
    beat(clock, submitted.decide_by + timedelta(days=1))
    assert not Escalation.objects.exists()


def test_an_answered_return_is_a_new_promise(clock, submitted, owner, channel_manager, program_owner):
    beat(clock, submitted.decide_by)
    submitted.send_back(by=channel_manager, fields=["description"], message="What for?")
    submitted.submit(by=owner)
    beat(clock, submitted.decide_by - timedelta(seconds=1))
    beat(clock, submitted.decide_by)
    assert told(program_owner).count("The decision for Alpine on Clinic is late") == 2


def test_the_partner_reads_nothing_of_it(clock, submitted, owner, program_owner):
    before = DealRegistration.objects.values().get(pk=submitted.pk)
    beat(clock, submitted.decide_by)
    assert DealRegistration.objects.values().get(pk=submitted.pk) == before
    assert Event.objects.filter(verb="escalated", partner_id__isnull=True).count() == 2
    with acting("partner", owner.acting_for_id, owner.pk):
        assert not Event.objects.filter(verb="escalated").exists()


def test_the_substitute_is_told_first(clock, submitted, channel_manager, program_owner, deal_desk):
    Delegation.give(by=channel_manager, substitute=deal_desk, first=FRIDAY, last=FRIDAY + timedelta(days=30))
    beat(clock, submitted.respond_by)
    assert Escalation.objects.get().told == [deal_desk.name, program_owner.name]
    assert told(deal_desk) == ["The first answer to Alpine on Clinic is late"]


def test_without_a_program_owner_administrators_are_told(clock, submitted, admin):
    elsewhere = factories.vendor_user("program_owner", scope_countries=["ES"])
    beat(clock, submitted.respond_by)
    assert told(admin) == ["The first answer to Alpine on Clinic is late"]
    assert told(elsewhere) == []


def test_a_late_second_review_never_goes_to_whoever_refused(clock, submitted, owner, program_owner, admin):
    submitted.reject(by=program_owner, reason="other")
    appeal = Appeal.lodge(submitted, by=owner, text="Please.")
    beat(clock, appeal.decide_by - timedelta(seconds=1))
    assert told(admin) == []
    for moment in (appeal.decide_by, appeal.decide_by + timedelta(days=1)):
        beat(clock, moment)
    assert told(admin) == ["The second review for Alpine on Clinic is late"]
    assert told(program_owner) == []


def test_mail_names_nobody_elses_business(clock, submitted, program_owner, rival, product, mailoutbox):
    factories.submitted(
        rival, products=[product], customer_name="Clinic", expected_close_date=FRIDAY + timedelta(days=90)
    )
    beat(clock, submitted.respond_by)
    ours = next(mail for mail in mailoutbox if mail.subject == "The first answer to Alpine on Clinic is late")
    assert "31 Mar 2031" in ours.body
    assert "Boreal" not in ours.body


def test_the_file_says_who_was_told(clock, submitted, program_owner, signed_in):
    beat(clock, submitted.decide_by)
    client = signed_in(program_owner)
    for name, most in (("approval", 20), ("registration", 12)):
        url = reverse(f"deals:{name}", args=[submitted.pk])
        body = client.get(url).content.decode()
        assert f"Told: {program_owner.name}." in body
        assert f"Decision late; told: {program_owner.name}" in body
        assert statements(client, url) <= most
