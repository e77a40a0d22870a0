"""How long decisions take, said to everybody alike; what a deadline means stands in the calendar."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from deals.activities import deadlines
from deals.decision_times import decision_times, sentence, spelt
from deals.models import DealRegistration, Delegation
from prm.calendar import business_today
from tests import factories
from tests.statements import statements


def decided(by, hours: list[int], *, ago: int = 1, promised: int = 48) -> None:
    """Decisions that took so many hours each."""
    for took in hours:
        row = factories.submitted(by)
        start = timezone.now() - timedelta(days=ago, hours=took)
        DealRegistration.objects.filter(pk=row.pk).update(
            submitted_at=start,
            decided_at=start + timedelta(hours=took),
            decide_by=start + timedelta(hours=promised),
            review_status="rejected",
        )
    cache.delete_pattern("*")


def test_median_ninetieth_and_on_time(owner, rival):
    decided(owner, [1, 2, 3, 4, 5])
    decided(rival, [6, 7, 8, 9, 100])
    times = decision_times()
    assert times.median == timedelta(hours=5.5)
    assert times.most == timedelta(hours=18.1)
    assert times.on_time == 0.9
    assert sentence() == (
        "Last 12 months: half of the decisions came within 6 hours, nine of ten within 19 hours; 90% on time."
    )


def test_nothing_of_too_few_nor_of_long_ago_nor_of_what_waits(owner):
    decided(owner, [1] * 9)
    decided(owner, [1] * 5, ago=400)
    factories.submitted(owner)
    assert decision_times() is None
    assert sentence() == ""


def test_every_partner_reads_the_same_and_no_count(signed_in, owner, rival):
    decided(rival, [5] * 12)
    page = signed_in(owner).get(reverse("deals:portal_registrations")).content.decode()
    assert "We promise a decision within 2 business days." in page
    assert "half of the decisions came within 5 hours" in page
    assert "12 decisions" not in page


def test_the_vendor_reads_it(signed_in, owner, channel_manager):
    decided(owner, [5] * 10)
    page = signed_in(channel_manager).get(reverse("deals:registrations")).content.decode()
    assert "half of the decisions came within 5 hours" in page


def test_asked_once_an_hour_and_within_the_budget(signed_in, client, owner):
    decided(owner, [5] * 10)
    signed_in(owner)
    url = reverse("deals:portal_registrations")
    first = statements(client, url)
    assert len(first) <= 12
    assert any("percentile_cont" in sql for sql in first)
    assert not any("percentile_cont" in sql for sql in statements(client, url))


@pytest.mark.parametrize(
    ("time", "words"),
    [({"minutes": 3}, "1 hour"), ({"hours": 47, "minutes": 5}, "48 hours"), ({"hours": 49}, "3 days")],
)
def test_never_said_too_good(time, words):
    assert spelt(timedelta(**time)) == words


def titles(user) -> set[str]:
    today = business_today()
    return {entry.title for entry in deadlines(user, today - timedelta(days=60), today + timedelta(days=400))}


def test_whoever_stands_in_has_the_others_deadlines(channel_manager, deal_desk, submitted_deal):
    assert titles(deal_desk) == set()
    today = business_today()
    Delegation.give(by=channel_manager, substitute=deal_desk, first=today, last=today)
    assert "Decide on Hôpital du Lac" in titles(deal_desk)


def test_a_partners_deadlines(owner, rival, channel_manager, submitted_deal):
    submitted_deal.send_back(by=channel_manager, fields=["amount"], message="How much?")
    assert titles(owner) == {"Answer the question on Hôpital du Lac"}
    assert titles(rival) == set()
