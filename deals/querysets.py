"""Who may reach which deals; which of them wait, lapse, block."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from deals.axes import (
    AWAITING_VENDOR,
    CLOSED_STAGES,
    OPEN_REVIEW,
    RUNNING,
    ProtectionStatus,
    Stage,
    SubmissionStatus,
)
from deals.transitions import PROTECTION, REVIEW
from prm.calendar import business_today
from prm.events.record import record_all

if TYPE_CHECKING:
    from deals.models import DealRegistration  # noqa: F401


class OpportunityQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The vendor's view; partners reach an opportunity through their participation (``ParticipantQuerySet``)."""
        if user.is_partner:
            return self.filter(participants__partner__in=user.readable_partner_ids).distinct()
        if user.may("see_opportunities"):
            scope = user.partner_scope_ids()
            if scope is None:
                return self
            participants = apps.get_model("deals", "OpportunityParticipant").objects.filter(opportunity=OuterRef("pk"))
            return self.filter(
                Exists(participants.filter(partner__in=scope)) | ~Exists(participants.filter(partner__isnull=False))
            )
        if user.may("see_own_opportunities"):
            return self.filter(Q(route="direct") & (Q(owner=user) | Q(team__members=user))).distinct()
        return self.none()

    def editable_by(self, user):
        return (
            self.visible_to(user)
            if not user.is_partner and (user.may("manage_opportunities") or user.may("see_own_opportunities"))
            else self.none()
        )

    def reportable_by(self, user):
        """Whose stage this person may move; a partner does it through its own part (``ParticipantQuerySet``)."""
        return self.editable_by(user)

    def with_parts(self):
        """Fetch customer, owner and participants with them, in two statements."""
        participants = apps.get_model("deals", "OpportunityParticipant").objects.select_related("partner", "team")
        ordered = participants.order_by("created_at", "id")
        return self.select_related("customer", "owner", "team").prefetch_related(
            models.Prefetch("participants", ordered)
        )

    def open(self):
        return self.exclude(stage__in=CLOSED_STAGES)

    def won(self):
        return self.filter(stage=Stage.WON)


class ParticipantQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner's deals: its own parts in opportunities, and those of the companies it heads."""
        if user.is_partner:
            if not user.may("see_opportunities"):
                return self.none()
            rows = self.filter(partner__in=user.readable_partner_ids)
            if user.membership.own_rows_only:
                deals = apps.get_model("deals", "DealRegistration").objects.filter(created_by=user)
                rows = rows.filter(pk__in=deals.values("participant"))
            return rows
        return self.filter(opportunity__in=apps.get_model("deals", "Opportunity").objects.visible_to(user))

    def reportable_by(self, user):
        """Where the partner sells, whoever may register its deals reports how they go."""
        if not user.is_partner or not user.may("register_deals"):
            return self.none()
        own = self.filter(partner=user.acting_for_id, role="selling")
        if user.membership.own_rows_only:
            deals = apps.get_model("deals", "DealRegistration").objects.filter(created_by=user)
            own = own.filter(pk__in=deals.values("participant"))
        return own


