from __future__ import annotations

import time
from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from prm.db import acting
from prm.records import Record

REMEMBERED = "installation"
REMEMBERED_SECONDS = 60
HELD_SECONDS = 0 if settings.TESTING else 2
COLOUR = "#2a57c2"


@pghistory.track()
class Installation(Record):
    """What the vendor chose for everybody: its name and looks, who e-mails come from, which roles sign in with two steps."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    name = models.CharField(_("name of your company"), max_length=80, default="Partners")
    logo = models.CharField(max_length=80, blank=True, editable=False)  # file name under uploads/brand
    colour = models.CharField(_("main colour"), max_length=7, default=COLOUR)
    sender_name = models.CharField(_("sender name of e-mails"), max_length=80, blank=True)
    support_contact = models.CharField(_("contact for help"), max_length=200, blank=True)
    mfa_roles = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("roles that must use two-step sign-in"),
        default=list,
        blank=True,
    )

    _held: ClassVar[tuple[float, Installation | None]] = (0.0, None)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="one_installation")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        forget()
        transaction.on_commit(forget)

    @classmethod
    def current(cls) -> Installation:
        """The installation as everybody reads it: remembered in the cache, so a page costs no statement for it.

        A process believes for an instant what it read last. Nobody may change what is given out here: see ``for_change``.
        """
        until, found = cls._held
        if found is None or time.monotonic() > until:
            found = cls(**(cache.get(REMEMBERED) or cls._remember()))
            cls._held = time.monotonic() + HELD_SECONDS, found
        return found

    @classmethod
    def _remember(cls) -> dict[str, Any]:
        with acting("system"):
            row = cls.objects.first() or cls()
        values = {field.attname: getattr(row, field.attname) for field in cls._meta.concrete_fields}
        cache.set(REMEMBERED, values, REMEMBERED_SECONDS)
        return values

    @classmethod
    def for_change(cls) -> Installation:
        """The row itself, made at the first change."""
        row, _created = cls.objects.get_or_create(only=True)
        return row

    @property
    def brand(self) -> dict[str, Any]:
        logo_url = reverse("installation:logo", args=[self.logo]) if self.logo else ""
        return {"name": self.name, "logo_url": logo_url, "version": self.version, "colour": self.colour}


def forget() -> None:
    """Read the installation anew; other processes do within ``HELD_SECONDS``."""
    cache.delete(REMEMBERED)
    Installation._held = 0.0, None
