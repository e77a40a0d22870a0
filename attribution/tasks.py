"""What follows from what happened: leads that come back, offers that expire, touches the product notices by itself.

Each works from committed rows and may run again: a touch's ``event_id`` is made from what it tells of.
"""

from __future__ import annotations

import uuid
from typing import Any

from celery import shared_task
from django.utils import timezone

from attribution import credit
from attribution.models import Lead, LeadOffer, LeadStatus, Touchpoint, TouchpointKind
from attribution.models.offer import EXPIRE
from deals.axes import RegistrationType, Stage, SubmissionStatus
from deals.models import DealRegistration, OpportunityParticipant
from partners.engagement.models import Activity, ActivityKind
from prm.db import acting_as_system
from prm.events import follow
from prm.events.record import enqueue, task

TOUCHES = uuid.UUID("6f1b6a1e-6c0a-4f6b-9a53-0d5b7f6f2a10")


def touch_id(*facts: Any) -> uuid.UUID:
    """The same facts make the same touch."""
    return uuid.uuid5(TOUCHES, "/".join(str(fact) for fact in facts))


# Leads ----------------------------------------------------------------------------------------------------------------------


@task(EXPIRE)
def expire_offer(offer: str) -> None:
    """The time to answer is over."""
    found = LeadOffer.objects.filter(pk=offer).first()
    if found is not None:
        found.expire()


@follow("lead_offer.declined")
def free_lead(event: Any) -> None:
    """The lead of a declined offer waits for another partner."""
    offer = LeadOffer.objects.filter(pk=event.subject_id).first()
    if offer is None:
        return
    lead = offer.locked_lead()
    if lead.holding_offer() is None:
        lead.put_free()


@follow("deal_registration.discarded")
def take_up_again(event: Any) -> None:
    """A draft begun from a lead was deleted: the lead is to be worked again."""
    for lead in Lead.objects.filter(converted_registration_id=event.subject_id, status=LeadStatus.CONVERTED):
        lead.resume()


# Touches --------------------------------------------------------------------------------------------------------------------


@follow("lead.created", "lead.changed")
def touch_of_source(event: Any) -> None:
    """A campaign that brought a lead, or a partner that referred it, has acted."""
    lead = Lead.objects.filter(pk=event.subject_id).first()
    if lead is None or not {"campaign", "referred_by", "received_at"} & set(
        event.payload.get("fields", ("campaign", "referred_by"))
    ):
        return
    note_source(lead)


def note_source(lead: Lead) -> None:
    """Keep the touches of where a lead came from as the lead says it."""
    wanted: dict[TouchpointKind, dict[str, Any] | None] = {
        TouchpointKind.LEAD_SOURCE: {"campaign": lead.campaign} if lead.campaign_id else None,
        TouchpointKind.REFERRAL: {"partner": lead.referred_by} if lead.referred_by_id else None,
    }
    for kind, actor in wanted.items():
        key = touch_id("lead", lead.pk, kind.value)
        touch = Touchpoint.objects.filter(event_id=key).first()
        if actor is None:
            if touch is not None:
                touch.remove(by=None)
        elif touch is None:
            Touchpoint.note_once(
                key, kind=kind, at=min(lead.received_at, timezone.now()), lead=lead, customer=lead.customer, **actor
            )
        else:
            touch.edit(by=None, at=min(lead.received_at, timezone.now()), **actor)


@follow("lead.converted")
def touch_of_conversion(event: Any) -> None:
    """The partner that took the lead up brought it to a deal."""
    lead = Lead.objects.filter(pk=event.subject_id, partner__isnull=False).first()
    if lead is None or lead.partner_id == lead.referred_by_id:
        return
    Touchpoint.note_once(
        touch_id("lead", lead.pk, "converted", lead.partner_id),
        kind=TouchpointKind.LEAD_SOURCE,
        at=event.at,
        partner_id=lead.partner_id,
        lead=lead,
        customer=lead.customer,
    )


