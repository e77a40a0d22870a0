"""The tables of ``deals.transitions``: complete, drawn as they are, held by the database, refusing what they do not name."""

from __future__ import annotations

import os
from contextlib import nullcontext
from itertools import product as every
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from deals import life
from deals.axes import ProtectionStatus, ReviewStatus, Stage, SubmissionStatus
from deals.models import Appeal, DealRegistration, Opportunity
from deals.standing import until
from deals.transitions import AXES, DEADLINES, DELETED, PROTECTION, REVIEW, TOGETHER, UNLINKED, Side, allows
from prm.errors import RuleViolation
from tests import factories
from tests.statements import statements

PAGE = Path(__file__).resolve().parents[2] / "docs" / "registration-life.md"


def test_the_page_is_written_from_the_tables():
    if os.environ.get("PRM_UPDATE_LIFE"):
        PAGE.write_text(life.page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == life.page()


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_every_state_is_reached_and_every_verb_is_there(axis):
    reached = {axis.first} | {end for move in axis.moves for end in move.ends}
    assert reached - {DELETED, UNLINKED} == set(axis.states.values)
    owners = (DealRegistration, DealRegistration.objects.get_queryset(), Appeal, Opportunity)
    verbs = {move.verb for move in axis.moves}
    assert {verb for verb in verbs if not any(hasattr(owner, verb) for owner in owners)} == set()


def test_every_open_state_has_an_owner_and_a_deadline():
    """Whatever time or the vendor may still move on waits for somebody, until a date."""
    for axis in (REVIEW, PROTECTION):
        moves = [
            move for move in axis.moves if {Side.TIME, Side.VENDOR} & set(move.who) and move.verb != "undo_decision"
        ]
        moved_by_others = {start for move in moves for start in move.starts} - {axis.first}
        assert moved_by_others == {state for row in DEADLINES if row.axis is axis for state in row.states}


def test_the_database_refuses_what_does_not_stand_together(submitted_deal):
    allowed = {
        (*states, linked)
        for row in TOGETHER
        for states in every(row.submission, row.review, row.protection)
        for linked in [row.linked]
    }
    rows = DealRegistration.objects.filter(pk=submitted_deal.pk)
    dates = {"answer_by": submitted_deal.decide_by}
    for states in every(SubmissionStatus.values, ReviewStatus.values, ProtectionStatus.values, (False, True)):
        submission, review, protection, linked = states
        end = None if protection == "none" else submitted_deal.decide_by.date()
        values = {"submission_status": submission, "review_status": review, "protection_status": protection}
        refused = pytest.raises(IntegrityError, match="axes_hold_together")
        with nullcontext() if states in allowed else refused, transaction.atomic():
            rows.update(**values, **dates, protected_until=end, sales_stage=Stage.QUALIFIED if linked else "")


@pytest.mark.parametrize("row", [row for row in DEADLINES if row.promised], ids=lambda row: row.field)
def test_the_database_refuses_an_open_state_without_its_date(row, owner, channel_manager, product):
    registration = factories.submitted(owner, products=[product])
    if row.field == "protected_until":
        registration.approval.confirm(factories.customer(), by=channel_manager)
        registration.approve(by=channel_manager)
    if row.field == "answer_by":
        registration.send_back(by=channel_manager, fields=["description"], message="What for?")
    with pytest.raises(IntegrityError, match=f"open_until_{row.field}|protection_has_its_end"), transaction.atomic():
        DealRegistration.objects.filter(pk=registration.pk).update(**{row.field: None})


def test_a_partner_does_not_do_what_is_the_vendors(submitted_deal, owner):
    for verb in (
        lambda: submitted_deal.take(by=owner),
        lambda: submitted_deal.approve(by=owner),
        lambda: submitted_deal.reject(by=owner, reason="other"),
        lambda: submitted_deal.send_back(by=owner, fields=["amount"], message="?"),
    ):
        with pytest.raises(RuleViolation, match="Only the vendor"):
            verb()


def test_whose_turn_and_until_when(submitted_deal, owner, channel_manager):
    def turn():
        return submitted_deal.whose_turn, [(due.deadline.field, due.when) for due in submitted_deal.due]

    promised = [("respond_by", submitted_deal.respond_by), ("decide_by", submitted_deal.decide_by)]
    assert turn() == ("vendor", promised)
    submitted_deal.take(by=channel_manager)
    assert turn() == ("vendor", promised[1:])
    submitted_deal.send_back(by=channel_manager, fields=["description"], message="What for?")
    assert turn() == ("partner", [("answer_by", submitted_deal.answer_by)])
    assert allows(submitted_deal, "recall")
    submitted_deal.withdraw(by=owner)
    assert turn() == ("", [])
    assert not allows(submitted_deal, "recall")


def test_the_partner_reads_every_deadline_and_what_happens_then(signed_in, owner, channel_manager, product, hospital):
    def sent():
        registration = factories.submitted(owner, products=[product])
        registration.approval.confirm(hospital, by=channel_manager)
        return registration

    draft, waiting, taken, returned, refused, asked, held = (
        factories.draft(owner, products=[product]),
        *(sent() for _n in range(6)),
    )
    taken.take(by=channel_manager)
    returned.send_back(by=channel_manager, fields=["description"], message="What for?")
    refused.reject(by=channel_manager, reason="other")
    asked.reject(by=channel_manager, reason="other")
    Appeal.lodge(asked, by=owner, text="Look again")
    held.approve(by=channel_manager)
    client = signed_in(owner)
    for registration, deadlines in (
        (draft, 1),
        (waiting, 2),
        (taken, 1),
        (returned, 1),
        (refused, 1),
        (asked, 1),
        (held, 1),
    ):
        url = reverse("deals:portal_registration", args=[registration.pk])
        words = client.get(url).content.decode()
        assert len(registration.due) == deadlines
        for due in registration.due:
            with timezone.override(owner.time_zone):
                line = f"{until(due)} {due.deadline.passes}"
            assert escape(line) in words
        assert len(statements(client, url)) <= 12
