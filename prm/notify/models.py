from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from prm.ids import uuid7
from prm.notify.registry import Words, notices
from prm.rowpolicy import RowPolicy


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own notices, of the side they act for."""
        return self.filter(user=user.pk, partner_id=user.acting_for_id)

    def unread(self):
        return self.filter(read_at__isnull=True)

    def mark_read(self) -> int:
        return self.unread().update(read_at=timezone.now())


class Notification(models.Model):
    """One line of a person's inbox. Kept as facts, put into words when it is read, in the language of that moment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    partner_id = models.UUIDField(null=True)  # the partner the person is told for; empty: for the vendor
    kind = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()
    row_policy = RowPolicy(
        read="user_id = {user} AND partner_id = {partner}",
        write="user_id = {user} AND partner_id = {partner}",
        insert="",
    )

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["user", "partner_id", "-at", "-id"], name="notification_inbox"),
            models.Index(
                fields=["user", "partner_id"], name="notification_unread", condition=models.Q(read_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def words(self) -> Words:
        notice = notices.get(self.kind)
        return notice.words(self.data) if notice else Words(self.kind)

    @property
    def icon(self) -> str:
        notice = notices.get(self.kind)
        return notice.icon if notice else "bell"


class PreferenceQuerySet(models.QuerySet["Preference"]):
    def of(self, user) -> dict[str, Preference]:
        return {row.kind: row for row in self.filter(user=user.pk)}

    def choose(self, user, kind: str, *, in_app: bool, email: bool) -> None:
        self.update_or_create(user_id=user.pk, kind=kind, defaults={"in_app": in_app, "email": email})


class Preference(models.Model):
    """What a person wants of one kind of notice; without a row, both."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=60)
    in_app = models.BooleanField(default=True)
    email = models.BooleanField(default=True)

    objects = PreferenceQuerySet.as_manager()
    row_policy = RowPolicy(read="user_id = {user}", write="user_id = {user}")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_preference")]

    def __str__(self) -> str:
        return self.kind


class SentMail(models.Model):
    """An e-mail that left, as it was written: the screen "Sent e-mail"."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    to = models.EmailField(_("to"))
    kind = models.CharField(max_length=60)
    language = models.CharField(_("language"), max_length=5)
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField()
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)

    class Meta:
        ordering = ["-sent_at", "-id"]
        indexes = [models.Index(fields=["-sent_at", "-id"], name="sent_mail_recent")]

    def __str__(self) -> str:
        return self.subject

    @classmethod
    def visible_rows(cls, user: Any) -> models.QuerySet:
        """Whoever may see mail sees all of it."""
        return cls.objects.all() if user.may("see_mail") else cls.objects.none()
