from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.records import Part


class KeyKind(models.TextChoices):
    NUMBER = "number", _("official number")
    DOMAIN = "domain", _("website")
    NAME = "name", _("name and country")


class MatchKey(Part):
    """A value two records of the same customer share: found by one index look-up, whatever the number of records.

    ``subject_type`` is "customer" or "deal_registration"; rows belong to the vendor alone.
    """

    kind = models.CharField(max_length=6, choices=KeyKind.choices)
    value = models.CharField(max_length=300)
    subject_type = models.CharField(max_length=30)
    subject_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value", "subject_type", "subject_id"], name="match_key_once")
        ]
        indexes = [models.Index(fields=["subject_id"], name="match_key_subject")]

    def __str__(self) -> str:
        return f"{self.kind}={self.value}"
