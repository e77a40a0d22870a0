"""Keep the stored conflicts equal to what the rules find now."""

from __future__ import annotations

from django.db import connection

from deals.conflicts.detectors import VERSION, findings, keys_of_registration
from deals.conflicts.models import Conflict, ConflictStatus
from deals.models import DealRegistration
from prm import events
from territories.matching.keys import CERTAIN, candidates, index
from territories.matching.normalise import VERSION as NORMALISER


def watch(registration: DealRegistration) -> None:
    """Index the registration, recognise its customer where that is certain, and refresh its conflicts; safe to repeat.

    Registrations that share a key are looked at one after the other (a lock on each key), so of two that arrive at
    once the second sees the first.
    """
    found_keys = keys_of_registration(registration)
    with connection.cursor() as cursor:
        for kind, value in sorted(found_keys):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"match:{kind}:{value}"])
    live = registration.is_open or registration.is_protected
    index("deal_registration", {registration.pk: found_keys if live else set()})
    if registration.is_open:
        recognise(registration, found_keys)
    refresh(registration)


def recognise(registration: DealRegistration, found_keys) -> None:
    """Confirm the customer when one, and only one, is certain; a person decides about all others."""
    file = registration.approval
    if file is None or file.customer_id:
        return
    certain = [candidate for candidate in candidates(found_keys) if candidate.band == CERTAIN]
    if len(certain) == 1:
        evidence = {"rule": "exact keys", "normaliser": NORMALISER, "band": CERTAIN, "shared": certain[0].shared}
        file.confirm(certain[0].customer, evidence=evidence)


def refresh(registration: DealRegistration) -> None:
    """Store what the rules find, clear what they no longer find; what a person dismissed stays dismissed."""
    found = {finding.identity: finding for finding in findings(registration)}
    stored = {
        (row.rule, row.registration_id, row.other_id, row.opportunity_id, row.customer_id): row
        for row in Conflict.objects.touching(registration).select_for_update(of=("self",))
    }
    for identity, finding in found.items():
        values = {
            "severity": finding.severity,
            "score": finding.score,
            "evidence": finding.evidence,
            "rule_version": VERSION,
        }
        row = stored.get(identity)
        if row is None:
            row = Conflict.objects.create(
                kind=finding.kind,
                rule=finding.rule,
                registration=finding.registration,
                other=finding.other,
                opportunity=finding.opportunity,
                customer=finding.customer,
                **values,
            )
            events.record(
                row, "detected", rule=row.rule, registration=str(row.registration_id), other=str(row.other_id or "")
            )
        elif row.status == ConflictStatus.CLEARED:
            row.put(status=ConflictStatus.OPEN, **values)
            events.record(row, "reopened", rule=row.rule)
        elif row.status == ConflictStatus.OPEN and any(getattr(row, name) != value for name, value in values.items()):
            row.put(**values)
    for identity, row in stored.items():
        if identity not in found and row.status == ConflictStatus.OPEN:
            row.put(status=ConflictStatus.CLEARED)
            events.record(row, "cleared", rule=row.rule)
