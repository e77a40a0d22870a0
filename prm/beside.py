"""Small sets of rows that come with the record they belong to, instead of by a statement of their own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.db.models.functions import JSONObject
from psycopg2.extras import DateRange

PERIOD = {"since": "period__startswith", "until": "period__endswith"}


def beside(rows: QuerySet, **values: Any) -> ArraySubquery:
    """An annotation: ``rows``, which name their record by ``OuterRef("pk")``, each as a mapping of these values."""
    return ArraySubquery(rows.values(json=JSONObject(**values)))


def period_of(row: dict[str, Any]) -> DateRange:
    """The period of a row that was fetched with ``**PERIOD``; taken out of the mapping."""
    since, until = row.pop("since"), row.pop("until")
    return DateRange(since and date.fromisoformat(since), until and date.fromisoformat(until))
