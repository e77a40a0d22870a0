"""The touches the product would have recorded by itself, for all deals at once, as ``attribution.tasks`` makes them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pgtrigger
from django.db import connection

from attribution.models import Lead, Touchpoint, TouchpointKind
from attribution.models.touchpoint import TouchpointOrigin
from attribution.tasks import ACTED, touch_id
from deals.axes import Stage
from deals.models import DealRegistration, OpportunityParticipant
from partners.engagement.models import Activity, ActivityKind
from prm.events.models import Event
from prm.management.demo.tables import Table

Touch = tuple[UUID, str, datetime, dict[str, Any]]


def note(history: bool = True) -> int:
    """Write what is missing; answers how many touches were."""
    touches, events = Table(Touchpoint, history), Table(Event)
    known = set(Touchpoint.objects.exclude(event_id=None).values_list("event_id", flat=True))
    for key, kind, at, values in sorted(noticed(), key=lambda touch: (touch[2], touch[0])):
        if key in known:
            continue
        known.add(key)
        row = touches.add(at, event_id=key, kind=kind, at=at, origin=TouchpointOrigin.PRODUCT.value, **values)
        told = {name.removesuffix("_id"): str(value) for name, value in values.items()}
        events.add(
            at,
            subject_type="touchpoint",
            subject_id=row["id"],
            verb="recorded",
            actor_side="system",
            payload={"kind": kind, "on": at.isoformat(), **told},
            at=at,
        )
    count = len(touches.rows)
    touches.flush()
    events.flush()
    return count


ADDED = """
INSERT INTO attribution_touchpoint (id, version, created_at, updated_at, kind, at, origin, weight, note, partner_id, opportunity_id)
SELECT uuidv7(), 1, d.at, d.at, (ARRAY['meeting', 'demo', 'content_share', 'introduction', 'event', 'proof_of_concept'])[1 + (deal.n + k) %% 6],
    d.at, 'person', 1, '', deal.partner_id, deal.opportunity_id
FROM (
    SELECT p.partner_id, p.opportunity_id, o.opened_on, row_number() OVER (ORDER BY o.opened_on, o.name, o.id) AS n, count(*) OVER () AS deals
    FROM deals_opportunityparticipant p JOIN deals_opportunity o ON o.id = p.opportunity_id WHERE p.partner_id IS NOT NULL
) deal
CROSS JOIN LATERAL generate_series(1, (%s / deals + (n <= %s %% deals)::int)::int) k
CROSS JOIN LATERAL (
    SELECT least(opened_on + ((n * 7 + k * 13) %% 60)::int * interval '1 day' + interval '10 hours', %s) AS at
) d
"""


def add(count: int, now: datetime) -> None:
    """So many touches more, spread over the deals of partners, for measurements."""
    if count > 0:
        with connection.cursor() as cursor, pgtrigger.ignore():
            cursor.execute(ADDED, [count, count, now])


def noticed() -> Iterator[Touch]:
    """Registrations that were submitted, renewals that were approved, deals that reached technical validation."""
    submitted = DealRegistration.objects.filter(submitted_at__isnull=False)
    for pk, partner, at in submitted.values_list("pk", "partner_id", "submitted_at").iterator():
        yield (
            touch_id("registration", pk),
            TouchpointKind.REGISTRATION.value,
            at,
            {"partner_id": partner, "registration_id": pk},
        )
    renewals = dict(DealRegistration.objects.filter(type="renewal").values_list("pk", "partner_id"))
    approved = Event.objects.filter(subject_type="deal_registration", verb="approved", subject_id__in=renewals)
    for pk, at in approved.values_list("subject_id", "at"):
        yield (
            touch_id("renewal", pk),
            TouchpointKind.RENEWAL_ASSIST.value,
            at,
            {"partner_id": renewals[pk], "registration_id": pk},
        )
    validated = dict(
        Event.objects.filter(
            subject_type="opportunity", verb="stage_changed", payload__new=Stage.TECHNICAL.value
        ).values_list("pk", "subject_id")
    )
    times = dict(Event.objects.filter(pk__in=validated).values_list("pk", "at"))
    parts: dict[UUID, set] = {}
    for opportunity, partner in OpportunityParticipant.objects.filter(
        partner__isnull=False, opportunity__in=set(validated.values())
    ).values_list("opportunity_id", "partner_id"):
        parts.setdefault(opportunity, set()).add(partner)
    for event, opportunity in validated.items():
        for partner in parts.get(opportunity, ()):
            yield (
                touch_id(event, partner),
                TouchpointKind.TECHNICAL.value,
                times[event],
                {"partner_id": partner, "opportunity_id": opportunity},
            )
    yield from of_leads()
    yield from of_activities()


def of_leads() -> Iterator[Touch]:
    """Campaigns that brought a lead, partners that referred one, partners that took one up to a deal."""
    for lead in Lead.objects.order_by("received_at", "id"):
        about = {"lead_id": lead.pk} | ({"customer_id": lead.customer_id} if lead.customer_id else {})
        for kind, actor, pk in (
            (TouchpointKind.LEAD_SOURCE.value, "campaign_id", lead.campaign_id),
            (TouchpointKind.REFERRAL.value, "partner_id", lead.referred_by_id),
        ):
            if pk:
                yield touch_id("lead", lead.pk, kind), kind, lead.received_at, {actor: pk, **about}
        if lead.converted_at and lead.partner_id and lead.partner_id != lead.referred_by_id:
            yield (
                touch_id("lead", lead.pk, "converted", lead.partner_id),
                TouchpointKind.LEAD_SOURCE.value,
                lead.converted_at,
                {"partner_id": lead.partner_id, **about},
            )


def of_activities() -> Iterator[Touch]:
    """Meetings and demonstrations on registrations."""
    done = Activity.objects.filter(
        kind__in=ACTED, subject_type="registration", partner__isnull=False, done_at__isnull=False
    )
    for row in done.order_by("at", "id"):
        about = {"partner_id": row.partner_id, "registration_id": row.subject_id}
        yield touch_id("activity", row.pk), ACTED[ActivityKind(row.kind)].value, row.at, about