@follow("deal_registration.submitted", "deal_registration.imported")
def touch_of_registration(event: Any) -> None:
    """The registration itself, and what was done for it while it was a draft."""
    registration = DealRegistration.objects.filter(pk=event.subject_id).first()
    if registration is None:
        return
    Touchpoint.note_once(
        touch_id("registration", registration.pk),
        kind=TouchpointKind.REGISTRATION,
        at=registration.submitted_at or event.at,
        partner_id=registration.partner_id,
        registration=registration,
    )
    for pk in Activity.objects.filter(subject_id=registration.pk, kind__in=ACTED).values_list("pk", flat=True):
        follow_activity(pk)


@follow("deal_registration.approved")
def touch_of_renewal(event: Any) -> None:
    """Whoever registers a renewal helps it along."""
    registration = DealRegistration.objects.filter(pk=event.subject_id, type=RegistrationType.RENEWAL).first()
    if registration is not None:
        Touchpoint.note_once(
            touch_id("renewal", registration.pk),
            kind=TouchpointKind.RENEWAL_ASSIST,
            at=event.at,
            partner_id=registration.partner_id,
            registration=registration,
        )


@follow("opportunity.stage_changed")
def touch_of_validation(event: Any) -> None:
    """A deal in technical validation: the partners on it do the work."""
    if event.payload.get("new") != Stage.TECHNICAL:
        return
    parts = OpportunityParticipant.objects.filter(opportunity=event.subject_id, partner__isnull=False)
    for partner_id in parts.order_by("partner").values_list("partner", flat=True).distinct():
        Touchpoint.note_once(
            touch_id(event.pk, partner_id),
            kind=TouchpointKind.TECHNICAL,
            at=event.at,
            partner_id=partner_id,
            opportunity_id=event.subject_id,
        )


ACTED = {ActivityKind.MEETING: TouchpointKind.MEETING, ActivityKind.DEMO: TouchpointKind.DEMO}


@follow("activity.logged", "activity.changed", "activity.done", "activity.reopened", "activity.deleted")
def touch_of_activity(event: Any) -> None:
    if event.payload.get("kind") in ACTED or event.verb in ("changed", "deleted"):
        follow_activity(event.subject_id)


def follow_activity(pk: Any) -> None:
    """A partner's meeting or demonstration on a deal; it follows the activity when that is corrected or taken back."""
    key = touch_id("activity", pk)
    activity = Activity.objects.filter(pk=pk).first()
    touch = Touchpoint.objects.filter(event_id=key).first()
    values = values_of(activity) if activity else None
    if values is None:
        if touch is not None:
            touch.remove(by=None)
    elif touch is None:
        Touchpoint.note_once(key, **values)
    else:
        touch.edit(by=None, **{name: value for name, value in values.items() if name != "note"})


def values_of(activity: Activity) -> dict[str, Any] | None:
    """The touch an activity is, if it is one: done by or with a partner, on a deal or with a customer."""
    kind, at = ACTED.get(ActivityKind(activity.kind)), activity.at or activity.done_at
    if kind is None or not activity.partner_id or activity.done_at is None or at is None or at > timezone.now():
        return None
    about = subject_of(activity)
    return {"kind": kind, "at": at, "partner_id": activity.partner_id, **about} if about else None


def subject_of(activity: Activity) -> dict[str, Any] | None:
    match activity.subject_type:
        case "opportunity" | "customer" | "lead":
            return {f"{activity.subject_type}_id": activity.subject_id}
        case "lead_offer":
            offer = LeadOffer.objects.filter(pk=activity.subject_id).first()
            return {"lead_id": offer.lead_id} if offer else None
        case "registration":  # a draft may still be deleted; its acts count from its submission on
            sent = DealRegistration.objects.exclude(submission_status=SubmissionStatus.DRAFT)
            return {"registration_id": activity.subject_id} if sent.filter(pk=activity.subject_id).exists() else None
        case "participant":
            part = OpportunityParticipant.objects.filter(pk=activity.subject_id).first()
            return {"opportunity_id": part.opportunity_id} if part else None
    return None


# Credit ---------------------------------------------------------------------------------------------------------------------


@task("attribution.credit", queue="metrics")
def refresh_credit() -> None:
    """Work off what is noted; a long list in several errands, so that each commits soon."""
    if credit.refresh_noted():
        enqueue("attribution.credit")


@shared_task(name="attribution.check_credit")
@acting_as_system
def check_credit() -> None:
    """Compute the whole ledger once a day; the run says how many rows were not right."""
    credit.rebuild()
