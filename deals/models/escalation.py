from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from prm.records import Part


class Promise(models.TextChoices):
    FIRST_ANSWER = "first_answer", pgettext_lazy("promise", "First answer")
    DECISION = "decision", pgettext_lazy("promise", "Decision")
    SECOND_REVIEW = "second_review", pgettext_lazy("promise", "Second review")


class Escalation(Part):
    """A promised moment passed without its answer: which one, and who was told. One row a promise.

    The vendor's own; the registration the partner reads does not change.
    """

    registration = models.ForeignKey("deals.DealRegistration", models.CASCADE, related_name="escalations")
    promise = models.CharField(max_length=13, choices=Promise.choices)
    due_at = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)
    told = ArrayField(models.CharField(max_length=200), default=list)  # names, as they were

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "promise", "due_at"], name="escalated_once"),
        ]

    def __str__(self) -> str:
        return f"{self.promise} {self.due_at:%Y-%m-%d}"


def say_escalated(payload: dict[str, Any]) -> str:
    """The line of the vendor's timeline."""
    promise = dict(Promise.choices).get(payload.get("promise"), "")
    names = ", ".join(payload.get("told", []))
    if not names:
        return _("%(promise)s late; there was nobody to tell") % {"promise": promise}
    return _("%(promise)s late; told: %(names)s") % {"promise": promise, "names": names}
