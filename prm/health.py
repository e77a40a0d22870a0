"""``/livez``: the process answers. ``/readyz``: database, migrations, broker and relay are well, else 503 with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache as shared_cache
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse

from prm.events.relay import HEARTBEAT

PATIENCE = 2  # seconds for each question
RELAY_SILENT = 30  # seconds after which the relay counts as stopped


class NotReady(Exception):
    """What is wrong, for whoever operates the installation."""


@transaction.non_atomic_requests
@login_not_required
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process lives; asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@transaction.non_atomic_requests
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests and background work can be served, else 503 and why."""
    problems = {}
    for name, check in CHECKS.items():
        try:
            check()
        except NotReady as problem:
            problems[name] = str(problem)
        except Exception as error:
            problems[name] = f"{type(error).__name__}: not reachable"
        if name in problems and name == "database":
            break  # the others would only repeat it
    response = JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)
    response["Cache-Control"] = "no-store"
    return response


def database() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
        cursor.execute("SELECT 1")


def migrations() -> None:
    """Every migration of the code is applied."""
    applied = MigrationRecorder(connection).applied_migrations()
    missing = [key for key in disk_migrations() if key not in applied]
    if missing:
        raise NotReady(
            f"{len(missing)} migrations are not applied, first {'.'.join(sorted(missing)[0])}: run manage.py migrate"
        )


@cache
def disk_migrations() -> list[tuple[str, str]]:
    """The migrations of this code; they do not change while it runs."""
    return list(MigrationLoader(None).disk_migrations)


def broker() -> None:
    with current_app.connection_for_write(connect_timeout=PATIENCE) as broker_connection:
        broker_connection.ensure_connection(max_retries=1, timeout=PATIENCE)


def relay() -> None:
    beat = shared_cache.get(HEARTBEAT)
    if beat is None or time.time() - beat > RELAY_SILENT:
        raise NotReady("the relay gives no sign of life: is manage.py relay running?")


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "relay": relay,
}
