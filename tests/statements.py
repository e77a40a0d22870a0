"""Counting what a page asks of the database, as the budgets do: transaction control and ``set_config`` are not counted."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SELECT set_config")


def statements(client, url: str) -> list[str]:
    """The statements of one GET, whose answer must be 200."""
    with CaptureQueriesContext(connection) as seen:
        response = client.get(url)
    assert response.status_code == 200, url
    return [query["sql"] for query in seen.captured_queries if not query["sql"].startswith(NOT_COUNTED)]
