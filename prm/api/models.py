from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prm.ids import uuid7
from prm.rowpolicy import RowPolicy

PREFIX = "prm_"
EVERYTHING = "*"


def digest_of(text: str) -> str:
    """What is kept of a token. It is 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime | None = None):
        return self.filter(revoked_at__isnull=True, expires_at__gt=now or timezone.now())

    def of(self, user):
        """A person's own tokens for the side they act for."""
        return self.filter(user=user, membership=user.membership)

    def issue(
        self, user, *, name: str = "", scopes=(EVERYTHING,), days: int = 365, membership: Any = None
    ) -> tuple[ApiToken, str]:
        """A new token and its secret; the secret is shown this once and only its hash is kept."""
        secret = PREFIX + secrets.token_urlsafe(32)
        token = self.create(
            user=user,
            membership=membership,
            name=name,
            scopes=sorted(set(scopes)),
            hint=secret[: len(PREFIX) + 4],
            digest=digest_of(secret),
            expires_at=timezone.now() + timedelta(days=days),
        )
        return token, secret


class ApiToken(models.Model):
    """Lets a program act as a person, for one side (the vendor, or one partner), within its scopes and until it expires.

    It never does more than the person may. Only the system looks tokens up; the portal's database role cannot read them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    membership = models.ForeignKey(
        "partners.Membership",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="api_tokens",
        verbose_name=_("acts for"),
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    scopes = ArrayField(models.CharField(max_length=80), verbose_name=_("scopes"))
    hint = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name or f"{self.hint}…"

    def grants(self, scope: str) -> bool:
        return EVERYTHING in self.scopes or scope in self.scopes

    def revoke(self) -> None:
        """The next call with this token is refused."""
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])


class RememberedAnswer(models.Model):
    """What a POST with an ``Idempotency-Key`` was answered, kept for a week and committed with the effect itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user_id = models.UUIDField()
    partner_id = models.UUIDField(null=True)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of method, address and body
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    row_policy = RowPolicy(
        read="user_id = {user} AND partner_id = {partner}", insert="user_id = {user} AND partner_id = {partner}"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "partner_id", "key"], name="answered_once", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["created_at"], name="answer_age")]

    def __str__(self) -> str:
        return self.key
