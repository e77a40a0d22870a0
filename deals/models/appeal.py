"""A partner asks that somebody else look again at a refusal: once, in time, decided by another person."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pghistory
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from deals.axes import RejectionReason, ReviewStatus
from deals.transitions import step
from partners.models import Partner
from prm import events
from prm.calendar import due_by
from prm.errors import RuleViolation
from prm.records import Part, Record
from prm.rowpolicy import RowPolicy
from prm.ui.templatetags.ui import day

if TYPE_CHECKING:
    from deals.models.approval import Approval
    from deals.models.registration import DealRegistration

VENDOR = SimpleNamespace(pk=None, name="", is_partner=False)  # the partner reads that the vendor decided, not who


class AppealStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("second review", "asked for")
    UPHELD = "upheld", pgettext_lazy("second review", "refusal upheld")
    OVERTURNED = "overturned", pgettext_lazy("second review", "refusal taken back")
    WITHDRAWN = "withdrawn", pgettext_lazy("second review", "withdrawn")


def registrations():
    return apps.get_model("deals", "DealRegistration").objects


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, user):
        """Whoever reads the registration, but not the distributor it names."""
        rows = self.filter(registration__in=registrations().visible_to(user))
        return rows.filter(partner__in=user.readable_partner_ids) if user.is_partner else rows

    def editable_by(self, user):
        """What this partner person may still withdraw."""
        return self.filter(registration__in=registrations().editable_by(user)) if user.is_partner else self.none()

    def decided_or_decidable_by(self, user):
        """What this vendor person may look at as a decision: open or past, and whoever took the first one."""
        if user.is_partner or not user.may("decide_registrations"):
            return self.none()
        return self.visible_to(user)

    def decidable_by(self, user):
        """What waits for this vendor person: never an appeal against a decision of their own."""
        first = apps.get_model("deals", "Approval").objects.filter(
            registration=OuterRef("registration"), submission=OuterRef("submission"), decided_by=user.pk
        )
        return self.decided_or_decidable_by(user).open().filter(~Exists(first))

    def open(self):
        return self.filter(status=AppealStatus.OPEN)


@pghistory.track()
class Appeal(Record):
    """The partner's request to have a refusal looked at again. What only the vendor knows stands in ``AppealDecision``."""

    registration = models.ForeignKey("deals.DealRegistration", models.CASCADE, related_name="appeals")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    submission = models.PositiveSmallIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(gettext_lazy("what we should look at again"), max_length=4000)
    status = models.CharField(max_length=10, choices=AppealStatus.choices, default=AppealStatus.OPEN)
    decide_by = models.DateTimeField(editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    answer = models.TextField(gettext_lazy("answer to the partner"), max_length=4000, blank=True)

    objects = AppealQuerySet.as_manager()
    # The portal asks and withdraws; the answer is out of its reach.
    row_policy = RowPolicy(
        read="partner_id = {readable}",
        write="partner_id = {partner} AND status IN ('open', 'withdrawn')",
        insert="partner_id = {partner} AND status = 'open'",
        columns=("status", "version", "updated_at"),
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["registration", "submission"], name="appealed_once")]
        indexes = [
            models.Index(fields=["decide_by"], name="appeal_queue", condition=models.Q(status=AppealStatus.OPEN)),
            models.Index(fields=["-created_at", "-id"], name="appeal_recent"),
        ]

    def __str__(self) -> str:
        return self.text[:50]

    @property
    def is_open(self) -> bool:
        return self.status == AppealStatus.OPEN

    @classmethod
    def until(cls, registration: DealRegistration, now: datetime) -> datetime | None:
        """How long a refusal given now may be appealed against; a second refusal may not."""
        if cls.objects.filter(registration=registration, submission=registration.submission).exists():
            return None
        return due_by(now, registration.program.appeal_days)

    @classmethod
    @transaction.atomic
    def lodge(cls, registration: DealRegistration, *, by, text: str, version=None) -> Appeal:
        """Ask for a second review of the refusal; the registration itself stays as it is."""
        registration.lock(version)
        now = timezone.now()
        if not by.is_partner:
            raise RuleViolation("not_the_partner", _("Only the partner may ask for a second review."))
        if cls.objects.filter(registration=registration, submission=registration.submission).exists():
            raise RuleViolation("already_appealed", _("A second review of this decision was already asked for."))
        if registration.review_status != ReviewStatus.REJECTED or registration.appeal_by is None:
            raise RuleViolation("not_refused", _("There is no refusal here that could be reviewed a second time."))
        if registration.appeal_by <= now:
            raise RuleViolation(
                "too_late",
                _("A second review could be asked for until %(day)s. You may register the deal again.")
                % {"day": day(registration.appeal_by)},
            )
        if not text.strip():
            raise RuleViolation("text_missing", _("Write what we should look at again."), field="text")
        appeal = cls(
            registration=registration,
            partner_id=registration.partner_id,
            submission=registration.submission,
            created_by=by,
            text=text,
            decide_by=due_by(now, registration.program.decision_days),
        )
        appeal.save(force_insert=True)
        events.record(
            registration,
            "appealed",
            by=by,
            partner_id=appeal.partner_id,
            appeal=str(appeal.pk),
            decide_by=appeal.decide_by.isoformat(),
        )
        return appeal

    @transaction.atomic
    def withdraw(self, *, by, version=None) -> None:
        """The partner no longer wants it; a second one cannot be asked for."""
        self.lock(version)
        self._refuse_unless_open()
        self.put(status=AppealStatus.WITHDRAWN)
        events.record(self.registration, "appeal_withdrawn", by=by, partner_id=self.partner_id, appeal=str(self.pk))

    @transaction.atomic
    def uphold(self, *, by, message: str, notes: str = "", version=None) -> None:
        """The refusal stands; the partner reads why."""
        if not message.strip():
            raise RuleViolation("message_missing", _("Write why the refusal stands."), field="message")
        self._decide(AppealStatus.UPHELD, by=by, message=message, notes=notes, version=version)

    @transaction.atomic
    def overturn(self, *, by, message: str = "", notes: str = "", version=None) -> None:
        """Take the refusal back: the registration waits for a decision again, with new dates."""
        self._decide(AppealStatus.OVERTURNED, by=by, message=message, notes=notes, version=version)

    def _decide(self, outcome: str, *, by, message: str, notes: str, version) -> None:
        registration = self.registration.lock()  # first: every verb locks in this order
        self.lock(version)
        self._refuse_unless_open()
        file = registration.approval.lock()
        AppealDecision.refuse_first_decider(file.decided_by_id, by)
        AppealDecision.objects.create(
            appeal=self,
            decided_by=by,
            first_decided_by_id=file.decided_by_id,
            first_reason=file.rejection_reason,
            notes=notes,
        )
        self.put(status=outcome, answer=message, decided_at=timezone.now())
        told = {"appeal": str(self.pk)}
        if outcome == AppealStatus.OVERTURNED:
            self._reopen(registration, file, by)
            told["decide_by"] = registration.decide_by.isoformat()
        events.record(registration, f"appeal_{outcome}", by=VENDOR, partner_id=self.partner_id, **told)
        events.record(file, "appeal_decided", by=by, outcome=str(outcome))

    @staticmethod
    def _reopen(registration: DealRegistration, file: Approval, by) -> None:
        """The refusal is as if it had not been; whoever took it back has the registration now."""
        respond_by, decide_by = registration.program.answer_dates(timezone.now())
        registration.put(
            **step(registration, "overturn", by=by),
            public_reason="",
            message="",
            decided_at=None,
            appeal_by=None,
            respond_by=respond_by,
            decide_by=decide_by,
        )
        file.put(decided_by=None, decided_for=None, before={}, outcome="", rejection_reason="", taken_by=by)

    def _refuse_unless_open(self) -> None:
        if not self.is_open:
            raise RuleViolation(
                "move_not_allowed",
                _("This second review is already %(status)s. Reload the page.") % {"status": self.get_status_display()},
            )


class AppealDecision(Part):
    """What the vendor keeps of the answer to an appeal: who gave it, against whose decision, and why. No partner reads it."""

    appeal = models.OneToOneField(Appeal, models.CASCADE, related_name="decision")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    first_decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    first_reason = models.CharField(max_length=20, choices=RejectionReason.choices, blank=True)
    notes = models.TextField(gettext_lazy("private notes"), max_length=4000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return str(self.appeal_id)

    @staticmethod
    def refuse_first_decider(first_id, by) -> None:
        """Nobody reviews a decision of their own."""
        if first_id is not None and first_id == by.pk:
            raise RuleViolation(
                "same_person", _("You took the first decision. Somebody else decides on the second review.")
            )

    @classmethod
    def refuse_second_time(cls, registration_id, by) -> None:
        """Once a refusal is taken back, whoever gave it does not decide again."""
        if by is not None and cls.objects.filter(appeal__registration=registration_id, first_decided_by=by).exists():
            raise RuleViolation(
                "same_person",
                _("You took the first decision, which was taken back. Somebody else decides on this registration."),
            )
