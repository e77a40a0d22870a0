"""Opportunities from files tell what happened to them, and know the registration that is the same deal."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import Opportunity, OpportunityParticipant
from prm.events.models import Errand, Event
from tests import factories
from tests.errands import run_errands
from tests.imports.conftest import counts, failures
from tests.statements import NOT_COUNTED

HEAD = ["id", "name", "customer", "stage", "amount", "currency", "closes", "registration"]
MAPPING = {
    "columns": {"external_id": "id", "close_date": "closes", "registration": "registration"}
    | {name: name for name in HEAD[1:6]},
    "key": ["external_id"],
}


def row(number, **values):
    cells = {"id": number, "name": f"Deal {number}", "customer": "Hôpital du Lac", "stage": "qualified"}
    cells |= {"amount": "5000", "currency": "EUR", "closes": "2027-03-01", "registration": ""} | values
    return [cells[name] for name in HEAD]


def told(opportunity):
    return [
        (event.verb, event.payload) for event in Event.objects.filter(subject_id=opportunity.pk).order_by("at", "id")
    ]


# Events -----------------------------------------------------------------------------------------------------------------------


def test_made_moved_and_changed_are_told(given, load, hospital, admin):
    load("opportunities", given([HEAD, row("1")]), MAPPING, user=admin)
    deal = Opportunity.objects.get()
    assert told(deal) == [("created", {"route": "direct", "stage": "qualified"})]
    again = [HEAD, row("1", amount="6000", closes="2027-04-01"), row("2")]
    assert counts(load("opportunities", given(again), MAPPING, user=admin)) == (2, 1, 1, 0, 0)
    verb, payload = told(deal)[-1]
    assert (verb, payload["fields"]) == ("changed", ["amount", "expected_close_date"])
    assert payload["old"] == {"amount": "5000.0000", "expected_close_date": "2027-03-01"}
    assert payload["new"] == {"amount": "6000", "expected_close_date": "2027-04-01"}
    load("opportunities", given([HEAD, row("1", stage="won", amount="6000", closes="2026-03-01")]), MAPPING, user=admin)
    verb, payload = told(deal)[-1]
    assert (verb, payload["old"], payload["new"]) == ("stage_changed", "qualified", "won")
    assert (payload["old_closed_on"], payload["closed_on"]) == (None, "2026-03-01")
    assert set(Event.objects.filter(subject_id=deal.pk).values_list("actor_id", flat=True)) == {admin.pk}


def test_unchanged_rows_tell_nothing(given, load, hospital):
    path = given([HEAD, row("1")])
    load("opportunities", path, MAPPING)
    assert counts(load("opportunities", path, MAPPING)) == (1, 0, 0, 1, 0)
    assert len(told(Opportunity.objects.get())) == 1


# The registration that is the same deal ------------------------------------------------------------------------------------


@pytest.fixture
def confirmed(submitted_deal, hospital, channel_manager):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    return submitted_deal


def test_a_linked_deal_never_conflicts(given, load, confirmed):
    watch(confirmed)
    load("opportunities", given([HEAD, row("1", registration=str(confirmed.pk))]), MAPPING)
    run_errands()
    assert confirmed.approval.__class__.objects.get(registration=confirmed).opportunity == Opportunity.objects.get()
    assert not Conflict.objects.open().exists()


def test_without_the_link_it_does(given, load, confirmed, product):
    watch(confirmed)
    mapping = {**MAPPING, "columns": {**MAPPING["columns"], "product": "product"}}
    load("opportunities", given([[*HEAD, "product"], [*row("1"), "Backup Pro"]]), mapping)
    run_errands()
    assert Conflict.objects.open().get().rule == "DIR-1"


def test_the_row_is_the_opportunity_it_led_to(given, load, owner, channel_manager, product, hospital):
    deal = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    report = load("opportunities", given([HEAD, row("1", registration=str(deal.pk), amount="7000")]), MAPPING)
    assert counts(report) == (1, 0, 1, 0, 0)
    assert Opportunity.objects.get().amount == 7000
    assert OpportunityParticipant.objects.get() == deal.participant


def test_only_submitted_ones(given, load, owner, hospital):
    draft = factories.draft(owner)
    report = load("opportunities", given([HEAD, row("1", registration=str(draft.pk))]), MAPPING)
    assert failures(report) == [(2, "registration", "not_submitted")]
    report = load("opportunities", given([HEAD, row("1", registration="nowhere")]), MAPPING)
    assert failures(report) == [(2, "registration", "unknown_reference")]
    assert not Opportunity.objects.exists()


# Many rows ---------------------------------------------------------------------------------------------------------------------


def test_statements_and_errands_do_not_grow_with_rows(given, load, hospital):
    def costs(first, many):
        before = Errand.objects.count()
        with CaptureQueriesContext(connection) as seen:
            load("opportunities", given([HEAD, *(row(f"{first}{n}") for n in range(many))]), MAPPING)
        found = [query["sql"] for query in seen.captured_queries if not query["sql"].startswith(NOT_COUNTED)]
        return len(found), Errand.objects.count() - before

    costs("warm", 2)
    assert costs("few", 10) == costs("many", 100)
