from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from prm import jobs
from prm.events.record import enqueue
from prm.ids import uuid7
from prm.rowpolicy import OWN_READ


class JobStatus(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("job", "waiting")
    RUNNING = "running", pgettext_lazy("job", "running")
    DONE = "done", pgettext_lazy("job", "done")
    FAILED = "failed", pgettext_lazy("job", "failed")
    CANCELLED = "cancelled", pgettext_lazy("job", "cancelled")


UNDER_WAY = (JobStatus.QUEUED, JobStatus.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user):
        """Each person sees their own jobs; those who look after the installation see the vendor's."""
        if user.is_partner:
            return self.filter(partner_id=user.acting_for_id, owner=user)
        return self if user.may("see_jobs") else self.filter(owner=user, partner_id=None)

    def cancellable_by(self, user):
        return self.visible_to(user).under_way()

    def under_way(self):
        return self.filter(status__in=UNDER_WAY)

    @transaction.atomic
    def start(
        self,
        kind: str,
        *,
        title: str = "",
        by: Any = None,
        total: int | None = None,
        subject_id: Any = None,
        **state: Any,
    ) -> Job:
        """Queue a job; its first chunk starts after the commit. ``state`` is kept in ``result`` for its steps."""
        job: Job = self.create(
            kind=kind,
            title=title[:200],
            owner=by,
            partner_id=by.acting_for_id if by else None,
            total=total,
            subject_id=subject_id,
            result=state,
        )
        enqueue("jobs.step", job_id=str(job.pk))
        return job


class Job(models.Model):
    """A piece of long work: what it is, how far, and how it ended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(gettext_lazy("kind"), max_length=40)
    title = models.CharField(gettext_lazy("title"), max_length=200, blank=True)
    status = models.CharField(gettext_lazy("status"), max_length=9, choices=JobStatus.choices, default=JobStatus.QUEUED)
    done = models.PositiveIntegerField(gettext_lazy("done"), default=0)
    total = models.PositiveIntegerField(gettext_lazy("of"), null=True)
    result = models.JSONField(gettext_lazy("result"), default=dict)
    error = models.TextField(gettext_lazy("error"), blank=True)
    cancel_requested = models.BooleanField(default=False)
    subject_id = models.UUIDField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("started by")
    )
    partner_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(gettext_lazy("started"), default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(gettext_lazy("ended"), null=True)

    objects = JobQuerySet.as_manager()
    row_policy = OWN_READ

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="job_recent"),
            models.Index(fields=["subject_id"], name="job_subject"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.kind_label)

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.pk])

    @property
    def kind_label(self) -> Any:
        return jobs.kind(self.kind).label

    @property
    def outcome_url(self) -> str:
        """The page that shows what came of it."""
        found = jobs.kind(self.kind).url
        return found(self) if found else ""

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    def advance(self, by: int = 0, **result: Any) -> None:
        """Note what this chunk did; it is seen when the chunk commits."""
        self.done += by
        self.result = {**self.result, **result}
        self.save(update_fields=["done", "result", "total"])

    def work(self) -> bool:
        """Do the next chunk; answers whether another one is needed. A job that was cancelled meanwhile ends here."""
        if not self.is_under_way:
            return False
        if self.cancel_requested:
            self.end(JobStatus.CANCELLED)
            return False
        if self.status == JobStatus.QUEUED:
            self.status, self.started_at = JobStatus.RUNNING, timezone.now()
            self.save(update_fields=["status", "started_at"])
        if jobs.kind(self.kind).step(self):
            return True
        self.end(JobStatus.DONE)
        return False

    def end(self, status: str, error: str = "") -> None:
        self.status, self.error, self.ended_at = status, error[:4000], timezone.now()
        self.save(update_fields=["status", "error", "ended_at"])
        if ended := jobs.kind(self.kind).ended:
            ended(self)

    def cancel(self) -> None:
        """Ask the job to end; it does so before its next chunk. What is done stays done."""
        type(self).objects.filter(pk=self.pk).under_way().update(cancel_requested=True)
