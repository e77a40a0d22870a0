from __future__ import annotations

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prm.events.audience import about_readable_subjects
from prm.ids import uuid7
from prm.rowpolicy import APPEND_ONLY, RowPolicy


class EventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner reads the events told to it; the vendor those of the partners in its scope, and those of no partner.

        Both only about what their role reads. What a partner drafts is its own until it is submitted.
        """
        readable = self.filter(about_readable_subjects(user))
        if user.is_partner:
            return readable.filter(partner_id=user.acting_for_id)
        scope, told = user.partner_scope_ids(), readable.exclude(verb__in=("drafted", "discarded"))
        return told if scope is None else told.filter(Q(partner_id__isnull=True) | Q(partner_id__in=scope))

    def about(self, *subjects):
        """The story of these records, newest first."""
        return self.filter(subject_id__in=[subject.pk for subject in subjects]).order_by("-at", "-id")


class Event(models.Model):
    """One thing that happened: timeline, notices, webhooks, attribution and KPIs all start from this row.

    ``partner_id`` is the partner that may read it; empty for what only the vendor may know. The payload holds what a
    sentence about the event needs, and nothing its readers may not see.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    partner_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    actor_side = models.CharField(
        max_length=10, choices=[("vendor", _("vendor")), ("partner", _("partner")), ("system", _("system"))]
    )
    payload = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    request_id = models.CharField(max_length=64, blank=True)

    objects = EventQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {partner}", insert="partner_id = {partner} OR partner_id IS NULL")

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "-at"], name="event_subject"),
            models.Index(fields=["partner_id", "-at", "-id"], name="event_partner"),
            models.Index(fields=["-at", "-id"], name="event_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}.{self.verb}"

    @property
    def name(self) -> str:
        """The public name: ``deal_registration.approved``."""
        return f"{self.subject_type}.{self.verb}"


class ErrandQuerySet(models.QuerySet):
    def due(self):
        """Errands to hand to the broker now: new ones, and those whose hand-over came to nothing."""
        return self.filter(dead=False, due_at__lte=timezone.now()).order_by("due_at", "id")

    def dead(self):
        return self.filter(dead=True)

    def handed_over(self, ids):
        """Look again only when the broker has had its time; the row stays until the work is done."""
        self.filter(pk__in=ids).update(sent_at=timezone.now(), due_at=timezone.now() + Errand.PATIENCE)


class Errand(models.Model):
    """A piece of background work, committed with the change that calls for it.

    The row is outbox and proof in one: the relay hands it to Celery, the worker locks it, works and deletes it in one
    transaction. While it exists the work is not done; once it is gone the work cannot be done twice. An errand whose message
    was lost is handed over again; one that keeps failing is kept as ``dead``, with its error, for a person to see.
    """

    PATIENCE = timedelta(
        seconds=settings.BROKER_PATIENCE * 1.2
    )  # longer than the broker's own, so that no live message is doubled
    TRIES = 8

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(max_length=100)
    event = models.ForeignKey(Event, models.CASCADE, null=True, db_constraint=False, db_index=False)
    kwargs = models.JSONField(default=dict)
    queue = models.CharField(max_length=20, default="default")
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    dead = models.BooleanField(default=False)
    error = models.TextField(blank=True)

    objects = ErrandQuerySet.as_manager()
    row_policy = APPEND_ONLY

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="errand_due", condition=Q(dead=False))]
        triggers = [
            pgtrigger.Trigger(
                name="wake_relay",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="PERFORM pg_notify('errands', ''); RETURN NULL;",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.pk}"

    def failed(self, error: str) -> None:
        """Note a failed try; the next one waits longer, the last one leaves the errand dead."""
        wait = timedelta(seconds=5 * 2 ** min(self.tries, 8))
        Errand.objects.filter(pk=self.pk).update(
            tries=F("tries") + 1, error=error[-4000:], due_at=timezone.now() + wait, dead=self.tries + 1 >= self.TRIES
        )

    def revive(self) -> None:
        """A person asks for another round of tries."""
        Errand.objects.filter(pk=self.pk).update(tries=0, dead=False, due_at=timezone.now())
