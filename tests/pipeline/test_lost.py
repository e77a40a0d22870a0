"""Why deals were lost: a column and a filter of the table, a word of its file."""

from __future__ import annotations

import csv
import io

import pytest

from prm.calendar import business_today
from tests import factories


@pytest.fixture
def lost(alpine):
    for name, cause in (("Dear", "price"), ("Late", "no_decision")):
        factories.opportunity(name, of=alpine, stage="lost", closed_on=business_today(), lost_cause=cause)
    factories.opportunity("Open", of=alpine)


def test_the_table_and_its_file(lost, channel_manager, signed_in):
    client = signed_in(channel_manager)
    url = "/opportunities/?columns=name&columns=lost_cause&sort=lost_cause&lost_cause=price&lost_cause=no_decision"
    lines = client.get(url).context["lines"]
    assert [[cell.text for cell in line["cells"]] for line in lines] == [
        ["Late", "No decision, or put off"], ["Dear", "Price"],
    ]  # fmt: skip
    assert [line["cells"][0].text for line in client.get("/opportunities/?lost_cause=price").context["lines"]] == [
        "Dear"
    ]
    answer = client.get("/opportunities/?export=csv&sort=name")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [row["Lost because"] for row in rows] == ["Price", "No decision, or put off", ""]
