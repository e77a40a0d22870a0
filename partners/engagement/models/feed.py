from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from prm.api.models import digest_of
from prm.ids import uuid7


class FeedQuerySet(models.QuerySet["CalendarFeed"]):
    def of(self, user):
        """A person's feed for the side they act for."""
        return self.filter(user=user.pk, membership=user.membership)

    def renew(self, user) -> str:
        """Give the person a new address and its secret; the one before no longer works."""
        self.of(user).delete()
        secret = secrets.token_urlsafe(32)
        self.create(user_id=user.pk, membership=user.membership, digest=digest_of(secret))
        return secret

    def opened_by(self, secret: str) -> CalendarFeed | None:
        """The feed this secret opens; the database keeps only its hash."""
        return self.filter(digest=digest_of(secret)).first()


class CalendarFeed(models.Model):
    """The address a person's calendar reads their dates from, without signing in; one for each side they act for.

    Only the system looks it up; the portal's database role cannot read it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feeds")
    membership: Any = models.ForeignKey("partners.Membership", models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_read_at = models.DateTimeField(null=True)

    objects = FeedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "membership"], name="one_feed", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"calendar {self.pk}"
