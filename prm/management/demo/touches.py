"""The touches the product would have recorded by itself, for all deals at once, as ``attribution.tasks`` makes them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from attribution.models import Touchpoint, TouchpointKind
from attribution.models.touchpoint import TouchpointOrigin
from attribution.tasks import touch_id
from deals.axes import Stage
from deals.models import DealRegistration, OpportunityParticipant
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
