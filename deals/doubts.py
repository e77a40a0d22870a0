"""Whether anything is doubtful about a registration: what is not may be approved together with others, or at once at home."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from deals import flags
from deals.axes import AWAITING_VENDOR
from deals.models import DealRegistration
from deals.querysets import DealRegistrationQuerySet
from prm.errors import RuleViolation


def approve_undoubted(registration: DealRegistration, *, by: Any) -> bool:
    """Approve with the program's usual length, or say what is doubtful; False where this person has approved it already.

    That the customer is confirmed and the protection free is asked by ``approve`` itself, under the customer's lock.
    """
    file = registration.approval
    if file is not None and file.outcome == "approved" and file.decided_by_id == by.pk:
        return False
    if registration.review_status in AWAITING_VENDOR and flags.count([registration.pk])[registration.pk]:
        raise RuleViolation("open_conflict", _("It has findings to read first."))
    registration.approve(by=by)
    return True


def in_order(rows: DealRegistrationQuerySet) -> list[DealRegistration]:
    """For approving several in one transaction: all rows are locked first, then ``approve`` locks one customer after another.

    Both in the order of their ids, so that people who approve at once wait for each other and never lock up.
    """
    locked = rows.with_approval().select_related("partner").select_for_update(of=("self",)).order_by("pk")
    return sorted(locked, key=lambda row: str(row.customer_id))


def approve_all(ids: Iterable[Any], *, by: Any) -> tuple[list[DealRegistration], list[tuple[DealRegistration, str]]]:
    """Approve what nothing speaks against, among what this person may decide: the approved, and those left with the reason."""
    approved, left = [], []
    with transaction.atomic():
        for row in in_order(DealRegistration.objects.decided_or_decidable_by(by).filter(pk__in=list(ids))):
            try:
                with transaction.atomic():
                    if approve_undoubted(row, by=by):
                        approved.append(row)
            except RuleViolation as error:
                left.append((row, error.message))
    return approved, left
