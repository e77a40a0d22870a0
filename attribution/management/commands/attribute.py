"""``manage.py attribute``: credits of journeys in files, by the rules of the ledger; nothing is kept."""

from __future__ import annotations

import csv
import sys
from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from attribution.credit import MODELS, SHARES
from prm.db import acting

JOURNEYS = {"journey_id": "text", "converted": "numeric", "value": "numeric", "conversion_ts": "timestamptz"}
TOUCHES = {"journey_id": "text", "touch_id": "text", "channel": "text", "ts": "timestamptz"}
UNATTRIBUTED = "<unattributed>"

FILES = f"""
WITH won AS (
    SELECT journey_id AS deal, converted, coalesce(value, 0) AS value, coalesce(conversion_ts, 'infinity') AS closed_at
    FROM journeys WHERE converted > 0
),
touch AS (
    SELECT deal, touch_id, ts AS at, 1::numeric AS weight, channel FROM touches JOIN won ON deal = journey_id
    WHERE ts <= closed_at AND (%(lookback)s::int IS NULL OR ts >= closed_at - make_interval(hours => 24 * %(lookback)s::int))
),
{SHARES}
"""  # noqa: S608 # nosec B608 # made of constants of ours
SUMS = f"""{FILES}
SELECT %(model)s, channel, sum(converted * numerator / denominator) AS conversions, sum(value * numerator / denominator)
FROM share JOIN won USING (deal) WHERE model = %(model)s GROUP BY channel
UNION ALL
SELECT %(model)s, %(unattributed)s, coalesce(sum(converted), 0), coalesce(sum(value), 0)
FROM won WHERE deal NOT IN (SELECT deal FROM touch)
ORDER BY 2
"""  # noqa: S608 # nosec B608 # made of constants of ours
EACH = f"""{FILES}
SELECT model, deal, touch_id, numerator / denominator FROM share WHERE model = %(model)s ORDER BY deal, position
"""  # noqa: S608 # nosec B608 # made of constants of ours


class Command(BaseCommand):
    help = "Credits of journeys in CSV files, by the rules of the ledger."
    requires_migrations_checks = False

    def add_arguments(self, parser) -> None:
        parser.add_argument("--journeys", required=True, help=", ".join(JOURNEYS))
        parser.add_argument("--touches", required=True, help=", ".join(TOUCHES))
        parser.add_argument("--model", required=True, choices=MODELS)
        parser.add_argument("--lookback-days", type=int, help="how old a touch may be; all count when left out")
        parser.add_argument("--per-touch", action="store_true", help="the share of each touch instead of sums")

    def handle(self, *, journeys: str, touches: str, model: str, lookback_days: int | None, per_touch: bool, **options):
        if lookback_days is not None and not 0 <= lookback_days <= 100_000:
            raise CommandError("--lookback-days must be from 0 to 100000.")
        with acting("system"), connection.cursor() as cursor:
            read(cursor, "journeys", journeys, JOURNEYS)
            read(cursor, "touches", touches, TOUCHES)
            given: dict[str, Any] = {"model": model, "lookback": lookback_days, "unattributed": UNATTRIBUTED}
            cursor.execute(EACH if per_touch else SUMS, given)
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(
                ("model", "journey_id", "touch_id", "weight")
                if per_touch
                else ("model", "channel", "conversions", "value")
            )
            writer.writerows([*row[:2], *(plain(value) for value in row[2:])] for row in cursor.fetchall())
            cursor.execute("DROP TABLE journeys, touches")


def plain(value):
    """Numbers without trailing zeros and exponents."""
    return value if isinstance(value, str) else f"{value.normalize():f}"


def read(cursor, table: str, path: str, columns: dict[str, str]) -> None:
    """A file's rows as a temporary table; columns that are not asked for are left aside."""
    types, lines = ", ".join(f"{name} {kind}" for name, kind in columns.items()), None
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in columns if name not in (rows.fieldnames or ())]
            if missing:
                raise CommandError(f"{path}: missing column {', '.join(missing)}")
            cursor.execute(f"CREATE TEMP TABLE {table} ({types}) ON COMMIT DROP")
            lines = Lines(rows, columns)
            cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", lines)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except (psycopg2.DataError, psycopg2.errors.QueryCanceled, csv.Error, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {(lines and lines.wrong) or str(error).splitlines()[0]}") from None


class Lines:
    """CSV rows of the wanted columns, as a file COPY can read piece by piece."""

    def __init__(self, rows: csv.DictReader, columns: dict[str, str]):
        self.rows, self.columns, self.waiting = rows, columns, ""
        self.wrong = ""

    def write(self, text: str) -> None:
        self.waiting += text

    def value(self, row: dict[str, str], name: str, kind: str) -> str:
        """The value as given; words the database would take for a time or a number (now, NaN) are refused."""
        text = (row[name] or "").strip()
        if text and kind != "text" and (not text.lstrip("+-")[:1].isdigit() or text.lower().endswith("infinity")):
            self.wrong = f"line {self.rows.line_num}: {name} is not a {'time' if kind == 'timestamptz' else 'number'}"
            raise csv.Error(self.wrong)
        return text

    def read(self, size: int = sys.maxsize) -> str:
        writer = csv.writer(self)
        while len(self.waiting) < size and (row := next(self.rows, None)) is not None:
            writer.writerow([self.value(row, name, kind) for name, kind in self.columns.items()])
        piece, self.waiting = self.waiting[:size], self.waiting[size:]
        return piece
