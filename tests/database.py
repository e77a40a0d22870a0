"""The test databases: a template made once by the owner for each state of the migrations, and a copy of it for each worker.

Tests connect as the role the product runs under, so row-level security holds in all of them. Loaded by ``conftest.py``.
"""

import fcntl
import hashlib
import os
import tempfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from celery import current_app
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from psycopg2 import sql

from prm import embedded
from prm.db import as_owner

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = "prm_tpl_"


def _fingerprint() -> str:
    """What the schema of a template depends on, and who made it: only its owner may copy it."""
    digest = hashlib.sha256(f"{settings.DATABASE_OWNER['USER']} {embedded.schema_fingerprint()}".encode())
    return PREFIX + digest.hexdigest()[:16]


@contextmanager
def _server():
    """For statements of the owner outside any test database: a function of text, names for its places, parameters."""
    with closing(
        psycopg2.connect(
            host=connection.settings_dict["HOST"] or None,
            port=connection.settings_dict["PORT"] or None,
            user=settings.DATABASE_OWNER["USER"],
            password=settings.DATABASE_OWNER["PASSWORD"],
            dbname="postgres",
        )
    ) as server:
        server.autocommit = True
        with server.cursor() as cursor:

            def execute(text, *names, params=None):
                cursor.execute(sql.SQL(text).format(*map(sql.Identifier, names)), params)
                return cursor.fetchall() if cursor.description else []

            yield execute


@contextmanager
def _alone():
    """One process at a time makes and copies templates."""
    with open(Path(tempfile.gettempdir()) / f"prm-tests-{os.getuid()}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_template(template: str) -> None:
    """Migrate an empty database and give it its final name only when it is complete; older templates go."""
    with _server() as execute:
        names = [
            name
            for (name,) in execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", params=[PREFIX])
        ]
        if template in names:
            return
        for name in names:
            execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    draft = f"{template}_draft"
    given, connection.settings_dict["TEST"]["NAME"] = connection.settings_dict["NAME"], draft
    with as_owner():
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
    connection.settings_dict["NAME"] = given
    with _server() as execute:
        execute("ALTER DATABASE {} RENAME TO {}", draft, template)


def _end_sessions(name: str) -> None:
    """End the sessions that server threads and child processes left, as the role they belong to: the owner may not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user AND pid <> pg_backend_pid()",
            [name],
        )
    connection.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """Replaces pytest-django's: a copy of the template for this worker, dropped at the end."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"prm_test_{os.getpid()}_{worker}"
    with django_db_blocker.unblock():
        given = connection.settings_dict["NAME"]
        connection.close()
        with _alone():
            _make_template(template := _fingerprint())
            with _server() as execute:
                execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
        connection.settings_dict["CONN_MAX_AGE"] = 0
        os.environ["PRM_DATABASE_NAME"] = name  # for processes that tests start
        if not settings.EMBEDDED:
            os.environ["DATABASE_URL"] = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    yield
    with django_db_blocker.unblock():
        # A session that ends by itself meanwhile can make either step refuse; what is left then is dropped with the data folder.
        with suppress(DatabaseError):
            _end_sessions(name)
        connection.close()
        connection.settings_dict["NAME"] = given
        with suppress(psycopg2.Error), _server() as execute:
            execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture(scope="session", autouse=True)
def broker_of_this_worker():
    """Queues and cache keys of one test worker are not those of another."""
    prefix = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}:"
    os.environ["PRM_BROKER_PREFIX"] = prefix
    current_app.conf.broker_transport_options = {
        **current_app.conf.broker_transport_options,
        "global_keyprefix": prefix,
    }
    settings.CACHES["default"]["KEY_PREFIX"] = prefix
    caches["default"].key_prefix = prefix  # the one of this thread is there already
