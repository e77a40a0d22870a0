from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from prm.ids import uuid7
from prm.rowpolicy import APPEND_ONLY, RowPolicy


class Fact(models.Model):
    """One line of the ledger of figures: what one row of the product adds to one measure, on one day, for whom and on what.

    Written by ``attribution.kpis.ledger`` alone, and always all lines of a source at once. ``value`` is in minor units of the
    reporting currency, or days, minutes, or 1; ``n`` is 1, or −1 where something stops being (a deal leaves the pipeline).
    ``shared``: the partner may know of it.
    """

    source = models.CharField(max_length=16)
    source_id = models.UUIDField()
    measure = models.CharField(max_length=24)
    on_date = models.DateField()
    partner_id = models.UUIDField(null=True)
    territory_id = models.UUIDField(null=True)
    line_id = models.UUIDField(null=True)
    route = models.CharField(max_length=11, blank=True)
    value = models.BigIntegerField(default=0)
    n = models.SmallIntegerField(default=1)
    shared = models.BooleanField(default=True)

    row_policy = RowPolicy(read="partner_id = {partner} AND shared")

    class Meta:
        indexes = [
            models.Index(fields=["source_id", "source"], name="fact_source"),
            models.Index(
                fields=["measure", "on_date"], include=["partner_id", "source_id", "value", "n"], name="fact_measure"
            ),
            models.Index(fields=["partner_id", "measure", "on_date"], name="fact_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.on_date} {self.value}"


class Rollup(models.Model):
    """The ledger added up for one month: in all (``dimension`` empty), or for one partner, territory, line or route (``key``).

    Kept equal to the ledger in the statement that changes it. A deal of two partners counts once for each and once in all.
    """

    measure = models.CharField(max_length=24)
    dimension = models.CharField(max_length=9, blank=True)
    key = models.CharField(max_length=36, blank=True)
    month = models.DateField()
    value = models.BigIntegerField()
    n = models.BigIntegerField()
    facts = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["measure", "dimension", "key", "month"], name="rollup_once")]
        indexes = [
            models.Index(fields=["dimension", "key", "month"], name="rollup_key"),
            models.Index(fields=["id"], name="rollup_empty", condition=Q(facts=0)),
            # The bookings of every partner over some months, for who grows and who fades.
            models.Index(
                fields=["month"],
                include=["key", "value"],
                name="rollup_won_by_partner",
                condition=Q(measure="won", dimension="partner"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.month} {self.dimension} {self.key} {self.value}"


class Dirty(models.Model):
    """A note that the facts of a source are to be written anew, left by a trigger in the transaction of the change.

    Notes are never shared: one found already there could be worked off before the change that relied on it is seen.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=16)
    source_id = models.UUIDField()

    row_policy = APPEND_ONLY

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="wake_metrics",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="noted"),
                # One errand for each transaction that leaves notes; the setting ends with it, or with a savepoint rolled back.
                func="""
                    IF EXISTS (SELECT FROM noted)
                        AND current_setting('prm.metrics_woken', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
                        INSERT INTO events_errand (id, task, kwargs, queue, request_id, created_at, due_at, tries, dead, error)
                        VALUES (uuidv7(), 'kpis.refresh', '{}', 'metrics', '', now(), now(), 0, false, '');
                        PERFORM set_config('prm.metrics_woken', pg_current_xact_id()::text, true);
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.source_id}"
