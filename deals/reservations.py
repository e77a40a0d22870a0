"""Whether a customer is reserved: all that direct sales learns of the partners' registrations."""

from __future__ import annotations

from django.db.models import Q

from deals.axes import OPEN_REVIEW, RUNNING
from deals.models import DealRegistration
from prm import events
from territories.matching.keys import Keys, keys, sharing
from territories.matching.models import KeyKind, MatchKey
from territories.matching.normalise import name_key

MOST = 500


def reserved(text: str) -> list[DealRegistration]:
    """Registrations in review or protected whose customer has this name, in whichever country, or this website."""
    found = keys_of_text(text)
    live = Q(review_status__in=OPEN_REVIEW) | Q(protection_status__in=RUNNING)
    by_key = Q(pk__in=list(sharing(found, "deal_registration")))
    by_customer = Q(approvals__customer__in=list(sharing(found, "customer")))
    return list(
        DealRegistration.objects.filter(live)
        .filter(by_key | by_customer | Q(customer_name__iexact=text))
        .distinct()[:MOST]
    )


def keys_of_text(text: str) -> Keys:
    found = keys(domains=[text] if "." in text else [])
    if name := name_key(text):
        stored = MatchKey.objects.filter(kind=KeyKind.NAME, value__startswith=f"{name}|").values_list(
            "value", flat=True
        )
        found |= {(KeyKind.NAME, value) for value in stored.distinct()[:MOST]}
    return found


def look_up(text: str, *, by) -> bool:
    """Answer a look-up and record it with each registration it found, for the vendor alone."""
    found = reserved(text)
    for registration in found:
        events.record(registration, "looked_up", by=by, text=text)
    if not found:
        events.record(by, "looked_up", by=by, text=text)
    return bool(found)
