"""A transaction begins with its first statement, whatever that is, and ends as it should."""

from __future__ import annotations

import io
from contextlib import closing

import pytest
from django.db import DataError, connection
from psycopg2 import extensions

pytestmark = pytest.mark.django_db

INSERT = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, '', now())"


@pytest.fixture
def line():
    """A connection beside the test's own, whose transactions really end."""
    with closing(connection.copy()) as made:
        yield made
        if not made.get_autocommit():
            made.rollback()
            made.set_autocommit(True)
        made.cursor().execute("DELETE FROM django_session WHERE session_data = ''")


def keys() -> list[str]:
    """What another connection finds."""
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT session_key FROM django_session WHERE session_data = '' ORDER BY 1")
        return [key for (key,) in cursor.fetchall()]


def status(line) -> int:
    return line.connection.get_transaction_status()


def test_a_statement_outside_a_transaction_stands_at_once(line):
    line.cursor().execute(INSERT, ["alone"])
    assert keys() == ["alone"]
    assert status(line) == extensions.TRANSACTION_STATUS_IDLE


def test_a_transaction_is_seen_when_it_ends(line):
    line.cursor()
    line.set_autocommit(False)
    assert status(line) == extensions.TRANSACTION_STATUS_IDLE
    line.cursor().execute(INSERT, ["one"])
    assert status(line) == extensions.TRANSACTION_STATUS_INTRANS
    assert keys() == []
    line.commit()
    assert keys() == ["one"]
    assert status(line) == extensions.TRANSACTION_STATUS_IDLE
    line.commit()  # in which nothing was said
    line.cursor().execute(INSERT, ["two"])
    line.rollback()
    assert keys() == ["one"]


def test_a_refused_statement_takes_its_savepoint_with_it(line):
    line.cursor()
    line.set_autocommit(False)
    line.cursor().execute(INSERT, ["one"])
    mark = line.savepoint()
    line.cursor().execute(INSERT, ["two"])
    with pytest.raises(DataError):
        line.cursor().execute("SELECT 1 / 0")
    line.savepoint_rollback(mark)
    line.cursor().execute(INSERT, ["three"])
    line.commit()
    assert keys() == ["one", "three"]


def test_a_failed_first_statement_leaves_a_transaction_to_roll_back(line):
    line.cursor()
    line.set_autocommit(False)
    with pytest.raises(DataError):
        line.cursor().execute("SELECT 1 / 0")
    assert status(line) == extensions.TRANSACTION_STATUS_INERROR
    line.rollback()
    assert status(line) == extensions.TRANSACTION_STATUS_IDLE
    line.cursor().execute(INSERT, ["after"])
    line.commit()
    assert keys() == ["after"]


@pytest.mark.parametrize("way", ["copy", "executemany"])
def test_other_ways_to_write_begin_a_transaction_too(line, way):
    line.cursor()
    line.set_autocommit(False)
    if way == "copy":
        lines = io.StringIO("one\t\t2030-01-01\n")
        line.cursor().copy_expert("COPY django_session (session_key, session_data, expire_date) FROM STDIN", lines)
    else:
        line.cursor().executemany(INSERT, [["one"], ["two"]])
    assert status(line) == extensions.TRANSACTION_STATUS_INTRANS
    line.rollback()
    assert keys() == []
