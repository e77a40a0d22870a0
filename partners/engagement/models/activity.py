from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from partners.engagement.querysets import ActivityQuerySet
from partners.engagement.subjects import activity_subjects
from partners.models import Membership, Partner
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import RowPolicy

MORNING = time(8)


class ActivityKind(models.TextChoices):
    MEETING = "meeting", pgettext_lazy("activity", "meeting")
    CALL = "call", pgettext_lazy("activity", "call")
    NOTE = "note", pgettext_lazy("activity", "note")
    TASK = "task", pgettext_lazy("activity", "task")
    CHECK_IN = "check_in", pgettext_lazy("activity", "check-in")
    DEMO = "demo", pgettext_lazy("activity", "demonstration")


@pghistory.track(exclude=["reminded"])
class Activity(Record):
    """What was done with a partner or on a deal, or is to be done: by whom, until when.

    ``subject_type`` and ``subject_id`` name what it is about (``activity_subjects``); without them it is about the partner.
    ``side`` wrote it. ``shared``: the partner reads it; what a partner writes always is, and the vendor reads that too. What
    the vendor keeps for itself no partner learns of.
    """

    kind = models.CharField(gettext_lazy("kind"), max_length=8, choices=ActivityKind.choices)
    title = models.CharField(gettext_lazy("what"), max_length=200)
    text = models.TextField(gettext_lazy("notes"), max_length=4000, blank=True)
    subject_type = models.CharField(gettext_lazy("about"), max_length=20, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    partner = models.ForeignKey(
        Partner,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=gettext_lazy("partner"),
    )
    side = models.CharField(
        max_length=7,
        choices=[("vendor", gettext_lazy("vendor")), ("partner", gettext_lazy("partner"))],
        editable=False,
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,  # so that a reader who may not know the person still reads the row
        related_name="+",
        verbose_name=gettext_lazy("by"),
        editable=False,
    )
    at = models.DateTimeField(gettext_lazy("when"), null=True, blank=True)
    due_on = models.DateField(gettext_lazy("due"), null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        verbose_name=gettext_lazy("who does it"),
    )
    reminder_days = models.PositiveSmallIntegerField(
        gettext_lazy("remind, days before"), null=True, blank=True, validators=[MaxValueValidator(90)]
    )
    remind_on = models.DateField(null=True, editable=False)
    reminded = models.BooleanField(default=False, editable=False)
    done_at = models.DateTimeField(gettext_lazy("done"), null=True, blank=True, editable=False)
    shared = models.BooleanField(gettext_lazy("the partner reads it"), default=False)

    objects = ActivityQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner} AND shared",
        write="partner_id = {partner} AND shared",
        insert="partner_id = {partner} AND shared AND side = 'partner' AND created_by_id = {user}",
        delete="partner_id = {partner} AND shared AND side = 'partner'",
        columns=(
            "kind",
            "title",
            "text",
            "at",
            "due_on",
            "assignee_id",
            "reminder_days",
            "remind_on",
            "reminded",
            "done_at",
            "version",
            "updated_at",
        ),
    )

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["partner", "-created_at", "-id"], name="activity_partner"),
            models.Index(fields=["subject_id", "-created_at"], name="activity_subject"),
            models.Index(fields=["assignee", "due_on"], name="activity_to_do", condition=Q(done_at__isnull=True)),
            models.Index(fields=["-created_at", "-id"], name="activity_recent"),
            models.Index(
                fields=["remind_on"],
                name="activity_reminder",
                condition=Q(done_at__isnull=True, reminded=False, remind_on__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(shared=False) | Q(partner__isnull=False), name="activity_shared_with_somebody"
            ),
            models.CheckConstraint(
                condition=Q(side="vendor") | Q(side="partner", shared=True), name="activity_of_partner_is_shared"
            ),
            models.CheckConstraint(
                condition=Q(subject_type="", subject_id__isnull=True)
                | (~Q(subject_type="") & Q(subject_id__isnull=False)),
                name="activity_whole_subject",
            ),
            models.CheckConstraint(
                condition=Q(partner__isnull=False) | ~Q(subject_type=""), name="activity_about_something"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("engagement:activity", args=[self.pk])

    @property
    def is_done(self) -> bool:
        return self.done_at is not None

    @property
    def is_overdue(self) -> bool:
        return not self.is_done and self.due_on is not None and self.due_on < timezone.localdate()

    # Verbs ---------------------------------------------------------------------------------------------------------------

    @classmethod
    def begin(cls, *, by: Any, about: Any, **values: Any) -> Activity:
        """Plan what is to come (a task, a due date, a moment ahead), log what was."""
        at = values.get("at")
        if values.get("due_on") or values["kind"] == ActivityKind.TASK or (at and at > timezone.now()):
            return cls.plan(by=by, about=about, **values)
        for name in ("due_on", "assignee", "reminder_days"):
            values.pop(name, None)
        return cls.log(by=by, about=about, **values)

    @classmethod
    def log(cls, *, by: Any, about: Any, at: datetime | None = None, **values: Any) -> Activity:
        """Write down what happened, now or at ``at``."""
        at = at or timezone.now()
        if at > timezone.now() + timedelta(minutes=5):
            raise RuleViolation("in_the_future", _("This is still to come: plan it instead."), field="at")
        return cls._begin("logged", by=by, about=about, at=at, done_at=at, **values)

    @classmethod
    def plan(cls, *, by: Any, about: Any, assignee: Any = None, **values: Any) -> Activity:
        """Something to do, by ``assignee`` (oneself unless said), until ``due_on`` or at ``at``."""
        return cls._begin("planned", by=by, about=about, assignee=assignee or by, **values)

    @classmethod
    @transaction.atomic
    def _begin(
        cls, verb: str, *, by: Any, about: Any, partner: Any = None, shared: bool = False, **values: Any
    ) -> Activity:
        side = "partner" if by.is_partner else "vendor"
        activity = cls(created_by=by, side=side, shared=shared or by.is_partner, **values)
        activity._is_about(about, by.acting_for if by.is_partner else partner)
        activity._check()
        activity.save(force_insert=True)
        activity._tell(verb, by, given=verb == "planned" and activity.assignee_id != by.pk)
        return activity

    @transaction.atomic
    def change(self, *, by: Any, version: Any = None, **values: Any) -> Activity:
        """Correct or move it; a new due date is reminded of anew. The subject and the partner stay."""
        self.lock(version)
        before, assignee = (self.due_on, self.reminder_days), self.assignee_id
        for name, value in values.items():
            setattr(self, name, value)
        if by.is_partner:
            self.shared = True
        if self.is_done and "at" in values and self.at:
            self.done_at = self.at
            values["done_at"] = self.at
        self._check()
        if (self.due_on, self.reminder_days) != before or self.assignee_id != assignee:
            values["reminded"] = False
        self.put(**{**values, "remind_on": self.remind_on, **({} if by.is_partner else {"shared": self.shared})})
        self._tell("changed", by, given=self.assignee_id not in (assignee, by.pk, None))
        return self

    @transaction.atomic
    def complete(self, *, by: Any, version: Any = None, at: datetime | None = None) -> bool:
        """It is done; once is enough. Answers whether this call did it."""
        self.lock(version)
        if self.is_done:
            return False
        moment = at or timezone.now()
        self.put(done_at=moment, at=self.at or moment)
        self._tell("done", by)
        return True

    @transaction.atomic
    def reopen(self, *, by: Any, version: Any = None) -> bool:
        """It is still to do."""
        self.lock(version)
        if not self.is_done:
            return False
        self.put(done_at=None)
        self._tell("reopened", by)
        return True

    @transaction.atomic
    def remove(self, *, by: Any, version: Any = None) -> None:
        """Delete it; what happened keeps that there was one."""
        self.lock(version)
        self._tell("deleted", by)
        self.delete()

    # Rules -----------------------------------------------------------------------------------------------------------------

    def _is_about(self, about: Any, partner: Any) -> None:
        """Tie it to its subject; a partner is named only through a row of its own."""
        if isinstance(about, Partner):
            self.partner = about
            return
        subject = activity_subjects.of(about)
        if subject is not None and subject.vendor_only and partner is not None and subject.own_row:
            about = subject.own_row(about, partner.pk)
            subject = activity_subjects.of(about) if about is not None else None
        if subject is None:
            raise RuleViolation("unknown_subject", _("There is no such record."), field="subject_id")
        own = subject.partner_of(about)
        if self.shared and subject.vendor_only:
            raise RuleViolation(
                "not_shareable",
                _("Choose the partner it concerns to share it; this record itself is not shown to partners."),
                field="shared",
            )
        self.subject_type, self.subject_id = subject.kind, about.pk
        self.partner_id = own or (partner.pk if partner is not None else None)

    def _check(self) -> None:
        """What must hold of any activity, and the day of its reminder."""
        if self.shared and not self.partner_id:
            raise RuleViolation("no_partner", _("Name the partner it is shared with."), field="partner")
        if self.shared and (subject := activity_subjects.get(self.subject_type)) and subject.vendor_only:
            raise RuleViolation(
                "not_shareable", _("An activity on this record is not shown to partners."), field="shared"
            )
        if self.assignee_id and not self.assignee.role:
            self._check_partner_person()
        self.remind_on = self.due_on - timedelta(days=self.reminder_days or 0) if self.due_on else None

    def _check_partner_person(self) -> None:
        if not self.shared:
            raise RuleViolation(
                "not_shared", _("Share it with the partner to give it to one of its people."), field="assignee"
            )
        members = Membership.objects.filter(partner=self.partner_id, is_active=True)
        if not members.filter(user=self.assignee_id).exists():
            raise RuleViolation(
                "not_a_member", _("This person does not belong to the partner it is about."), field="assignee"
            )

    def _tell(self, verb: str, by: Any, **more: Any) -> None:
        events.record(
            self,
            verb,
            by=by,
            partner_id=self.partner_id if self.shared else None,
            kind=self.kind,
            title=self.title,
            subject_type=self.subject_type or "partner",
            subject_id=str(self.subject_id or self.partner_id),
            partner=str(self.partner_id) if self.partner_id else None,
            at=self.at if self.at and self.at <= timezone.now() else None,  # what is planned is told now
            **more,
        )

    def reminder_at(self) -> datetime | None:
        """The morning of the reminder, where the person who has to do it is."""
        if self.remind_on is None or self.assignee is None:
            return None
        return datetime.combine(self.remind_on, MORNING, ZoneInfo(self.assignee.time_zone))