class DealRegistrationQuerySet(models.QuerySet["DealRegistration"]):
    def visible_to(self, user):
        """A partner sees its own, those of companies it heads, and submitted ones that name it as distributor.

        The vendor sees what was submitted by partners in its scope, and the drafts its own people began.
        """
        if not user.may("see_registrations"):
            return self.none()
        if user.is_partner:
            return self._of_partner(user)
        scope = user.partner_scope_ids()
        rows = self.exclude(~Q(created_by=user), submission_status=SubmissionStatus.DRAFT)
        return rows if scope is None else rows.filter(partner__in=scope)

    def _of_partner(self, user):
        own = (
            Q(partner=user.acting_for_id)
            if len(user.readable_partner_ids) == 1
            else Q(partner__in=user.readable_partner_ids)
        )
        if user.membership.own_rows_only:
            own &= Q(created_by=user)
        if "distributor" in user.acting_for.types:
            own |= Q(distributor=user.acting_for_id, submission_status=SubmissionStatus.SUBMITTED)
        return self.filter(own)

    def editable_by(self, user):
        """The partner's own rows, for whoever may register; the vendor's people edit what they began for a partner."""
        if user.is_partner:
            if not user.may("register_deals"):
                return self.none()
            rows = self.filter(partner=user.acting_for_id)
            return rows.filter(created_by=user) if user.membership.own_rows_only else rows
        return self.visible_to(user).filter(created_by=user) if user.may("decide_registrations") else self.none()

    def decidable_by(self, user):
        """What this vendor person may decide now."""
        if user.is_partner or not user.may("decide_registrations"):
            return self.none()
        return self.visible_to(user).filter(review_status__in=OPEN_REVIEW).open_to(user)

    def open_to(self, user):
        """Without those whose refusal by this person was taken back: somebody else decides on them."""
        taken_back = apps.get_model("deals", "AppealDecision").objects.filter(first_decided_by=user.pk)
        return self.exclude(pk__in=taken_back.values("appeal__registration"))

    def decided_or_decidable_by(self, user):
        """What this vendor person may look at as a decision: open or past."""
        if user.is_partner or not user.may("decide_registrations"):
            return self.none()
        return self.visible_to(user).filter(submission_status=SubmissionStatus.SUBMITTED)

    def extendable_by(self, user):
        """Whose protection this person may prolong: a partner its own, the vendor what it may decide on."""
        return self.editable_by(user) if user.is_partner else self.decided_or_decidable_by(user)

    def commentable_by(self, user):
        if user.is_partner:
            return self.editable_by(user).filter(submission_status=SubmissionStatus.SUBMITTED)
        return (
            self.visible_to(user).exclude(submission_status=SubmissionStatus.DRAFT)
            if user.may("decide_registrations")
            else self.none()
        )

    def with_names(self):
        """Fetch the names a page of the vendor shows, in the same statement."""
        return self.select_related("partner", "program", "distributor", "created_by", "participant__opportunity")

    def awaiting_vendor(self):
        return self.filter(review_status__in=AWAITING_VENDOR)

    def with_approval(self):
        """Join the vendor's file on the present submission: ``file`` is its id, for select and sort."""
        approvals = apps.get_model("deals", "Approval").objects.filter(
            registration=OuterRef("pk"), submission=OuterRef("submission")
        )
        return self.annotate(
            approval_id=approvals.values("pk")[:1],
            customer_id=approvals.values("customer_id")[:1],
            rejection_reason=approvals.values("rejection_reason")[:1],
        )

    def unanswered(self, now=None):
        """Returned to the partner, and its time to answer is over."""
        return self.filter(review_status__in=REVIEW.starts("expire"), answer_by__lte=now or timezone.now())

    def expire(self) -> int:
        """End unanswered returns, each with its event; safe to run again."""
        rows = list(self.select_for_update(skip_locked=True, of=("self",)))
        self.model.objects.filter(pk__in=[row.pk for row in rows]).update(
            review_status=REVIEW.end("expire"), version=F("version") + 1, updated_at=timezone.now(), answer_by=None
        )
        tell(rows, "expired")
        return len(rows)

    def lapse(self) -> int:
        """End what has no running protection left, each with its event; safe to run again."""
        running = apps.get_model("deals", "Protection").objects.filter(registration=OuterRef("pk"), status__in=RUNNING)
        rows = list(
            self.filter(~Exists(running), protection_status__in=PROTECTION.starts("lapse")).select_for_update(
                skip_locked=True, of=("self",)
            )
        )
        self.model.objects.filter(pk__in=[row.pk for row in rows]).update(
            protection_status=PROTECTION.end("lapse"), version=F("version") + 1, updated_at=timezone.now()
        )
        tell(rows, "lapsed")
        return len(rows)

    def follow_stage(self, stage: str, *, by=None) -> None:
        """Show the opportunity's new stage on the registrations that led to it."""
        rows = list(self.select_for_update(of=("self",)))
        self.model.objects.filter(pk__in=[row.pk for row in rows]).update(
            sales_stage=stage, version=F("version") + 1, updated_at=timezone.now()
        )
        tell(rows, "stage_changed", by=by, stage=stage)

    def ending_in(self, days: int, today: date | None = None):
        """Protected, and the last day is ``days`` away."""
        return self.filter(
            protection_status__in=RUNNING, protected_until=(today or business_today()) + timedelta(days=days + 1)
        )


class ApprovalQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner or not user.may("see_registrations"):
            return self.none()
        return self.filter(registration__in=apps.get_model("deals", "DealRegistration").objects.visible_to(user))

    def decidable_by(self, user):
        return self.visible_to(user) if user.may("decide_registrations") else self.none()

    def of_present_submission(self):
        return self.filter(
            submission=F("registration__submission"), registration__submission_status=SubmissionStatus.SUBMITTED
        )


class ProtectionQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(partner__in=user.readable_partner_ids)
        return self.filter(registration__in=apps.get_model("deals", "DealRegistration").objects.visible_to(user))

    def running(self):
        return self.filter(status__in=RUNNING)

    def blocking(self, customer, lines, spot, period):
        """The running protections that leave no room for another on these lines, place and days."""
        return self.running().filter(
            customer=customer, line__in=list(lines), place__overlap=spot, period__overlap=period, shared=False
        )

    def release(self) -> int:
        """Give the protection up before its end."""
        return self.update(status=ProtectionStatus.RELEASED, version=F("version") + 1, updated_at=timezone.now())

    def lapse_due(self, today: date | None = None) -> int:
        """End the protections whose last day is over; one statement, safe to run again, waiting for nobody."""
        over = self.running().filter(period__endswith__lte=today or business_today())
        free = over.order_by().select_for_update(skip_locked=True, of=("self",))
        return self.filter(pk__in=free.values("pk")).update(
            status=ProtectionStatus.LAPSED, version=F("version") + 1, updated_at=timezone.now()
        )


class CommentQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(registration__in=apps.get_model("deals", "DealRegistration").objects.editable_by(user))
        return self.filter(registration__in=apps.get_model("deals", "DealRegistration").objects.visible_to(user))


def tell(rows, verb: str, *, by=None, **payload) -> None:
    """One event for each registration, in two statements."""
    from prm.events.models import Event
    from prm.events.record import request_id, subject_type

    record_all(
        [
            Event(
                verb=verb,
                subject_type=subject_type(row),
                subject_id=row.pk,
                partner_id=row.partner_id,
                actor_id=by.pk if by else None,
                actor_name=by.name if by else "",
                actor_side="system" if by is None else "partner" if by.is_partner else "vendor",
                payload=payload,
                request_id=request_id(),
            )
            for row in rows
        ]
    )
