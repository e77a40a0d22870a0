"""Deals as subjects of activities, and their deadlines in people's calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import OPEN_REVIEW, RUNNING, ReviewStatus
from deals.care import in_care_of
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from partners.engagement.ics import MOST, Entry, calendar_sources
from partners.engagement.subjects import Subject, activity_subjects

# Subjects: to a partner a shared deal is its own part in it, never the opportunity ----------------------------------------------


def opportunities(user):
    rows = Opportunity.objects
    return rows.none() if user.is_partner else rows.visible_to(user)


def part_of(opportunity: Opportunity, partner_id: Any) -> OpportunityParticipant | None:
    """The partner's own row in the opportunity."""
    parts = OpportunityParticipant.objects.filter(opportunity=opportunity, partner=partner_id)
    return parts.order_by("created_at", "id").first()


def partners_on(opportunity: Opportunity) -> list[tuple[Any, str]]:
    """The partners that take part, each once."""
    parts = [part for part in opportunity.participants.all() if part.partner_id]
    return list({part.partner_id: str(part.partner) for part in parts}.items())


def story_of_opportunity(opportunity: Opportunity) -> Q:
    """Its own activities, those of its participants, and those of the registrations that led to it."""
    parts = [part.pk for part in opportunity.participants.all()]
    registrations = DealRegistration.objects.filter(participant__in=parts).values("pk")
    return Q(subject_id__in=[opportunity.pk, *parts]) | Q(subject_id__in=registrations)


def participations(user):
    rows = OpportunityParticipant.objects.visible_to(user).filter(partner__isnull=False)
    return rows.filter(partner=user.acting_for_id) if user.is_partner else rows


def participant_url(part: OpportunityParticipant, user: Any) -> str:
    if user.is_partner:
        return reverse("deals:portal_opportunity", args=[part.pk])
    return part.opportunity.get_absolute_url()


def story_of_participant(part: OpportunityParticipant) -> Q:
    """The same story from the other end."""
    registrations = DealRegistration.objects.filter(participant=part).values("pk")
    return Q(subject_id=part.pk) | Q(subject_id__in=registrations)


def story_of_registration(registration: DealRegistration) -> Q:
    """One deal, one story: the registration and the partner's part in what came of it."""
    return Q(subject_id__in=[pk for pk in (registration.pk, registration.participant_id) if pk])


def registrations(user):
    rows = DealRegistration.objects.visible_to(user)
    return rows.filter(partner=user.acting_for_id) if user.is_partner else rows


def registration_url(registration: DealRegistration, user: Any) -> str:
    name = "deals:portal_registration" if user.is_partner else "deals:registration"
    return reverse(name, args=[registration.pk])


activity_subjects.add(
    Subject(
        "opportunity",
        Opportunity,
        gettext_lazy("Opportunity"),
        opportunities,
        lambda row, user: row.get_absolute_url(),
        vendor_only=True,
        own_row=part_of,
        partners=partners_on,
        story=story_of_opportunity,
    )
)
activity_subjects.add(
    Subject(
        "participant",
        OpportunityParticipant,
        gettext_lazy("Deal"),
        lambda user: participations(user).select_related("opportunity"),
        participant_url,
        partner_of=lambda row: row.partner_id,
        story=story_of_participant,
        name=lambda row, user: row.customer_name or ("" if user.is_partner else row.opportunity.name),
    )
)
activity_subjects.add(
    Subject(
        "registration",
        DealRegistration,
        gettext_lazy("Deal registration"),
        registrations,
        registration_url,
        partner_of=lambda row: row.partner_id,
        story=story_of_registration,
    )
)


# Deadlines ----------------------------------------------------------------------------------------------------------------------


def deadlines(user: Any, first: date, last: date) -> Iterable[Entry]:
    """What is to answer or decide, and the last days of protections: a partner's own, or those in one's care."""
    rows = DealRegistration.objects.visible_to(user)
    if user.is_partner:
        rows = rows.filter(partner=user.acting_for_id)
    elif user.may("decide_registrations"):
        rows = rows.filter(in_care_of(user))
    else:
        return
    if user.is_partner:
        waiting = rows.filter(review_status=ReviewStatus.ACTION_REQUIRED, answer_by__date__range=(first, last))
        for row in waiting.order_by("answer_by", "id")[:MOST]:
            yield entry(row, user, "answer", row.answer_by, _("Answer the question on %(name)s"))
    in_review = rows.filter(review_status__in=OPEN_REVIEW, decide_by__date__range=(first, last))
    for row in in_review.exclude(review_status=ReviewStatus.ACTION_REQUIRED).order_by("decide_by", "id")[:MOST]:
        if user.is_partner:
            yield entry(row, user, "decide", row.decide_by, _("Decision on %(name)s promised"))
            continue
        if row.review_status == ReviewStatus.PENDING and row.respond_by:
            yield entry(row, user, "respond", row.respond_by, _("Look at the registration of %(name)s"))
        yield entry(row, user, "decide", row.decide_by, _("Decide on %(name)s"))
    protected = rows.filter(protection_status__in=RUNNING, protected_until__range=(first, last))
    for row in protected.order_by("protected_until", "id")[:MOST]:
        yield entry(row, user, "protection", row.protected_until - timedelta(days=1), _("Protection of %(name)s ends"))


def entry(registration: DealRegistration, user: Any, what: str, when: Any, words: str) -> Entry:
    day = when if not hasattr(when, "hour") else timezone.localdate(when)
    return Entry(
        f"{registration.pk}-{what}",
        day,
        words % {"name": registration},
        registration_url(registration, user),
        registration.updated_at,
        sequence=registration.version,
    )


calendar_sources.append(deadlines)
