"""Many decide at once: one winner for each customer, refusals the others understand, and nobody meets a deadlock.

``PRM_ROUNDS`` and ``PRM_AT_ONCE`` set the size; the full one is 20 rounds of 40.
"""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from deals.doubts import approve_all
from deals.models import Approval, DealRegistration, Protection
from partners.models import Partner
from prm.db import acting
from prm.errors import RuleViolation
from tests import factories

ROUNDS = int(os.environ.get("PRM_ROUNDS", "4"))
AT_ONCE = int(os.environ.get("PRM_AT_ONCE", "10"))


def at_once(works) -> list:
    """What each of these comes to, begun at the same moment, each on a connection of its own."""
    start, outcomes = threading.Barrier(len(works)), []

    def run(work):
        try:
            start.wait()
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def many():
    """A manager, and a partner's person for each who asks at once."""
    with acting("system"):
        people = [factories.member(factories.partner(), "partner_sales") for _ in range(AT_ONCE)]
        return factories.vendor_user("channel_manager"), people


def waiting(person, manager, customer, product) -> DealRegistration:
    registration = factories.submitted(person, products=[product])
    registration.approval.confirm(customer, by=manager)
    return registration


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_of_many_approvals_at_once_one_wins(many):
    manager, people = many
    for _round in range(ROUNDS):
        with acting("system"):
            customer, product = factories.customer(), factories.product("Backup")
            rows = [waiting(person, manager, customer, product) for person in people]

        def decide(row):
            with acting("staff", user=manager.pk):
                try:
                    DealRegistration.objects.get(pk=row.pk).approve(by=manager, version=row.version)
                except RuleViolation as error:
                    return error.code
            return "approved"

        outcomes = at_once([lambda row=row: decide(row) for row in rows])
        assert Counter(map(str, outcomes)) == {"approved": 1, "line_protected": AT_ONCE - 1}
        with acting("system"):
            held = Protection.objects.running().filter(customer=customer)
            approved = DealRegistration.objects.filter(pk__in=[row.pk for row in rows], review_status="approved")
            assert [row.registration_id for row in held] == [row.pk for row in approved]
            loser = DealRegistration.objects.filter(pk__in=[row.pk for row in rows], review_status="pending").first()
            loser.reject(by=manager, reason="duplicate")
            told = f"{loser.get_public_reason_display()} {loser.message}"
            rival = Partner.objects.get(pk=approved.get().partner_id)
            assert (loser.public_reason, rival.name in told) == ("not_available", False)


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_lists_approved_at_once_wait_for_each_other(many):
    """The same customers in another order, in transactions that hold several of them."""
    manager, people = many
    for _round in range(max(1, ROUNDS // 4)):
        with acting("system"):
            customers, product = [factories.customer() for _ in range(3)], factories.product("Backup")
            lists = [
                [waiting(person, manager, customer, product) for customer in (customers[:: 1 - 2 * (n % 2)])]
                for n, person in enumerate(people)
            ]

        def decide(rows):
            with acting("staff", user=manager.pk):
                approved, left = approve_all([row.pk for row in rows], by=manager)
                return [len(approved), len(left)]

        outcomes = at_once([lambda rows=rows: decide(rows) for rows in lists])
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert [sum(column) for column in zip(*outcomes, strict=True)] == [3, 3 * AT_ONCE - 3]


# Who was first ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_submissions_at_once_have_one_order(many):
    """The database's clock and number say who was first, not the clock of a web server."""
    _manager, people = many
    with acting("system"):
        product = factories.product("Backup")
        drafts = [factories.draft(person, products=[product]) for person in people]
        began = Approval.objects.count()

    def send(draft, person):
        with acting("partner", person.acting_for_id, person.pk):
            DealRegistration.objects.get(pk=draft.pk).submit(by=person)

    outcomes = at_once([lambda pair=pair: send(*pair) for pair in zip(drafts, people, strict=True)])
    assert outcomes == [None] * AT_ONCE
    with acting("system"):
        files = list(Approval.objects.all())[began:]
        assert len({file.sequence for file in files}) == AT_ONCE
        assert [file.sequence for file in files] == sorted(file.sequence for file in files)


def test_the_number_decides_within_one_instant(owner, rival, product):
    first, second = (factories.submitted(person, products=[product]).approval for person in (owner, rival))
    Approval.objects.filter(pk__in=[first.pk, second.pk]).update(received_at=timezone.now())
    assert list(Approval.objects.filter(pk__in=[second.pk, first.pk])) == [first, second]
