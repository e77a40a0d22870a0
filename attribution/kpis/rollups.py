"""Keep the ledger of figures and its sums equal to the rows of the product: a few changed sources at a time, or all anew."""

from __future__ import annotations

from django.db import connection, transaction

from attribution.kpis.ledger import COLUMNS, TEXTS, parameters, select
from attribution.kpis.metrics import AMOUNTS

BATCH = 2000  # notes taken at once

# One at a time: two workers on the facts of one source would each write them. Waiting is short, a batch takes under a second.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('kpis', 0)), set_config('jit', 'off', true), set_config('prm.metrics_woken', '', true)"
# By their place in the table: the planner knows nothing of a table that fills and empties all day.
TAKE = """
DELETE FROM kpis_dirty WHERE ctid = ANY (ARRAY(SELECT ctid FROM kpis_dirty ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING source, source_id
"""
# A conflict lies where its registration lies. It is found here because a portal's statement, which changes a registration, may not
# know of conflicts.
CONFLICTS_OF = "SELECT id FROM conflicts_conflict WHERE registration_id = ANY(%s::uuid[])"

# A row counts once in each cell, however many lines or partners it has; amounts of its pieces add up.
CELLS = """
SELECT measure, dimension, key, month, sum(sign * value)::bigint AS value, sum(sign * n)::bigint AS n, sum(sign * facts)::bigint AS facts
FROM (
    SELECT sign, measure, dimension, key, date_trunc('month', on_date)::date AS month, n, count(*) AS facts,
        CASE WHEN measure = ANY(%(amounts)s) THEN sum(value) ELSE max(value) END AS value
    FROM {facts} fact CROSS JOIN LATERAL (VALUES {dimensions}) AS cell (dimension, key)
    GROUP BY sign, measure, source_id, on_date, dimension, key, n
) once
GROUP BY measure, dimension, key, month
"""
KEYS = {
    "": "''",
    "partner": "coalesce(partner_id::text, '')",
    "territory": "coalesce(territory_id::text, '')",
    "line": "coalesce(line_id::text, '')",
    "route": "route",
}
REFRESH = """
WITH gone AS (DELETE FROM kpis_fact WHERE source = %(source)s AND source_id = ANY(%(ids)s::uuid[]) RETURNING {columns}),
made AS (INSERT INTO kpis_fact ({columns}) {select} RETURNING {columns}),
delta AS ({cells})
INSERT INTO kpis_rollup (measure, dimension, key, month, value, n, facts)
SELECT * FROM delta WHERE (value, n, facts) <> (0, 0, 0) ORDER BY measure, dimension, key, month
ON CONFLICT (measure, dimension, key, month) DO UPDATE SET
    value = kpis_rollup.value + excluded.value, n = kpis_rollup.n + excluded.n, facts = kpis_rollup.facts + excluded.facts
"""


def cells(facts: str, *names: str) -> str:
    return CELLS.format(facts=facts, dimensions=", ".join(f"('{name}', {KEYS[name]})" for name in names))


def refresh() -> int:
    """Work off a batch of notes: write the facts of their sources anew and carry the differences into the sums.

    Returns how many notes were taken; 0 when none is left.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ALONE)
        cursor.execute(TAKE, [BATCH])
        taken = cursor.fetchall()
        changed: dict[str, set] = {}
        for source, source_id in taken:
            changed.setdefault(source, set()).add(source_id)
        if registrations := changed.get("registration"):
            cursor.execute(CONFLICTS_OF, [sorted(registrations)])
            if found := {pk for (pk,) in cursor.fetchall()}:
                changed["conflict"] = changed.get("conflict", set()) | found
        for source, ids in changed.items():
            write(cursor, source, sorted(ids))
        if taken:
            cursor.execute("DELETE FROM kpis_rollup WHERE facts = 0")
    return len(taken)


def write(cursor, source: str, ids: list) -> None:
    """The facts of these sources, anew, and the sums with them."""
    both = f"(SELECT -1 AS sign, {COLUMNS} FROM gone UNION ALL SELECT 1, {COLUMNS} FROM made)"  # noqa: S608 # nosec B608 # names of ours
    text = REFRESH.format(columns=COLUMNS, select=select(source, some=True), cells=cells(both, *KEYS))
    cursor.execute(text, {**parameters(ids), "source": source, "amounts": list(AMOUNTS)})


@transaction.atomic
def rebuild() -> int:
    """Everything from nothing, set by set. Changes committed meanwhile leave notes that are worked off afterwards.

    Returns the number of facts.
    """
    from prm.events.models import Errand

    made = 0
    with connection.cursor() as cursor:
        cursor.execute(ALONE)
        cursor.execute("SELECT set_config('work_mem', '256MB', true)")
        cursor.execute("DELETE FROM kpis_dirty")
        for table in ("kpis_rollup", "kpis_fact"):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 # nosec B608 # one of these two
        for source in TEXTS:
            cursor.execute(f"INSERT INTO kpis_fact ({COLUMNS}) {select(source, some=False)}", parameters())
            made += cursor.rowcount
        cursor.execute("ANALYZE kpis_fact")
        for name in KEYS:
            facts = "(SELECT 1 AS sign, * FROM kpis_fact)"
            cursor.execute(
                "INSERT INTO kpis_rollup (measure, dimension, key, month, value, n, facts) " + cells(facts, name),
                {"amounts": list(AMOUNTS)},
            )
    Errand.objects.filter(task="kpis.refresh", sent_at__isnull=True).delete()
    return made
