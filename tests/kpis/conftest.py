"""A small channel with deals of every kind, and the ledger worked off."""

from __future__ import annotations

import pytest
from django.db import connection

from attribution.kpis.rollups import refresh


@pytest.fixture
def up_to_date(system):
    """Work off all notes, as the worker does."""

    def work():
        while refresh():
            pass

    return work


def ledger() -> list[tuple]:
    """All facts, as comparable rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source, source_id::text, measure, on_date, partner_id::text, territory_id::text, line_id::text, route, value, n,"
            " shared FROM kpis_fact ORDER BY 1, 2, 3, 4, 5 NULLS FIRST, 6 NULLS FIRST, 7 NULLS FIRST, 9, 10"
        )
        return cursor.fetchall()


def rollups() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT measure, dimension, key, month, value, n, facts FROM kpis_rollup ORDER BY 1, 2, 3, 4")
        return cursor.fetchall()
