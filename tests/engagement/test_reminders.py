"""Reminders: in the morning, where the person is; once; not of what is done."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from partners.engagement import tasks
from partners.engagement.models import Activity
from prm.notify.models import Notification
from tests import factories
from tests.errands import run_errands

DUE = date(2030, 5, 14)


@pytest.fixture
def clock(monkeypatch):
    """``clock(moment)``: it is now that moment."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)
        tasks.remind()

    return set_to


def told():
    return [(row.user.name, row.partner_id) for row in Notification.objects.filter(kind="task_due").order_by("at")]


def test_in_the_morning_of_the_assignee(channel_manager, alpine, clock):
    early = factories.vendor_user("channel_manager", "Aiko", time_zone="Asia/Tokyo")
    late = factories.vendor_user("channel_manager", "Lou", time_zone="America/Los_Angeles")
    for person in (early, late):
        Activity.plan(by=channel_manager, about=alpine, kind="task", title="Call", due_on=DUE, assignee=person)
    clock(datetime(2030, 5, 13, 22, tzinfo=UTC))  # 7:00 in Tokyo
    assert told() == []
    clock(datetime(2030, 5, 13, 23, tzinfo=UTC))  # 8:00 in Tokyo
    assert told() == [("Aiko", None)]
    clock(datetime(2030, 5, 14, 14, 45, tzinfo=UTC))  # 7:45 in Los Angeles
    clock(datetime(2030, 5, 14, 15, tzinfo=UTC))
    clock(datetime(2030, 5, 14, 15, 15, tzinfo=UTC))
    assert told() == [("Aiko", None), ("Lou", None)]


def test_days_before_and_again_after_it_was_moved(channel_manager, alpine, clock):
    task = Activity.plan(by=channel_manager, about=alpine, kind="task", title="Call", due_on=DUE, reminder_days=3)
    clock(datetime(2030, 5, 11, 9, tzinfo=UTC))
    assert len(told()) == 1
    task.change(by=channel_manager, due_on=date(2030, 6, 14))
    clock(datetime(2030, 6, 10, 9, tzinfo=UTC))
    assert len(told()) == 1
    clock(datetime(2030, 6, 12, 9, tzinfo=UTC))  # a day nothing ran on is made up for
    assert len(told()) == 2


def test_what_is_done_is_not_mentioned(channel_manager, alpine, clock):
    task = Activity.plan(by=channel_manager, about=alpine, kind="task", title="Call", due_on=DUE)
    task.complete(by=channel_manager)
    clock(datetime(2030, 5, 14, 9, tzinfo=UTC))
    assert told() == []
    task.reopen(by=channel_manager)
    clock(datetime(2030, 5, 14, 10, tzinfo=UTC))
    assert len(told()) == 1


def test_partner_people_are_told_on_their_side(channel_manager, owner, alpine, clock):
    Activity.plan(by=channel_manager, about=alpine, kind="task", title="Sign", due_on=DUE, assignee=owner, shared=True)
    run_errands()
    given = Notification.objects.get(kind="task_given")
    assert (given.user, given.partner_id) == (owner, alpine.pk)
    clock(datetime(2030, 5, 14, 9, tzinfo=UTC))
    assert told() == [(owner.name, alpine.pk)]
