"""Counting the statements of a page."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

CONTROL = ("SAVEPOINT", "RELEASE", "SELECT set_config")


def statements(client, url: str) -> int:
    """How many statements a page runs, transaction control and the setting of the scope not counted."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return sum(not query["sql"].startswith(CONTROL) for query in captured)
