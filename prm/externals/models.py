from __future__ import annotations

from typing import Any

from django.db import connection, models

from prm.events.record import subject_type
from prm.ids import uuid7
from prm.rowpolicy import RowPolicy


class ExternalIdQuerySet(models.QuerySet["ExternalId"]):
    def owned_by(self, partner_id: Any):
        """The ids one owner gave: a partner, or (None) the vendor."""
        return self.filter(partner_id__isnull=True) if partner_id is None else self.filter(partner_id=partner_id)

    def visible_to(self, user):
        return self.owned_by(user.acting_for_id)

    def naming(self, model: type[models.Model] | models.Model, source: str, external_id: str):
        """The row that ties ``external_id`` of ``source`` to a record of ``model``: one or none per owner."""
        return self.filter(subject_type=subject_type(model), source=source, external_id=external_id)

    def about(self, model: type[models.Model] | models.Model, ids):
        return self.filter(subject_type=subject_type(model), subject_id__in=list(ids))

    def link(self, record: models.Model, source: str, external_id: str, *, owner_id: Any = None) -> ExternalId:
        """Note that this owner's ``source`` calls ``record`` by ``external_id``."""
        return self.create(
            partner_id=owner_id,
            subject_type=subject_type(record),
            subject_id=record.pk,
            source=source,
            external_id=external_id,
        )


class ExternalId(models.Model):
    """What another system calls one of our records."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True)  # whose id it is; empty: the vendor's
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)

    objects = ExternalIdQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner}", write="partner_id = {partner}", delete="partner_id = {partner}"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner_id", "subject_type", "source", "external_id"],
                name="external_id_once",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["subject_id"], name="external_id_subject")]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


def wait_for_turn(model: type[models.Model], source: str, external_id: str, owner_id: Any = None) -> None:
    """Until the transaction ends, nobody else creates a record under this id: two upserts at once make one record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))",
            ["\x1f".join(("external", str(owner_id or ""), subject_type(model), source, external_id))],
        )
