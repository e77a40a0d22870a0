"""Events and the errands they cause: one transaction, one effect."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from partners.models import Partner
from prm import events
from prm.db import acting
from prm.events.models import Errand, Event
from prm.events.record import enqueue, task
from prm.events.tasks import run_errand
from tests import factories

pytestmark = pytest.mark.usefixtures("system")


@task("tests.rename")
def rename(pk: str, name: str) -> None:
    partner = Partner.objects.get(pk=pk)
    Partner.objects.filter(pk=pk).update(name=partner.name + name)


@task("tests.fail")
def fail() -> None:
    Partner.objects.update(name="half done")
    raise ValueError("out of order")


def test_a_rolled_back_verb_leaves_neither_event_nor_errand(owner):
    before = Event.objects.count(), Errand.objects.count()
    with transaction.atomic():
        factories.submitted(owner)
        transaction.set_rollback(True)
    assert (Event.objects.count(), Errand.objects.count()) == before


def test_submission_asks_for_the_comparison_in_the_background(owner):
    registration = factories.submitted(owner)
    tasks = Errand.objects.filter(event__subject_id=registration.pk, queue="conflicts").values_list("task", flat=True)
    assert list(tasks) == ["deals.conflicts.tasks.watch_registration"]


def test_an_errand_has_its_effect_once_however_often_it_is_delivered(alpine):
    errand = enqueue("tests.rename", pk=str(alpine.pk), name="!")
    for _delivery in range(3):
        run_errand(str(errand.pk))
    assert Partner.objects.get(pk=alpine.pk).name == "Alpine!"
    assert not Errand.objects.filter(pk=errand.pk).exists()


def test_a_failing_errand_changes_nothing_waits_and_ends_dead(alpine):
    errand = enqueue("tests.fail")
    for tries in range(1, Errand.TRIES + 1):
        run_errand(str(errand.pk))
        errand.refresh_from_db()
        assert errand.tries == tries
        assert "out of order" in errand.error
    assert errand.dead
    assert Partner.objects.get(pk=alpine.pk).name == "Alpine"
    errand.revive()
    assert errand in Errand.objects.due()


def test_an_errand_whose_message_was_lost_is_handed_over_again(alpine):
    errand = enqueue("tests.rename", pk=str(alpine.pk), name="!")
    assert errand in Errand.objects.due()
    Errand.objects.handed_over([errand.pk])
    assert errand not in Errand.objects.due()
    Errand.objects.filter(pk=errand.pk).update(due_at=errand.created_at)
    assert errand in Errand.objects.due()


def test_a_partner_reads_its_own_story_and_no_other(owner, rival):
    registration = factories.submitted(owner)
    with acting("partner", owner.acting_for_id, owner.pk):
        assert [e.verb for e in Event.objects.visible_to(owner).about(registration)] == ["submitted", "drafted"]
    with acting("partner", rival.acting_for_id, rival.pk):
        assert list(Event.objects.about(registration)) == []


def test_events_carry_who_and_for_whom(owner, alpine):
    event = events.record(alpine, "tested", by=owner, partner_id=alpine.pk, answer=42)
    assert (event.name, event.actor_name, event.actor_side, event.partner_id, event.payload) == (
        "partner.tested",
        "Alix Admin",
        "partner",
        alpine.pk,
        {"answer": 42},
    )


def test_same_statements_with_and_without_a_rival(owner, rival, product):
    """Submission looks at nobody: the SQL is the same, statement by statement, whoever else asked for the customer."""

    def statements(name: str) -> list[str]:
        draft = factories.draft(owner, products=[product], customer_name=name, customer_domain="lac.example")
        with acting("partner", owner.acting_for_id, owner.pk), CaptureQueriesContext(connection) as caught:
            draft.submit(by=owner)
        return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in caught.captured_queries]

    alone = statements("Clinique A")
    factories.submitted(rival, products=[product], customer_name="Clinique B", customer_domain="lac.example")
    assert statements("Clinique B") == alone
