"""Changes of territories and customers, and the open registrations they concern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from deals.axes import OPEN_REVIEW
from deals.conflicts.detectors import VERSION, protected_at_once
from deals.conflicts.models import Conflict, ConflictStatus
from deals.conflicts.watch import refresh
from deals.merging import overlapping
from deals.models import Approval, DealRegistration
from prm import events
from prm.events import follow
from prm.events.record import enqueue, task
from territories.models import Customer, TerritoryRule

CHUNK = 100


@follow(
    "territory.created",
    "territory.changed",
    "territory_rule.created",
    "territory_rule.changed",
    "territory_assignment.created",
    "territory_assignment.ended",
    "territory_assignment.withdrawn",
    queue="conflicts",
)
def territory_changed(event) -> None:
    """What a territory's rules name now, or named before, is looked at again; nothing else is."""
    territories: Iterable[UUID]
    if event.subject_type == "territory_rule":
        territories = TerritoryRule.objects.filter(pk=event.subject_id).values_list("territory", flat=True)
    else:
        territories = [UUID(event.payload.get("territory_id", str(event.subject_id)))]
    recheck(concerned(territories))


@follow("customer.changed", "customer.merged", "customer.unmerged", queue="conflicts")
def customer_changed(event) -> None:
    ids = {event.subject_id, *(UUID(pk) for pk in (event.payload.get("other_id"),) if pk)}
    confirmed = Approval.objects.of_present_submission().filter(customer__in=ids)
    recheck(Q(pk__in=confirmed.values("registration")))


@follow("partner.changed", queue="conflicts")
def partner_changed(event) -> None:
    """Rules of territories may ask for partners of a type."""
    if "types" in event.payload.get("fields", ()):
        recheck(Q(partner=event.subject_id))


def concerned(territories: Any) -> Q:
    """Registrations of the places and customers that rules of these territories name, or named once."""
    history = apps.get_model("territories", "TerritoryRuleEvent")
    countries, customers = set(), set()
    for country, customer in history.objects.filter(territory__in=list(territories)).values_list("country", "customer"):
        if customer:
            customers.add(customer)
        elif country:
            countries.add(country)
        else:
            return Q()
    found = Q(customer_country__in=countries)
    parts = Customer.objects.filter(Q(country__in=countries) | Q(pk__in=customers) | Q(parents__in=customers))
    confirmed = Approval.objects.of_present_submission().filter(
        registration__review_status__in=OPEN_REVIEW, customer__in=parts.values("pk")
    )
    return found | Q(pk__in=confirmed.values("registration"))


def recheck(which: Q) -> None:
    """Look at open registrations again, a chunk an errand."""
    rows = DealRegistration.objects.filter(which, review_status__in=OPEN_REVIEW).order_by("pk")
    ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
    for start in range(0, len(ids), CHUNK):
        enqueue("conflicts.recheck", ids=ids[start : start + CHUNK])


@task("conflicts.recheck", queue="conflicts")
def recheck_chunk(ids: list[str]) -> None:
    for registration in DealRegistration.objects.filter(pk__in=ids).select_related("partner", "participant"):
        refresh(registration)


@task("conflicts.merge_refused", queue="conflicts")
def merge_refused(source: str, target: str) -> None:
    """Two rows of one customer, each protected for somebody else: a person has to settle it before they become one."""
    rows = Customer.objects.in_bulk([UUID(source), UUID(target)])
    if len(rows) == 2:
        for one, two in overlapping(rows[UUID(source)], rows[UUID(target)]):
            finding = protected_at_once(one.registration, two.registration)
            row, new = Conflict.objects.get_or_create(
                rule=finding.rule,
                registration=finding.registration,
                other=finding.other,
                opportunity=None,
                customer=None,
                defaults={
                    "kind": finding.kind,
                    "rule_version": VERSION,
                    "severity": finding.severity,
                    "score": finding.score,
                    "evidence": finding.evidence,
                },
            )
            if not new and row.status == ConflictStatus.CLEARED:
                row.put(status=ConflictStatus.OPEN, evidence=finding.evidence)
            if new or row.status == ConflictStatus.OPEN:
                events.record(
                    row, "detected", rule=row.rule, registration=str(row.registration_id), other=str(row.other_id)
                )
