"""A decision can be taken back for ten seconds: everything is as before, and nobody was told."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from deals.models import Approval, DealRegistration, Opportunity, OpportunityParticipant, Protection
from prm.api.models import ApiToken
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Errand, Event
from prm.notify.models import Notification
from tests import factories
from tests.errands import run_errands

FACTS = [
    field.attname for field in DealRegistration._meta.concrete_fields if field.name not in ("version", "updated_at")
]


@pytest.fixture(autouse=True)
def ten_seconds(settings):
    settings.UNDO_SECONDS = 10


@pytest.fixture
def confirmed(submitted_deal, hospital, channel_manager):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    run_errands()
    Notification.objects.all().delete()
    submitted_deal.refresh_from_db()
    return submitted_deal


def facts(registration) -> tuple:
    return DealRegistration.objects.filter(pk=registration.pk).values_list(*FACTS).get()


DECISIONS = {
    "approve": {},
    "reject": {"reason": "duplicate", "message": "Sorry"},
    "send_back": {"fields": ["amount"], "message": "How much?"},
}


def decide(registration, name: str, by) -> None:
    getattr(registration, name)(by=by, **DECISIONS[name])


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("name", DECISIONS)
def test_everything_is_as_before(confirmed, channel_manager, name, taken):
    if taken:
        confirmed.take(by=channel_manager)
        run_errands()
        Notification.objects.all().delete()
    before, waiting = facts(confirmed), set(Errand.objects.values_list("pk", flat=True))
    decide(confirmed, name, channel_manager)
    confirmed.undo_decision(by=channel_manager, version=confirmed.version)
    assert facts(confirmed) == before
    for made in (Protection, Opportunity, OpportunityParticipant):
        assert not made.objects.exists()
    file = Approval.objects.get()
    assert (file.outcome, file.decided_by, file.rejection_reason, file.before) == ("", None, "", {})
    waited_for = Errand.objects.exclude(pk__in=waiting).exclude(event=None).values_list("event__verb", flat=True)
    assert set(waited_for) == {"decision_undone"}
    run_errands()
    assert not Notification.objects.exists()
    assert Event.objects.filter(verb="decision_undone", partner_id=confirmed.partner_id).count() == 1


@pytest.mark.parametrize("name", DECISIONS)
def test_who_changed_their_mind_decides_again(confirmed, channel_manager, name):
    decide(confirmed, name, channel_manager)
    confirmed.undo_decision(by=channel_manager)
    confirmed.approve(by=channel_manager)
    assert DealRegistration.objects.get().review_status == "approved"
    assert Opportunity.objects.count() == Protection.objects.count() == 1


def test_notices_wait_and_then_go(confirmed, channel_manager, owner):
    confirmed.approve(by=channel_manager)
    run_errands()
    assert not Notification.objects.exists()
    Errand.objects.update(due_at=timezone.now())
    run_errands()
    assert Notification.objects.filter(user=owner, kind="registration_decided").exists()


def refused(registration, by, code: str) -> None:
    kept = facts(registration)
    with pytest.raises(RuleViolation) as error:
        registration.undo_decision(by=by)
    assert error.value.code == code
    assert facts(registration) == kept


def test_only_who_decided(confirmed, channel_manager, admin):
    confirmed.approve(by=channel_manager)
    with pytest.raises(RuleViolation, match="Only Camille Manager, who decided"):
        confirmed.undo_decision(by=admin)


def test_after_ten_seconds_it_stands(confirmed, channel_manager, monkeypatch):
    confirmed.approve(by=channel_manager)
    later = timezone.now() + timedelta(seconds=11.5)
    monkeypatch.setattr("deals.models.decision.timezone.now", lambda: later)
    refused(confirmed, channel_manager, "too_late")


def test_what_was_told_cannot_be_taken_back(confirmed, channel_manager):
    confirmed.approve(by=channel_manager)
    Errand.objects.filter(event__verb="approved").handed_over(Errand.objects.values_list("pk", flat=True))
    refused(confirmed, channel_manager, "too_late")


def work_with_the_deal(registration, owner, manager):
    registration.participant.opportunity.move_to("committed", by=manager)


def partner_reports(registration, owner, manager):
    registration.participant.move_to("committed", by=owner)


def partner_withdraws(registration, owner, manager):
    registration.withdraw(by=owner)


def partner_writes(registration, owner, manager):
    registration.comment(by=owner, text="Thank you")


def somebody_joins(registration, owner, manager):
    other = factories.partner("Third")
    OpportunityParticipant.objects.create(opportunity=registration.participant.opportunity, partner=other)


def a_lead_led_there(registration, owner, manager):
    from attribution.models import Lead

    Lead.objects.create(company_name="Lead", converted_opportunity=registration.participant.opportunity)


@pytest.mark.parametrize(
    "act",
    [work_with_the_deal, partner_reports, partner_withdraws, partner_writes, somebody_joins, a_lead_led_there],
)
def test_not_once_something_rests_on_it(confirmed, channel_manager, owner, act):
    confirmed.approve(by=channel_manager)
    act(DealRegistration.objects.get(pk=confirmed.pk), owner, channel_manager)
    refused(confirmed, channel_manager, "decision_in_use")


def test_an_answer_stands_on_the_return(confirmed, channel_manager, owner):
    decide(confirmed, "send_back", channel_manager)
    confirmed.submit(by=owner)
    refused(confirmed, channel_manager, "decision_in_use")


def test_an_opportunity_that_was_there_stays(confirmed, channel_manager, hospital):
    known = factories.opportunity("From the CRM", customer=hospital)
    confirmed.approve(by=channel_manager, opportunity=known)
    confirmed.undo_decision(by=channel_manager)
    assert Opportunity.objects.get() == known
    assert not OpportunityParticipant.objects.exists()


def test_no_decision_no_undo(confirmed, channel_manager):
    refused(confirmed, channel_manager, "nothing_to_undo")


def test_the_toast_offers_it_and_the_button_works(signed_in, channel_manager, confirmed):
    client = signed_in(channel_manager)
    url = reverse("deals:approve", args=[confirmed.pk])
    page = client.post(url, {"version": confirmed.version}, follow=True).content.decode()
    undo = reverse("deals:undo_decision", args=[confirmed.pk])
    confirmed.refresh_from_db()
    undo_url = f"{undo}?view=mine&version={confirmed.version}"
    assert undo_url.replace("&", "&amp;") in page
    assert "Taken back" in client.post(undo_url, follow=True).content.decode()
    confirmed.refresh_from_db()
    assert confirmed.review_status == "pending"
    twice = client.post(undo_url)  # the second of two clicks
    assert twice.status_code == 409
    assert "no decision to take back any more" in twice.content.decode()


def test_the_second_of_two_people_reads_who_decided(signed_in, admin, channel_manager, confirmed):
    confirmed.approve(by=admin)
    answer = signed_in(channel_manager).post(reverse("deals:undo_decision", args=[confirmed.pk]))
    assert answer.status_code == 409
    assert "Only Ada Admin, who decided" in answer.content.decode()


def test_a_partner_finds_nothing_there(signed_in, owner, confirmed, channel_manager):
    confirmed.approve(by=channel_manager)
    assert signed_in(owner).post(reverse("deals:undo_decision", args=[confirmed.pk])).status_code == 404


def test_home_offers_it_too(signed_in, channel_manager, confirmed):
    url = reverse("deals:approve", args=[confirmed.pk])
    page = signed_in(channel_manager).post(url, {"version": confirmed.version, "from": "home"}, follow=True)
    assert reverse("deals:undo_decision", args=[confirmed.pk]) in page.content.decode()


# Two at once ------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["undo_decision", "withdraw"])
def test_of_two_at_once_one_wins(other, settings):
    settings.UNDO_SECONDS = 10
    with acting("system"):
        manager, partner = factories.vendor_user("channel_manager"), factories.partner()
        person = factories.member(partner, "partner_sales")
        registration = factories.approved(person, decided_by=manager)
    start, outcomes = threading.Barrier(2), []

    def act(verb, by):
        try:
            with acting("system"):
                mine = DealRegistration.objects.get(pk=registration.pk)
                start.wait()
                getattr(mine, verb)(by=by)
            outcomes.append("done")
        except RuleViolation as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=["undo_decision", manager]),
        threading.Thread(target=act, args=[other, person if other == "withdraw" else manager]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with acting("system"):
        registration.refresh_from_db()
        assert registration.review_status in ("pending", "cancelled"), outcomes
        assert Protection.objects.running().count() == 0
    if other == "undo_decision":
        assert sorted(outcomes) == ["done", "nothing_to_undo"]
    else:  # withdrawn first: nothing is taken back; taken back first: a review is withdrawn
        assert outcomes.count("done") in (1, 2)


def test_the_api_takes_back_too(client, channel_manager, confirmed):
    _token, secret = ApiToken.objects.issue(channel_manager, scopes=["*"], membership=None)
    url = f"/api/v1/deal-registrations/{confirmed.pk}/undo/"

    def ask(version):
        headers = {"Authorization": f"Bearer {secret}", "If-Match": f'"{version}"'}
        return client.post(url, "{}", "application/json", headers=headers)

    confirmed.approve(by=channel_manager)
    assert ask(confirmed.version - 1).status_code == 412
    answer = ask(confirmed.version)
    assert answer.status_code == 200
    assert answer.json()["review_status"] == "pending"
    assert ask(answer.json()["version"]).json()["code"] == "nothing_to_undo"
