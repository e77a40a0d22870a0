"""The real processes, killed midway: nothing is lost, nothing happens twice."""

from deals.conflicts.models import Conflict
from prm.db import acting
from prm.events.models import Errand, Event
from tests import factories
from tests.processes import *  # noqa: F403
from tests.processes import outstanding, wait_until

PAIRS = 15


def test_broker_worker_and_relay_killed_midway(processes, broker):
    relay, worker = processes
    with acting("system"):
        alpine, boreal = factories.partner("Alpine"), factories.partner("Boreal")
        owner, rival, product = factories.member(alpine), factories.member(boreal), factories.product()
    for pair in range(PAIRS):
        with acting("system"):
            for person in (owner, rival):
                factories.submitted(
                    person, products=[product], customer_name=f"Client {pair}", customer_domain=f"client-{pair}.example"
                )
        if pair == 4:
            assert wait_until(lambda: outstanding() < 5, 60)  # everybody is at work
            broker.kill_and_start()
        if pair == 8:
            worker.kill_and_start()
        if pair == 11:
            relay.kill_and_start()
    assert wait_until(lambda: outstanding() == 0, 60), f"{outstanding()} errands were not done"
    with acting("system"):
        assert Conflict.objects.count() == PAIRS
        assert Event.objects.filter(subject_type="conflict", verb="detected").count() == PAIRS
        assert Errand.objects.dead().count() == 0
