from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from deals.querysets import CommentQuerySet
from partners.models import Partner
from prm.records import Part
from prm.rowpolicy import RowPolicy


class Comment(Part):
    """One message of the conversation on a registration."""

    registration = models.ForeignKey("deals.DealRegistration", models.CASCADE, related_name="comments")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_constraint=False)
    author_name = models.CharField(max_length=200)
    text = models.TextField(gettext_lazy("message"), max_length=4000)
    at = models.DateTimeField(default=timezone.now)

    objects = CommentQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {partner}", insert="partner_id = {partner}")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:50]
