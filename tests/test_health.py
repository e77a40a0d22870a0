"""``/livez`` and ``/readyz``."""

import time

import pytest
from celery import Celery
from django.core.cache import cache
from django.db import connection

from prm import health
from prm.events.relay import HEARTBEAT


@pytest.fixture
def beating():
    cache.set(HEARTBEAT, time.time(), 60)


def test_alive_without_any_database(client):
    assert client.get("/livez").content == b"ok\n"  # the test may not touch the database


@pytest.mark.django_db
def test_ready(client, beating):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "problems": {}})


@pytest.mark.django_db
def test_a_relay_that_is_silent(client):
    response = client.get("/readyz")
    assert (response.status_code, list(response.json()["problems"])) == (503, ["relay"])
    cache.set(HEARTBEAT, time.time() - 120, 60)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_a_broker_that_is_away(client, beating, monkeypatch):
    elsewhere = Celery("elsewhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    monkeypatch.setattr(health, "current_app", elsewhere)
    start = time.monotonic()
    response = client.get("/readyz")
    assert (response.status_code, list(response.json()["problems"])) == (503, ["broker"])
    assert time.monotonic() - start < 10


@pytest.mark.django_db
def test_a_migration_that_is_not_applied(client, beating, monkeypatch):
    monkeypatch.setattr(health, "disk_migrations", lambda: [("deals", "9999_tomorrow")])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "deals.9999_tomorrow" in response.json()["problems"]["migrations"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away(client, beating):
    given = connection.settings_dict["HOST"], connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT="1")
    try:
        response = client.get("/readyz")
        assert (response.status_code, list(response.json()["problems"])) == (503, ["database"])
        assert client.get("/livez").status_code == 200
    finally:
        connection.close()
        connection.settings_dict.update(HOST=given[0], PORT=given[1])
