"""``manage.py attribute``: the rules of the ledger over files."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from django.core.management import CommandError, call_command

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    def write(name, header, rows):
        path = tmp_path / name
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return str(path)

    return write


@pytest.fixture
def attribute(db, write):
    def attribute(journeys, touches, **options):
        out = io.StringIO()
        call_command(
            "attribute",
            journeys=write("j.csv", ["journey_id", "converted", "value", "conversion_ts"], journeys),
            touches=write("t.csv", ["journey_id", "touch_id", "channel", "ts"], touches),
            stdout=out,
            **options,
        )
        return list(csv.DictReader(io.StringIO(out.getvalue())))

    return attribute


def sums(rows):
    return {row["channel"]: (row["conversions"], row["value"]) for row in rows}


JOURNEYS = [
    ["a", 1, "100", "2026-03-01T00:00:00Z"],
    ["b", 1, "50", "2026-03-01T00:00:00Z"],
    ["c", 0, "", ""],
    ["d", 1, "7.5", "2026-03-01T00:00:00Z"],
]
TOUCHES = [
    ["a", "2", "x > y", "2026-02-01T00:00:00Z"],
    ["a", "1", "(start)", "2026-02-01T00:00:00Z"],
    ["a", "3", "late", "2026-03-01T00:00:01Z"],
    ["b", "4", "x > y", "2026-01-30T00:00:00Z"],
    ["b", "5", "old", "2026-01-29T23:59:59Z"],
    ["c", "6", "lost", "2026-01-01T00:00:00Z"],
]


def test_each_channel_with_what_nobody_touched(attribute):
    assert sums(attribute(JOURNEYS, TOUCHES, model="first_touch", lookback_days=30)) == {
        "(start)": ("1", "100"),
        "x > y": ("1", "50"),
        "<unattributed>": ("1", "7.5"),
    }
    assert sums(attribute(JOURNEYS, TOUCHES, model="last_touch"))["x > y"] == ("2", "150")
    assert sums(attribute(JOURNEYS, TOUCHES, model="linear"))["old"] == ("0.5", "25")


def test_shares_of_each_touch(attribute):
    rows = attribute(JOURNEYS, TOUCHES, model="linear", per_touch=True)
    assert [(row["journey_id"], row["touch_id"], row["weight"]) for row in rows] == [
        ("a", "1", "0.5"),
        ("a", "2", "0.5"),
        ("b", "5", "0.5"),
        ("b", "4", "0.5"),
    ]


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear"])
def test_equals_exact_fractions(attribute, model):
    random = Random(3)
    journeys = [
        [f"j{n}", random.choice([0, 1, "0.5"]), f"{random.randrange(10**6) / 100:.2f}", START.isoformat()]
        for n in range(200)
    ]
    touches = [
        [
            f"j{random.randrange(220)}",
            f"t{n:04}",
            f"channel {random.randrange(7)}",
            (START - timedelta(days=random.randrange(-20, 120), seconds=random.choice([0, 0, 1]))).isoformat(),
        ]
        for n in range(900)
    ]
    expected = defaultdict(Fraction)
    for journey, converted, value, _at in journeys:
        near = [
            row
            for row in touches
            if row[0] == journey and START - timedelta(days=90) <= datetime.fromisoformat(row[3]) <= START
        ]
        near.sort(key=lambda row: (datetime.fromisoformat(row[3]), row[1]))
        n = len(near)
        shares = {
            "first_touch": [Fraction(i == 0) for i in range(n)],
            "last_touch": [Fraction(i == n - 1) for i in range(n)],
            "linear": [Fraction(1, max(n, 1))] * n,
        }[model]
        worth = Fraction(value) if Fraction(converted) else 0
        for row, share in zip(near, shares, strict=True):
            expected[row[2]] += worth * share
        if not near:
            expected["<unattributed>"] += worth
    found = sums(attribute(journeys, touches, model=model, lookback_days=90))
    for channel, value in expected.items():
        assert abs(Fraction(found[channel][1]) - value) < Fraction(1, 10**9), channel


@pytest.mark.parametrize("touches", [[["a", "1", "x", "yesterday"]], [["a", "1", "x", "2026-02-31T00:00:00Z"]]])
def test_what_cannot_be_read_is_said(attribute, touches):
    with pytest.raises(CommandError, match="time"):
        attribute(JOURNEYS, touches, model="linear")


def test_a_missing_column_or_file_is_said(db, write):
    path = write("x.csv", ["journey_id"], [])
    with pytest.raises(CommandError, match="missing column converted, value, conversion_ts"):
        call_command("attribute", journeys=path, touches=path, model="linear")
    with pytest.raises(CommandError, match="No such file"):
        call_command("attribute", journeys=path + "x", touches=path, model="linear")
