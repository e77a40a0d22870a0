"""Which registrations are in whose care: those of one's partners, those one began to review, and those of whom one stands in for."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q

from deals.models import Approval, Delegation


def in_care_of(user: Any) -> Q:
    """A condition on registrations."""
    away = Delegation.objects.people_replaced_by(user)
    taken_by = Q(taken_by=user.pk) | Q(taken_by__in=away)
    taken = Approval.objects.filter(taken_by, registration=OuterRef("pk"), submission=OuterRef("submission"))
    return Q(partner__channel_manager=user.pk) | Q(partner__channel_manager__in=away) | Q(Exists(taken))
