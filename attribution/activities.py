"""Leads as subjects of activities: to a partner a lead is its own offer, once it has accepted it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy

from attribution.models import Lead, LeadOffer, Touchpoint, TouchpointOrigin
from deals.models import DealRegistration, OpportunityParticipant
from deals.models.extension import activity_sources
from partners.engagement.subjects import Subject, activity_subjects


def accepted_offer(lead: Lead, partner_id: Any) -> LeadOffer | None:
    return LeadOffer.objects.filter(lead=lead, partner=partner_id, status="accepted").first()


def offers(user):
    """The vendor's people log on any; a partner on what it took over."""
    rows = LeadOffer.objects.visible_to(user)
    return rows.filter(partner=user.acting_for_id, status="accepted") if user.is_partner else rows


activity_subjects.add(
    Subject(
        "lead",
        Lead,
        gettext_lazy("Lead"),
        Lead.objects.visible_to,
        lambda row, user: row.get_absolute_url(),
        vendor_only=True,
        own_row=accepted_offer,
        partners=lambda lead: [(lead.partner_id, lead.partner.name)] if lead.partner_id else [],
        story=lambda lead: Q(subject_id=lead.pk) | Q(subject_id__in=LeadOffer.objects.filter(lead=lead).values("pk")),
    )
)
activity_subjects.add(
    Subject(
        "lead_offer",
        LeadOffer,
        gettext_lazy("Lead"),
        offers,
        lambda row, user: reverse(
            "attribution:offer" if user.is_partner else "attribution:lead",
            args=[row.pk if user.is_partner else row.lead_id],
        ),
        partner_of=lambda row: row.partner_id,
    )
)


def touches(registration: DealRegistration, since: datetime):
    """Touches somebody wrote down keep a protected deal alive; what the product records by itself follows other acts."""
    deal = OpportunityParticipant.objects.filter(pk=registration.participant_id).values("opportunity")
    own = Touchpoint.objects.filter(partner=registration.partner_id, at__gte=since)
    about = own.filter(Q(registration=registration) | Q(opportunity__in=deal))
    return about.exclude(origin=TouchpointOrigin.PRODUCT).values_list("at")


activity_sources.append(touches)
