"""The rows on which credits rest, watched by triggers, so that imports and bulk writes are seen as verbs are.

Each change leaves a note (``CreditDirty``) in its own transaction. The triggers stand on proxies because the apps below know
nothing of credit; the proxies are for nothing else.
"""

from __future__ import annotations

import pgtrigger

from attribution.models.lead import Lead
from attribution.models.touchpoint import Touchpoint
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from prm.money.models import ExchangeRate

NOTE = """
    INSERT INTO attribution_creditdirty (id, subject, currency)
    SELECT uuidv7(), subject, '' FROM (SELECT DISTINCT unnest(ARRAY[{subjects}]::uuid[]) AS subject) AS named WHERE subject IS NOT NULL;
    RETURN NULL;
"""
NOTE_RATE = """
    INSERT INTO attribution_creditdirty (id, currency, since) SELECT uuidv7(), currency, min(since)
    FROM (VALUES (OLD.currency, OLD.day), (NEW.currency, NEW.day)) AS rate (currency, since)
    WHERE currency IS NOT NULL GROUP BY currency;
    RETURN NULL;
"""


def both(*columns: str) -> str:
    """These columns of the row as it was and as it is."""
    return ", ".join(f"{row}.{column}" for row in ("OLD", "NEW") for column in columns)


def noted(func: str, *columns: str) -> list[pgtrigger.Trigger]:
    """Triggers for a row that comes or goes, and for one that changes in these fields."""
    return [
        pgtrigger.Trigger(
            name="note_credit", when=pgtrigger.After, operation=pgtrigger.Insert | pgtrigger.Delete, func=func
        ),
        pgtrigger.Trigger(
            name="note_credit_change",
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            condition=pgtrigger.AnyChange(*columns),
            func=func,
        ),
    ]


LINKS = ("opportunity_id", "lead_id", "registration_id")
# A touch of no deal belongs to the journeys of its customer.
CUSTOMERS = ", ".join(
    f"CASE WHEN num_nonnulls({', '.join(f'{row}.{link}' for link in LINKS)}) = 0 THEN {row}.customer_id END"
    for row in ("OLD", "NEW")
)


class WatchedTouchpoint(Touchpoint):
    class Meta:
        proxy = True
        triggers = noted(
            NOTE.format(subjects=f"{both(*LINKS)}, {CUSTOMERS}"),
            *("kind", "at", "weight", "partner", "team", "campaign", "lead", "opportunity", "registration", "customer"),
        )


class WatchedLead(Lead):
    class Meta:
        proxy = True
        triggers = noted(
            NOTE.format(subjects=both("converted_opportunity_id", "converted_registration_id")),
            *("converted_opportunity", "converted_registration"),
        )


class WatchedRegistration(DealRegistration):
    class Meta:
        proxy = True
        triggers = noted(NOTE.format(subjects=both("participant_id")), "participant")


class WatchedParticipant(OpportunityParticipant):
    class Meta:
        proxy = True
        triggers = noted(NOTE.format(subjects=both("opportunity_id")), "opportunity", "partner", "team", "role")


COUNTED = ("stage", "amount", "currency", "closed_on", "customer_id")
OLD, NEW = (", ".join(f"{row}.{column}" for column in COUNTED) for row in ("OLD", "NEW"))


class WatchedOpportunity(Opportunity):
    class Meta:
        proxy = True
        triggers = [
            pgtrigger.Trigger(
                name=f"note_credit_{name}",
                when=pgtrigger.After,
                operation=operation,
                condition=pgtrigger.Condition(condition),
                func=NOTE.format(subjects=both("id")),
            )
            for name, operation, condition in (
                ("insert", pgtrigger.Insert, "NEW.stage = 'won'"),
                ("update", pgtrigger.Update, f"'won' IN (OLD.stage, NEW.stage) AND ({OLD}) IS DISTINCT FROM ({NEW})"),
                ("delete", pgtrigger.Delete, "OLD.stage = 'won'"),
            )
        ]


class WatchedRate(ExchangeRate):
    class Meta:
        proxy = True
        triggers = noted(NOTE_RATE, "day", "currency", "base", "rate")
