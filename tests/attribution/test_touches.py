"""Touches the product notices by itself: once each, and as the thing they tell of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attribution.models import Touchpoint
from partners.engagement.models import Activity
from prm.db import acting
from prm.errors import RuleViolation
from prm.events import followers
from prm.events.models import Errand, Event
from tests import factories
from tests.attribution import leads
from tests.errands import run_errands


def kinds() -> list[tuple]:
    return list(Touchpoint.objects.order_by("kind", "partner").values_list("kind", "partner"))


def again(verb: str) -> None:
    """Do once more what the events of this name cause."""
    for event in list(Event.objects.all()):
        if event.name == verb:
            for follower in followers(verb):
                follower.run([event] if follower.together else event)


def test_campaign_and_referral_of_a_lead(alpine, boreal, channel_manager):
    fair = leads.campaign(channel_manager)
    lead = leads.lead(channel_manager, campaign=fair, referred_by=alpine)
    run_errands()
    again("lead.created")
    assert kinds() == [("lead_source", None), ("referral", alpine.pk)]
    lead.edit(by=channel_manager, referred_by=boreal, campaign=None)
    run_errands()
    assert kinds() == [("referral", boreal.pk)]


def test_a_stage_of_technical_validation(alpine, boreal, channel_manager):
    deal = factories.opportunity("Deal", of=alpine)
    deal.participants.create(partner=boreal, role="influencing")
    deal.move_to("technical_validation", by=channel_manager)
    run_errands()
    again("opportunity.stage_changed")
    assert sorted(kinds()) == sorted([("technical_validation", alpine.pk), ("technical_validation", boreal.pk)])
    assert set(Touchpoint.objects.values_list("opportunity", flat=True)) == {deal.pk}


def test_a_renewal_that_is_approved(owner, channel_manager, product):
    factories.approved(owner, decided_by=channel_manager, products=[product], type="renewal")
    run_errands()
    again("deal_registration.approved")
    assert kinds() == [("registration", owner.acting_for_id), ("renewal_assist", owner.acting_for_id)]


def test_meetings_follow_their_activity(owner, channel_manager, product, alpine):
    deal = factories.opportunity("Deal", of=alpine)
    met = Activity.log(by=channel_manager, about=deal, partner=alpine, kind="meeting", title="Kick-off")
    Activity.log(by=channel_manager, about=deal, partner=alpine, kind="call", title="Call")
    Activity.log(by=channel_manager, about=alpine, kind="meeting", title="Review of the year")
    run_errands()
    again("activity.logged")
    touch = Touchpoint.objects.get()
    assert (touch.kind, touch.partner, touch.opportunity, touch.at) == ("meeting", alpine, deal, met.at)
    met.change(by=channel_manager, kind="demo", at=met.at - timedelta(days=1))
    run_errands()
    touch.refresh_from_db()
    assert (touch.kind, touch.at) == ("demo", met.at)
    met.remove(by=channel_manager)
    run_errands()
    assert Touchpoint.objects.count() == 0


def test_a_meeting_on_a_lead(owner, alpine, channel_manager):
    offer = leads.offered(alpine, channel_manager)
    offer.accept(by=owner)
    Activity.log(by=owner, about=offer, kind="meeting", title="First visit")
    run_errands()
    assert list(Touchpoint.objects.values_list("kind", "partner", "lead")) == [("meeting", alpine.pk, offer.lead_id)]


def test_meetings_on_a_draft_count_once_it_is_submitted(owner, product):
    draft = factories.draft(owner, products=[product])
    Activity.log(by=owner, about=draft, kind="demo", title="Show it")
    run_errands()
    assert kinds() == []
    draft.submit(by=owner)
    run_errands()
    assert kinds() == [("demo", owner.acting_for_id), ("registration", owner.acting_for_id)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"partner": None}, "Say who acted"),
        ({"lead": None}, "Say what it was about"),
        ({"at": timezone.now() + timedelta(days=1)}, "time that is past"),
    ],
)
def test_a_touch_that_makes_no_sense(alpine, channel_manager, wrong, said):
    values = {"kind": "demo", "at": timezone.now(), "partner": alpine, "lead": leads.lead(channel_manager)}
    with pytest.raises(RuleViolation, match=said):
        Touchpoint.record(by=channel_manager, **(values | wrong))


def test_a_partner_reads_its_own_touches_and_no_event_of_them(alpine, boreal, owner, channel_manager):
    deal = factories.opportunity("Deal", of=alpine)
    for partner in (alpine, boreal):
        Touchpoint.record(kind="demo", at=timezone.now(), partner=partner, opportunity=deal, by=channel_manager)
    with acting("partner", alpine.pk, owner.pk):
        assert [touch.partner_id for touch in Touchpoint.objects.all()] == [alpine.pk]
        assert Event.objects.filter(subject_type="touchpoint").count() == 0


def test_work_that_repeats_leaves_no_errand(alpine, channel_manager):
    leads.offered(alpine, channel_manager)
    run_errands()
    assert list(Errand.objects.values_list("task", flat=True)) == ["attribution.expire_offer"]
