"""The rules of a registration: its moves, protection all or none, and who wins when two decide at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from psycopg2.extras import DateRange

from deals.axes import RejectionReason
from deals.models import Approval, DealRegistration, Opportunity, Protection
from deals.models.protection import WHOLE
from prm.calendar import business_today, is_business_day
from prm.db import acting
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event
from tests import factories


def confirm(registration, customer, by):
    registration.approval.confirm(customer, by=by)
    return registration


@pytest.fixture
def pending(submitted_deal, hospital, channel_manager):
    return confirm(submitted_deal, hospital, channel_manager)


# Submission --------------------------------------------------------------------------------------------------------------------


def test_submission_names_what_is_missing(owner, alpine):
    empty = DealRegistration.draft(partner=alpine, by=owner)
    with pytest.raises(ValidationError) as refused:
        empty.submit(by=owner)
    assert set(refused.value.message_dict) == {
        "customer_name",
        "customer_country",
        "amount",
        "expected_close_date",
        "products",
    }


def test_submission_promises_business_days(submitted_deal):
    assert is_business_day(submitted_deal.decide_by.date())
    assert submitted_deal.respond_by < submitted_deal.decide_by


def test_submission_keeps_the_databases_time_and_number(owner, rival, product):
    first, second = (factories.submitted(person, products=[product]).approval for person in (owner, rival))
    assert first.sequence < second.sequence
    assert first.received_at < second.received_at


def test_submitting_twice_is_refused(submitted_deal, owner):
    with pytest.raises(RuleViolation, match="already been submitted"):
        submitted_deal.submit(by=owner)
    assert Approval.objects.count() == 1


def test_close_in_the_past_is_refused(owner, product):
    draft = factories.draft(owner, products=[product], expected_close_date=business_today() - timedelta(days=1))
    with pytest.raises(RuleViolation) as refused:
        draft.submit(by=owner)
    assert refused.value.field == "expected_close_date"


def test_a_partner_outside_every_program_cannot_submit(system, channel_manager):
    outsider = factories.member(factories.partner(enrolled=False), "partner_sales")
    with pytest.raises(RuleViolation, match="not enrolled"):
        factories.draft(outsider).submit(by=outsider)


def test_submission_says_and_runs_the_same_with_and_without_a_rival(owner, rival, product, hospital):
    from django.test.utils import CaptureQueriesContext

    def statements(name):
        draft = factories.draft(owner, products=[product], customer_name=name)
        with acting("partner", owner.acting_for_id, owner.pk), CaptureQueriesContext(connection) as captured:
            draft.submit(by=owner)
        return [
            query["sql"].split(" WHERE ")[0].split(" VALUES ")[0][:60]
            for query in captured
            if "SAVEPOINT" not in query["sql"]
        ]

    factories.submitted(rival, products=[product], customer_name="Contested")
    assert statements("Contested") == statements("Untouched")


# The moves ---------------------------------------------------------------------------------------------------------------------


def test_recall_makes_it_editable_again(submitted_deal, owner):
    submitted_deal.recall(by=owner)
    assert (submitted_deal.submission_status, submitted_deal.review_status, submitted_deal.decide_by) == (
        "recalled",
        "none",
        None,
    )
    submitted_deal.edit(by=owner, customer_name="Hôpital du Lac, Annecy").submit(by=owner)
    assert submitted_deal.submission == 2
    assert Approval.objects.count() == 2


def test_submitted_fields_are_closed(submitted_deal, owner):
    with pytest.raises(RuleViolation) as refused:
        submitted_deal.edit(by=owner, amount=1)
    assert refused.value.code == "not_editable"


def test_return_opens_only_the_named_fields(submitted_deal, owner, channel_manager):
    submitted_deal.send_back(by=channel_manager, fields=["description"], message="What is it for?")
    submitted_deal.edit(by=owner, description="Backup")
    with pytest.raises(RuleViolation):
        submitted_deal.edit(by=owner, customer_name="Other")
    promised = submitted_deal.decide_by
    DealRegistration.objects.filter(pk=submitted_deal.pk).update(decide_by=promised - timedelta(days=30))
    submitted_deal.submit(by=owner)
    assert (submitted_deal.review_status, submitted_deal.returned_fields, submitted_deal.submission) == (
        "pending",
        [],
        1,
    )
    assert submitted_deal.decide_by >= promised


@pytest.mark.parametrize(("fields", "message"), [([], "What?"), (["version"], "What?"), (["amount"], " ")])
def test_return_needs_fields_and_words(submitted_deal, channel_manager, fields, message):
    with pytest.raises(RuleViolation):
        submitted_deal.send_back(by=channel_manager, fields=fields, message=message)


def test_unanswered_returns_expire(submitted_deal, channel_manager):
    submitted_deal.send_back(by=channel_manager, fields=["description"], message="What for?")
    assert DealRegistration.objects.unanswered().expire() == 0
    late = submitted_deal.answer_by + timedelta(seconds=1)
    assert DealRegistration.objects.unanswered(late).expire() == 1
    assert DealRegistration.objects.unanswered(late).expire() == 0
    submitted_deal.refresh_from_db()
    assert submitted_deal.review_status == "expired"
    assert Event.objects.filter(subject_id=submitted_deal.pk, verb="expired").count() == 1


@pytest.mark.parametrize("reason", RejectionReason.values)
def test_refusal_keeps_the_reason_from_the_partner(submitted_deal, channel_manager, reason):
    submitted_deal.reject(by=channel_manager, reason=reason)
    assert submitted_deal.approval.rejection_reason == reason
    told = Event.objects.get(subject_id=submitted_deal.pk, verb="rejected")
    assert told.payload == {"public_reason": submitted_deal.public_reason}
    for secret in ("duplicate", "existing_customer", "direct_engaged", "policy_excluded"):
        assert secret not in str(told.payload)


def test_several_causes_share_one_public_reason(owner, channel_manager, product):
    published = set()
    for reason in ("duplicate", "existing_customer", "direct_engaged", "policy_excluded"):
        registration = factories.submitted(owner, products=[product])
        registration.reject(by=channel_manager, reason=reason)
        published.add(registration.public_reason)
    assert published == {"not_available"}


def test_ended_registrations_move_no_more(submitted_deal, owner, channel_manager, hospital):
    confirm(submitted_deal, hospital, channel_manager).withdraw(by=owner)
    for verb in (
        lambda: submitted_deal.approve(by=channel_manager),
        lambda: submitted_deal.reject(by=channel_manager, reason="other"),
        lambda: submitted_deal.send_back(by=channel_manager, fields=["amount"], message="?"),
        lambda: submitted_deal.recall(by=owner),
        lambda: submitted_deal.withdraw(by=owner),
    ):
        with pytest.raises(RuleViolation, match="no longer possible"):
            verb()


def test_stale_version_changes_nothing(pending, channel_manager):
    with pytest.raises(StaleVersion):
        pending.approve(by=channel_manager, version=pending.version - 1)
    assert not Protection.objects.exists()


# Protection ----------------------------------------------------------------------------------------------------------------------


def test_approval_needs_a_customer(submitted_deal, channel_manager):
    with pytest.raises(RuleViolation) as refused:
        submitted_deal.approve(by=channel_manager)
    assert refused.value.code == "customer_not_confirmed"


def test_approval_protects_each_line_and_opens_an_opportunity(owner, channel_manager, hospital):
    products = [factories.product("Backup"), factories.product("Backup"), factories.product("Vault")]
    registration = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=products)
    assert sorted(row.line.name for row in registration.protections.all()) == ["Backup", "Vault"]
    assert {row.period for row in registration.protections.all()} == {
        DateRange(business_today(), business_today() + timedelta(days=90))
    }
    assert registration.last_protected_day == business_today() + timedelta(days=89)
    opportunity = Opportunity.objects.get()
    assert (opportunity.customer, registration.sales_stage) == (hospital, opportunity.stage)


def test_all_lines_or_none(owner, rival, channel_manager, hospital):
    backup, vault = factories.product("Backup"), factories.product("Vault")
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[vault])
    registration = confirm(factories.submitted(owner, products=[backup, vault]), hospital, channel_manager)
    with pytest.raises(RuleViolation) as refused, transaction.atomic():
        registration.approve(by=channel_manager)
    assert refused.value.code == "line_protected"
    assert refused.value.params["lines"] == [vault.line_id]
    assert not registration.protections.exists()
    registration.refresh_from_db()
    assert registration.review_status == "pending"


def test_other_lines_and_other_customers_are_free(owner, rival, channel_manager, hospital, product):
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[product])
    factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[factories.product("Vault")])
    factories.approved(owner, decided_by=channel_manager, known_as=factories.customer(), products=[product])
    assert Protection.objects.running().count() == 3


def test_sites_overlap_themselves_and_the_whole(owner, rival, channel_manager, hospital, product):
    def ask(person, place):
        return confirm(
            factories.submitted(person, products=[product], scope="site" if place else "whole", place_name=place),
            hospital,
            channel_manager,
        )

    ask(owner, "Annecy").approve(by=channel_manager)
    ask(rival, "Lyon").approve(by=channel_manager)
    for place in ("annecy", ""):
        with pytest.raises(RuleViolation, match="is protected for"), transaction.atomic():
            ask(rival, place).approve(by=channel_manager)


def test_the_database_itself_refuses_a_second_protection(owner, rival, channel_manager, hospital, product):
    held = factories.approved(
        owner, decided_by=channel_manager, known_as=hospital, products=[product]
    ).protections.get()
    other = factories.submitted(rival, products=[product])
    with pytest.raises(IntegrityError, match="protected_once"), transaction.atomic():
        Protection.objects.create(
            registration=other,
            partner=other.partner,
            customer=hospital,
            line=held.line,
            place=WHOLE,
            period=held.period,
        )


def test_withdrawal_frees_the_lines(owner, rival, channel_manager, hospital, product):
    registration = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    registration.withdraw(by=owner)
    assert (registration.review_status, registration.protection_status) == ("cancelled", "released")
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[product])


def test_protection_lapses_after_its_last_day(owner, channel_manager, hospital, product):
    registration = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    last = registration.last_protected_day
    assert Protection.objects.lapse_due(last) == 0
    assert Protection.objects.lapse_due(last + timedelta(days=1)) == 1
    assert DealRegistration.objects.lapse() == 1
    assert DealRegistration.objects.lapse() == 0
    registration.refresh_from_db()
    assert registration.protection_status == "lapsed"


@pytest.mark.parametrize("days", [0, -1, 731])
def test_length_is_within_bounds(pending, channel_manager, days):
    with pytest.raises(RuleViolation) as refused, transaction.atomic():
        pending.approve(by=channel_manager, days=days)
    assert refused.value.field == "days"


def test_the_vendors_file_never_changes_the_partners_row(submitted_deal, hospital, channel_manager):
    before = (submitted_deal.version, submitted_deal.updated_at)
    file = submitted_deal.approval
    file.confirm(hospital, by=channel_manager)
    file.note("Call them", by=channel_manager)
    submitted_deal.refresh_from_db()
    assert (submitted_deal.version, submitted_deal.updated_at) == before
    assert not Event.objects.filter(subject_id=file.pk).exclude(partner_id=None).exists()


# Two at once ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_deciding_the_same_registration_one_wins():
    with acting("system"):
        manager = factories.vendor_user("channel_manager")
        registration = factories.submitted(factories.member(factories.partner(), "partner_sales"))
        confirm(registration, factories.customer(), manager)
        version = registration.version
    start, outcomes = threading.Barrier(2), []

    def decide(verb):
        try:
            with acting("staff", user=manager.pk):
                mine = DealRegistration.objects.get(pk=registration.pk)
                start.wait()
                verb(mine)
            outcomes.append("done")
        except RuleViolation as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    verbs = [
        lambda mine: mine.approve(by=manager, version=version),
        lambda mine: mine.reject(by=manager, reason="other", version=version),
    ]
    threads = [threading.Thread(target=decide, args=[verb]) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "stale"]


# What a partner may do under row-level security -------------------------------------------------------------------------------------


def test_the_partners_verbs_work_with_the_partners_rights(owner, channel_manager, product, hospital):
    registration = confirm(factories.submitted(owner, products=[product]), hospital, channel_manager)
    registration.approve(by=channel_manager)
    with acting("partner", owner.acting_for_id, owner.pk):
        draft = factories.draft(owner, products=[product])
        draft.edit(by=owner, customer_name="Second thoughts", products=[product])
        draft.submit(by=owner)
        draft.recall(by=owner)
        registration.comment(by=owner, text="Thank you")
        registration.withdraw(by=owner)
        assert not Protection.objects.running().exists()
        other = factories.draft(owner, products=[product])
        other.discard(by=owner)
