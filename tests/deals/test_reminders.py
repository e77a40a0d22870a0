"""What time does to a protection: reminders, lapse; the beat's own tasks, at the moments a clock set by hand comes to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from deals.protection_notices import REMINDERS, remind_of_ending
from deals.tasks import remind
from partners.models import User
from prm.events.models import Event
from prm.management.demo.clock import set_by_hand
from prm.notify.models import Notification
from prm.ui.templatetags.ui import day
from tests import factories
from tests.deals.clock import at, beat, live
from tests.errands import run_errands


@pytest.fixture
def protected(owner, channel_manager, product):
    """``protected(first day)``: the clock set to that day, and a registration approved on it."""
    made = []

    def begin(first: date, **values):
        travel = set_by_hand(at(first))
        clock = travel.__enter__()
        made.append(travel)
        values = {"products": [product], "customer_name": "Clinic", **values}
        close = first + timedelta(days=300)
        registration = factories.approved(owner, decided_by=channel_manager, expected_close_date=close, **values)
        run_errands()
        return clock, registration

    yield begin
    for travel in made:
        travel.__exit__(None, None, None)


def told(person, kind: str = "protection_ending") -> list[tuple[date, str]]:
    """When, on the vendor's calendar, and what."""
    rows = Notification.objects.filter(user=person.pk, kind=kind).order_by("at", "id")
    return [(at_day(row.at), row.words.subject) for row in rows]


def at_day(moment):
    return moment.astimezone(at(date(2030, 1, 1)).tzinfo).date()


@pytest.mark.parametrize(
    "first",
    [date(2031, 1, 10), date(2031, 8, 1), date(2031, 12, 2)],
    ids=["over the change to summer time", "over the change to winter time", "until a leap day"],
)
def test_four_reminders_on_their_days_and_one_lapse(protected, owner, channel_manager, first):
    clock, registration = protected(first)
    last = registration.last_protected_day
    live(clock, last - timedelta(days=33), last + timedelta(days=3))
    assert [moment for moment, _words in told(owner)] == [
        last - timedelta(days=left) for left in sorted(REMINDERS)[::-1]
    ]
    assert told(owner)[-1][1] == "1 day of protection left for your deal with Clinic"
    for person, kind in ((owner, "protection_ended"), (channel_manager, "registration_changed")):
        assert [moment for moment, _words in told(person, kind)] == [last + timedelta(days=1)]
    registration.refresh_from_db()
    assert registration.protection_status == "lapsed"


def test_never_early(protected, owner):
    """The minute before the vendor's midnight is still the day before, whatever the hour of UTC."""
    clock, registration = protected(date(2031, 6, 2))
    due = registration.last_protected_day - timedelta(days=30)
    clock.moment = at(due - timedelta(days=1), 23, 59)
    remind()
    run_errands()
    assert told(owner) == []
    clock.moment = at(due, 0, 1)
    remind()
    run_errands()
    assert len(told(owner)) == 1


@pytest.mark.parametrize(
    ("down_until", "expected"),
    [(29, ["29 days"]), (13, ["13 days"]), (5, ["5 days"]), (1, ["1 day"]), (0, ["0 days"]), (-2, [])],
)
def test_after_an_outage_only_the_latest_is_sent(protected, owner, down_until, expected):
    clock, registration = protected(date(2031, 6, 2))
    back = registration.last_protected_day - timedelta(days=down_until)
    for hour in (9, 10, 11):
        beat(clock, at(back, hour))
    assert [words.split(" of ")[0] for _moment, words in told(owner)] == expected


def test_a_reminder_that_waited_with_the_mail_is_not_sent_beside_the_next(protected, owner):
    clock, registration = protected(date(2031, 6, 2))
    last = registration.last_protected_day
    for left in (30, 14, 7):  # the beat runs, the worker does not
        clock.moment = at(last - timedelta(days=left))
        remind()
    run_errands()
    assert [words.split(" of ")[0] for _moment, words in told(owner)] == ["7 days"]


def test_repeating_the_task_sends_nothing_again(protected, owner):
    clock, registration = protected(date(2031, 6, 2))
    clock.moment = at(registration.last_protected_day - timedelta(days=7))
    for _again in range(3):
        remind()
        run_errands()
    assert len(told(owner)) == 1
    assert Event.objects.filter(subject_id=registration.pk, verb="protection_ending").count() == 1


def test_after_an_extension_the_reminders_begin_anew(protected, owner, channel_manager):
    clock, registration = protected(date(2031, 6, 2))
    old = registration.last_protected_day
    live(clock, old - timedelta(days=15), old - timedelta(days=8))
    registration.extend(by=channel_manager, days=4, reason="Tender moved")
    run_errands()
    assert len(told(owner)) == 2  # on coming back 15 days before, and 14 days before
    live(clock, old - timedelta(days=7), old + timedelta(days=5))
    last = old + timedelta(days=4)
    days = [moment for moment, _words in told(owner)][2:]
    assert days == [last - timedelta(days=7), last - timedelta(days=1)]
    registration.refresh_from_db()
    assert registration.protection_status == "lapsed"
    assert [moment for moment, _words in told(owner, "protection_ended")] == [last + timedelta(days=1)]


def test_a_short_protection_is_not_announced_as_ending_when_it_begins(owner, channel_manager, product, hospital):
    registration = factories.submitted(owner, products=[product])
    registration.approval.confirm(hospital, by=channel_manager)
    registration.approve(by=channel_manager, days=10)
    before = registration.last_protected_day - timedelta(days=9)
    assert remind_of_ending(before) == 0
    assert remind_of_ending(registration.last_protected_day - timedelta(days=7)) == 1


def test_it_says_what_happens_then_and_how_to_extend(protected, owner, mailoutbox):
    clock, registration = protected(date(2031, 6, 2))
    last = registration.last_protected_day
    beat(clock, at(last - timedelta(days=30)))
    quiet = mailoutbox[-1].body
    assert day(last) in quiet
    assert "Afterwards the registration price and our support for this deal are no longer kept for you." in quiet
    assert "you can extend it yourself by 30 days" in quiet
    assert "Tell us first how the deal goes" in quiet
    registration.comment(by=owner, text="The tender is out.")
    beat(clock, at(last - timedelta(days=14)))
    assert "Tell us first" not in mailoutbox[-1].body
    registration.extend(by=owner)
    beat(clock, at(registration.last_protected_day - timedelta(days=14)))
    assert "For more time, ask your channel manager before that day." in mailoutbox[-1].body


def test_a_reminder_is_in_its_readers_language(protected, owner, mailoutbox):
    clock, registration = protected(date(2031, 6, 2))
    User.objects.filter(pk=owner.pk).update(language="fr")
    beat(clock, at(registration.last_protected_day - timedelta(days=7)))
    assert mailoutbox[-1].extra_headers["Content-Language"] == "fr"


def test_a_rival_hears_nothing(protected, rival):
    clock, registration = protected(date(2031, 6, 2))
    live(
        clock, registration.last_protected_day - timedelta(days=2), registration.last_protected_day + timedelta(days=1)
    )
    assert not Notification.objects.filter(user=rival.pk).exists()
