"""The second review of a refusal: once, in time, by somebody else; both sides told, nothing of anybody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from deals.appeals import deadlines
from deals.models import Appeal, AppealDecision, DealRegistration
from partners.models import User
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.ids import uuid7
from prm.management.demo.clock import set_by_hand
from prm.notify.models import Notification
from tests import factories
from tests.deals.clock import at
from tests.deals.counting import statements
from tests.errands import run_errands


@pytest.fixture
def refused(submitted_deal, channel_manager):
    submitted_deal.reject(by=channel_manager, reason="duplicate", message="Not this time.")
    return submitted_deal


@pytest.fixture
def appeal(refused, owner):
    return Appeal.lodge(refused, by=owner, text="We met the director in May.")


def told(user, kind: str = "") -> list[str]:
    run_errands()
    rows = Notification.objects.filter(user=user.pk).order_by("at", "id")
    return [row.words.subject for row in (rows.filter(kind=kind) if kind else rows)]


def page_of(registration) -> str:
    return reverse("deals:portal_registration", args=[registration.pk])


# Asking --------------------------------------------------------------------------------------------------------------------


def test_asking_changes_nothing_of_the_registration(refused, appeal):
    fresh = DealRegistration.objects.get(pk=refused.pk)
    assert (fresh.review_status, fresh.version) == ("rejected", refused.version)
    assert (appeal.status, appeal.decided_at) == ("open", None)
    assert appeal.decide_by > timezone.now()


def test_a_second_time_is_refused(refused, appeal, owner):
    for end in (lambda: None, lambda: appeal.withdraw(by=owner)):
        end()
        with pytest.raises(RuleViolation, match="already asked for"):
            Appeal.lodge(refused, by=owner, text="Again.")


def test_ten_business_days_over_a_change_of_clocks(owner, product, channel_manager):
    with set_by_hand(at(date(2031, 3, 24), 9)) as clock:
        registration = factories.submitted(owner, products=[product], expected_close_date=date(2031, 9, 1))
        registration.reject(by=channel_manager, reason="other")
        assert registration.appeal_by == at(date(2031, 4, 7), 18)  # the clocks change on 30 March
        clock.moment = registration.appeal_by
        with pytest.raises(RuleViolation, match="until 7 Apr 2031"):
            Appeal.lodge(registration, by=owner, text="Too late.")
        clock.moment = registration.appeal_by - timedelta(seconds=1)
        Appeal.lodge(registration, by=owner, text="Just in time.")


def test_only_a_refusal_and_only_with_words_and_only_by_the_partner(submitted_deal, owner, channel_manager):
    with pytest.raises(RuleViolation, match="no refusal"):
        Appeal.lodge(submitted_deal, by=owner, text="Please.")
    submitted_deal.reject(by=channel_manager, reason="other")
    with pytest.raises(RuleViolation, match="Write what"):
        Appeal.lodge(submitted_deal, by=owner, text="  ")
    with pytest.raises(RuleViolation, match="Only the partner"):
        Appeal.lodge(submitted_deal, by=channel_manager, text="Please.")


# Answering -----------------------------------------------------------------------------------------------------------------


def test_whoever_refused_does_not_answer(appeal, channel_manager, program_owner):
    for verb in (appeal.uphold, appeal.overturn):
        with pytest.raises(RuleViolation, match="You took the first decision"):
            verb(by=channel_manager, message="No.")
    assert Appeal.objects.get().status == "open"
    assert list(Appeal.objects.decidable_by(channel_manager)) == []
    assert list(Appeal.objects.decidable_by(program_owner)) == [appeal]


def test_upheld_the_refusal_stands(refused, appeal, program_owner, channel_manager):
    with pytest.raises(RuleViolation, match="why the refusal stands"):
        appeal.uphold(by=program_owner, message=" ")
    appeal.uphold(by=program_owner, message="The tender was closed.", notes="Checked with legal.")
    refused.refresh_from_db()
    assert (appeal.status, refused.review_status) == ("upheld", "rejected")
    decision = AppealDecision.objects.get()
    assert (decision.decided_by, decision.first_decided_by) == (program_owner, channel_manager)
    with pytest.raises(RuleViolation, match="already"):
        appeal.overturn(by=program_owner)


def test_overturned_it_waits_again_and_somebody_else_decides(
    refused, appeal, program_owner, channel_manager, hospital, owner
):
    appeal.overturn(by=program_owner, message="You were right.")
    refused.refresh_from_db()
    assert (refused.review_status, refused.public_reason, refused.decided_at) == ("pending", "", None)
    assert refused.decide_by > timezone.now()
    assert not DealRegistration.objects.decidable_by(channel_manager).filter(pk=refused.pk).exists()
    with pytest.raises(RuleViolation, match="Somebody else decides"), transaction.atomic():
        refused.reject(by=channel_manager, reason="other")
    refused.approval.confirm(hospital, by=program_owner)
    refused.approve(by=program_owner)
    assert refused.review_status == "approved"
    assert [event.verb for event in Event.objects.filter(subject_id=refused.pk).order_by("at", "id")][-4:] == [
        "rejected",
        "appealed",
        "appeal_overturned",
        "approved",
    ]


def test_a_second_refusal_cannot_be_appealed_again(refused, appeal, program_owner, owner):
    appeal.overturn(by=program_owner)
    refused.reject(by=program_owner, reason="other")
    assert refused.appeal_by is None
    with pytest.raises(RuleViolation, match="already asked for"):
        Appeal.lodge(refused, by=owner, text="Once more.")


# What the database allows ----------------------------------------------------------------------------------------------------


def test_the_portal_asks_and_withdraws_and_answers_nothing(refused, appeal, owner, rival):
    with acting("partner", rival.acting_for_id, rival.pk):
        assert not Appeal.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            Appeal.objects.create(
                registration=refused,
                partner_id=refused.partner_id,
                submission=2,
                created_by=rival,
                text="x",
                decide_by=timezone.now(),
            )
    with acting("partner", owner.acting_for_id, owner.pk):
        for forged in ({"answer": "Yes."}, {"status": "overturned"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Appeal.objects.filter(pk=appeal.pk).update(**forged)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            list(AppealDecision.objects.all())
        Appeal.objects.get().withdraw(by=owner)
    assert Appeal.objects.get().status == "withdrawn"


# Notices -------------------------------------------------------------------------------------------------------------------


def test_both_sides_are_told_in_their_language(owner, rival, channel_manager, program_owner, appeal, mailoutbox):
    User.objects.filter(pk=program_owner.pk).update(language="fr")
    assert told(program_owner, "appeal_arrived") == ["Alpine asks for a second review of Hôpital du Lac"]
    assert told(owner, "appeal_received") == ["Your request for a second review of Hôpital du Lac was received"]
    assert told(channel_manager, "appeal_arrived") == []  # who refused
    languages = {message.to[0]: message.extra_headers["Content-Language"] for message in mailoutbox}
    assert (languages[program_owner.email], languages[owner.email]) == ("fr", "en")
    appeal.overturn(by=program_owner, message="You were right.")
    assert told(owner)[-1] == "Second review of Hôpital du Lac: we take our refusal back"
    assert told(channel_manager)[-1] == "Second review: your refusal of Hôpital du Lac for Alpine is taken back"
    answered = next(message for message in mailoutbox if "we take our refusal back" in message.subject)
    assert "You were right." in answered.body
    assert program_owner.name not in answered.body
    assert told(rival) == []


def test_a_refusal_says_until_when_it_can_be_appealed(owner, refused, mailoutbox):
    run_errands()
    body = next(message.body for message in mailoutbox if "refused" in message.subject)
    assert "You can ask for a second review until" in body


# The portal ----------------------------------------------------------------------------------------------------------------


def test_the_form_stands_on_a_refused_registration(signed_in, refused, owner, program_owner):
    client, url = signed_in(owner), page_of(refused)
    assert "Ask for a second review" in client.get(url).content.decode()
    assert statements(client, url) <= 12
    wrong = client.post(reverse("deals:appeal", args=[refused.pk]), {"appeal-text": "", "version": refused.version})
    assert wrong.status_code == 422
    sent = client.post(
        reverse("deals:appeal", args=[refused.pk]), {"appeal-text": "We met in May.", "version": refused.version}
    )
    assert (sent.status_code, sent.headers["Location"]) == (302, url)
    body = client.get(url).content.decode()
    assert "We met in May." in body
    assert "Ask for a second review" not in body
    assert statements(client, url) <= 12
    Appeal.objects.get().uphold(by=program_owner, message="Sorry, no.", notes="Zqsecret")
    body = client.get(url).content.decode()
    assert "Sorry, no." in body
    assert "Zqsecret" not in body
    assert program_owner.name not in body


def test_another_partners_registration_answers_as_a_missing_one(signed_in, appeal, refused, rival):
    client = signed_in(rival)
    for name, pk in (("appeal", refused.pk), ("withdraw_appeal", appeal.pk)):
        theirs, none = (client.post(reverse(f"deals:{name}", args=[i]), {"appeal-text": "x"}) for i in (pk, uuid7()))
        assert (theirs.status_code, none.status_code) == (404, 404)
    assert Appeal.objects.get().status == "open"


def test_the_partner_withdraws(signed_in, appeal, teammate):
    client = signed_in(teammate)
    client.post(reverse("deals:withdraw_appeal", args=[appeal.pk]), {"version": appeal.version})
    appeal.refresh_from_db()
    assert appeal.status == "withdrawn"


# The vendor ----------------------------------------------------------------------------------------------------------------


def answer(client, appeal, **data):
    url = reverse("deals:answer_appeal", args=[appeal.pk]) + "?view=appeals"
    return client.post(url, {"version": appeal.version, **{f"answer-{k}": v for k, v in data.items()}, **data})


def test_it_stands_in_the_queue_of_somebody_else(signed_in, appeal, refused, channel_manager, program_owner):
    url = reverse("deals:approval", args=[refused.pk]) + "?view=appeals"
    client = signed_in(channel_manager)
    assert client.get("/approvals/?view=appeals").context["rows"] == []
    own = client.get(url).content.decode()
    assert "You took the first decision" in own
    assert "Take the refusal back" not in own
    assert answer(client, appeal, overturn="1").status_code == 422
    client = signed_in(program_owner)
    page = client.get("/approvals/?view=appeals")
    assert [row for row, _flagged in page.context["rows"]] == [refused]
    body = page.content.decode()
    for said in ("We met the director in May.", "Camille Manager", "Registered by another partner", "Not this time."):
        assert said in body
    assert statements(client, url) <= 20


def test_answered_on_the_page(signed_in, appeal, refused, program_owner):
    client = signed_in(program_owner)
    assert answer(client, appeal, uphold="1", message="").status_code == 422
    done = answer(client, appeal, overturn="1", message="You were right.")
    assert done.headers["Location"].startswith(reverse("deals:approval", args=[refused.pk]))
    page = client.get("/approvals/?view=mine")
    assert [row for row, _flagged in page.context["rows"]] == [refused]
    body = page.content.decode()
    assert "Second review: the refusal is taken back" in body
    assert "Second review answered" in body


def test_record_page_costs_the_same(signed_in, appeal, refused, program_owner):
    client = signed_in(program_owner)
    url = reverse("deals:registration", args=[refused.pk])
    assert statements(client, url) <= 12
    assert "We met the director in May." in client.get(url).content.decode()


def test_whoever_refused_sees_no_buttons_once_it_is_taken_back(
    signed_in, appeal, refused, channel_manager, program_owner
):
    appeal.overturn(by=program_owner)
    client = signed_in(channel_manager)
    assert client.get("/approvals/?view=team").context["rows"] == []
    page = client.get(reverse("deals:approval", args=[refused.pk]))
    assert page.context["is_open"] is False
    assert "Somebody else decides on this registration." in page.content.decode()


# Homes and calendars -------------------------------------------------------------------------------------------------------


def test_the_home_of_somebody_else_counts_it(signed_in, appeal, channel_manager, program_owner):
    assert "1 second review to answer" in signed_in(program_owner).get("/home/").content.decode()
    assert "second review to answer" not in signed_in(channel_manager).get("/home/").content.decode()


def test_calendars_hold_the_dates_of_both_sides(refused, owner, rival, channel_manager, program_owner):
    def titles(user):
        days = (date.today(), date.today() + timedelta(days=60))
        return {entry.title for entry in deadlines(user, *days)}

    assert titles(owner) == {"Last day to ask for a second review of Hôpital du Lac"}
    Appeal.lodge(refused, by=owner, text="Please.")
    assert titles(owner) == {"Second review of Hôpital du Lac promised"}
    assert titles(program_owner) == {"Answer the second review of Hôpital du Lac"}
    assert titles(channel_manager) == titles(rival) == set()
