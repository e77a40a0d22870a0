"""What every record of the product has in common."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.errors import StaleVersion
from prm.ids import uuid7


class Part(models.Model):
    """A row that belongs to a record and lives with it; its id tells nothing of how many there are."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class Record(models.Model):
    """A row with a UUIDv7, its dates and a version that grows with each change (the strong ETag of the API)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    is_locked = False  # whoever read the row FOR UPDATE in this transaction says so; the next ``lock`` believes it once

    class Meta:
        abstract = True

    def lock(self, version: int | str | None = None) -> Self:
        """Lock the row until the end of the transaction and refresh it; refuse when somebody changed it since ``version``.

        Raises StaleVersion (412 in the API), or ``DoesNotExist`` when the row is out of reach.
        """
        if self.is_locked:  # read under its lock a moment ago
            self.is_locked = False
        else:
            self._read_locked()
        if version not in (None, "") and str(version) != str(self.version):
            raise StaleVersion(self)
        return self

    def _read_locked(self) -> None:
        fresh = type(self)._base_manager.select_for_update(of=("self",)).get(pk=self.pk)
        for field in self._meta.concrete_fields:
            setattr(self, field.attname, getattr(fresh, field.attname))
        self._state.fields_cache.clear()

    def put(self, **changes: object) -> None:
        """Save these changes and raise the version, as one statement; the caller holds the lock."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.version += 1
        self.save(update_fields=[*changes, "version", "updated_at"])
