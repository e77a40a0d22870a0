"""What both sides are told about a registration."""

from partners.models import User
from prm.notify.models import Notification
from tests import factories
from tests.errands import run_errands


def told(user) -> list[str]:
    run_errands()
    return [notice.words.subject for notice in Notification.objects.filter(user=user.pk).order_by("at", "id")]


def test_a_submission_is_told_to_both_sides(owner, channel_manager, submitted_deal, mailoutbox):
    assert told(channel_manager) == ["Alpine registered Hôpital du Lac"]
    assert told(owner) == ["Your registration of Hôpital du Lac was received"]
    assert sorted(message.to[0] for message in mailoutbox) == sorted([owner.email, channel_manager.email])


def test_each_reads_in_their_own_language(owner, submitted_deal, channel_manager, mailoutbox):
    User.objects.filter(pk=channel_manager.pk).update(language="fr")
    run_errands()
    assert {message.to[0]: message.extra_headers["Content-Language"] for message in mailoutbox} == {
        owner.email: "en",
        channel_manager.email: "fr",
    }


def test_without_a_channel_manager_all_of_the_scope_are_told(owner, alpine, channel_manager, submitted_deal):
    elsewhere = factories.vendor_user("channel_manager", scope_countries=["ES"])
    alpine.assign_to(None, by=channel_manager)
    assert told(channel_manager) == ["Alpine registered Hôpital du Lac"]
    assert told(elsewhere) == []


def test_a_rival_is_told_nothing(rival, submitted_deal):
    assert told(rival) == []


def test_an_approval_names_the_last_day(owner, channel_manager, hospital, submitted_deal, mailoutbox):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    submitted_deal.approve(by=channel_manager)
    assert told(owner)[-1] == "Your registration of Hôpital du Lac is approved"
    from prm.ui.templatetags.ui import day

    assert day(submitted_deal.last_protected_day) in mailoutbox[-1].body


def test_a_refusal_gives_the_public_reason_only(owner, channel_manager, submitted_deal, mailoutbox):
    submitted_deal.reject(by=channel_manager, reason="duplicate", message="Please call me.")
    run_errands()
    body = next(message.body for message in mailoutbox if "refused" in message.subject)
    assert "Reason: Not available for registration." in body
    assert "Please call me." in body
    assert "another partner" not in body


def test_a_question_and_its_answer(owner, channel_manager, submitted_deal):
    submitted_deal.send_back(by=channel_manager, fields=["amount"], message="Which amount?")
    assert told(owner)[-1] == "Information is needed on your registration of Hôpital du Lac"
    submitted_deal.submit(by=owner)
    assert told(channel_manager)[-1] == "Alpine gave the missing information on Hôpital du Lac"


def test_a_message_goes_to_the_other_side(owner, channel_manager, submitted_deal):
    submitted_deal.comment(by=owner, text="Tender in May.")
    assert told(channel_manager)[-1] == f"{owner.name} wrote about Hôpital du Lac"
    submitted_deal.comment(by=channel_manager, text="Thank you.")
    assert told(owner)[-1] == f"{channel_manager.name} wrote about Hôpital du Lac"


def test_a_withdrawal_is_told_to_the_other_side(owner, channel_manager, submitted_deal):
    submitted_deal.withdraw(by=owner)
    assert told(channel_manager)[-1] == "Alpine withdrew the registration of Hôpital du Lac"
    assert told(owner) == ["Your registration of Hôpital du Lac was received"]


def test_administrators_are_told_when_the_registrant_left(owner, teammate, product, channel_manager):
    registration = factories.submitted(teammate, products=[product], customer_name="Clinic")
    run_errands()
    teammate.membership.deactivate(by=owner)
    registration.reject(by=channel_manager, reason="other")
    assert told(owner)[-1] == "Your registration of Clinic was refused"
