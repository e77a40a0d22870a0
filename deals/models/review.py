from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deals.axes import PUBLIC_REASON, RejectionReason, ReviewStatus, SubmissionStatus
from deals.models.appeal import Appeal
from deals.models.decision import Undoing, decision
from deals.transitions import step
from prm import events
from prm.calendar import due_by
from prm.errors import RuleViolation

if TYPE_CHECKING:
    from deals.models.registration import DealRegistration

EDITABLE_FIELDS = (
    "type",
    "scope",
    "place_name",
    "customer_name",
    "customer_domain",
    "customer_country",
    "customer_number",
    "amount",
    "currency",
    "recurring",
    "expected_close_date",
    "distributor",
    "description",
    "initiative",
    "initiative_evidence",
    "custom",
)


class Review(Undoing):
    """What the vendor does with a submitted registration: take, approve, reject, return."""

    @transaction.atomic
    def take(self: DealRegistration, *, by, version=None) -> None:
        """Begin the review: the partner reads that somebody looks at it."""
        self.lock(version)
        if self.review_status == ReviewStatus.PENDING:
            self.put(**step(self, "take", by=by))
            self.approval.take(by)
            events.record(self, "taken", by=by, partner_id=self.partner_id)

    @decision
    def approve(
        self: DealRegistration, *, by, version=None, opportunity=None, days: int | None = None, message: str = ""
    ) -> None:
        """Confirm the claim: an opportunity with the partner on it, and one protection per product line, all or none."""
        self.lock(version)
        moved = step(self, "approve", by=by)
        approval = self.approval
        participant = approval.grant(self, by=by, opportunity=opportunity, days=days)
        end = max(protection.period.upper for protection in self.protections.all())
        self.put(
            **moved,
            protected_until=end,
            participant=participant,
            sales_stage=participant.opportunity.stage,
            decided_at=timezone.now(),
            message=message,
        )
        events.record(self, "approved", by=by, partner_id=self.partner_id, protected_until=end.isoformat())

    @transaction.atomic
    def link(self: DealRegistration, opportunity, *, by) -> None:
        """Say that this is the deal another system already gave us as ``opportunity``; the partner's row does not change."""
        self.lock()
        if self.submission_status != SubmissionStatus.SUBMITTED:
            raise RuleViolation(
                "not_submitted", _("Only a submitted registration can be linked."), field="registration"
            )
        led_to = self.participant.opportunity if self.participant else None
        if led_to is not None and led_to.pk != opportunity.pk:
            raise RuleViolation(
                "already_linked",
                _("This registration already led to the opportunity %(name)s. Work with that one.")
                % {"name": led_to.name},
                field="registration",
            )
        file = self.approval.lock()
        if led_to is None and file.opportunity_id != opportunity.pk:
            file.link(opportunity, by=by)

    @decision
    def reject(self: DealRegistration, *, by, reason: str, message: str = "", version=None) -> None:
        """Refuse with an internal reason; the partner reads the public one and the message written for it."""
        self.lock(version)
        moved = step(self, "reject", by=by)
        if reason not in RejectionReason.values:
            raise RuleViolation("reason_missing", _("Choose a reason."), field="reason")
        self.approval.close(by, "rejected", rejection_reason=reason)
        now = timezone.now()
        self.put(
            **moved,
            public_reason=PUBLIC_REASON[RejectionReason(reason)],
            decided_at=now,
            appeal_by=Appeal.until(self, now),
            message=message,
        )
        events.record(self, "rejected", by=by, partner_id=self.partner_id, public_reason=str(self.public_reason))

    @decision
    def send_back(self: DealRegistration, *, by, fields: list[str], message: str, version=None) -> None:
        """Ask for named missing facts; only these fields open, and the partner has some business days to answer."""
        self.lock(version)
        moved = step(self, "send_back", by=by)
        if not fields or set(fields) - {*EDITABLE_FIELDS, "products"}:
            raise RuleViolation("fields_missing", _("Name the fields the partner should complete."), field="fields")
        if not message.strip():
            raise RuleViolation("message_missing", _("Write what is missing."), field="message")
        answer_by = due_by(timezone.now(), self.program.return_days)
        self.put(
            **moved,
            returned_fields=sorted(fields),
            message=message,
            answer_by=answer_by,
        )
        events.record(
            self, "returned", by=by, partner_id=self.partner_id, fields=sorted(fields), answer_by=answer_by.isoformat()
        )
