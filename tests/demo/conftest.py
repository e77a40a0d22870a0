from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import transaction

from prm.db import acting
from prm.management.demo.load import Size, load

NOW = datetime(2026, 3, 11, 13, 30, tzinfo=UTC)  # a Wednesday
SIZE = Size(partners=24, customers=120, registrations=90, direct=4, days=400, leads=40)
LABELS = {
    "partners",
    "programs",
    "catalogue",
    "territories",
    "matching",
    "deals",
    "conflicts",
    "events",
    "money",
    "attribution",
    "engagement",
    "ui",
}
# Keys, salts, what the database's own clock and counters stamp, and what is made before any test.
# ``before``: what an undo within seconds of a decision would restore; nothing once they are over.
OWN = {"before", "id", "pgh_id", "pgh_created_at", "pgh_obj_id", "password", "sequence", "received_at", "event_id"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@contextmanager
def undone():
    """Whatever is written inside is gone afterwards."""
    with acting("system"):
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """A demo of few deals, loaded once for the tests of a file and taken away after them."""
    with django_db_blocker.unblock(), undone():
        load(SIZE, NOW)
        yield SimpleNamespace(now=NOW, size=SIZE)


def content(known: frozenset[str] = frozenset()) -> dict[str, Counter]:
    """Every table as its rows, counted; keys that are not ``known`` read "?", so that two loads can be compared."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in LABELS:
            names = [field.attname for field in model._meta.concrete_fields if field.attname not in OWN]
            rows = Counter(json.dumps(row, default=str, sort_keys=True) for row in model.objects.values(*names))
            found[model._meta.label] = Counter()
            for row, count in rows.items():
                found[model._meta.label][UUID.sub(lambda key: key[0] if key[0] in known else "?", row)] += count
    return found
