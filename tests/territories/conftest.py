"""Territories of the cast: France with Île-de-France inside it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg2.extras import DateRange

from prm.calendar import business_today
from territories.models import Territory, TerritoryAssignment, TerritoryRule

SINCE = business_today() - timedelta(days=300)
ALWAYS = DateRange(SINCE, None)


def territory(code: str, *, parent: Territory | None = None, name: str = "", **values) -> Territory:
    made = Territory.objects.create(code=code, name=name or code, parent=parent, **values)
    made.refresh_from_db()
    return made


def rule(of: Territory, **values) -> TerritoryRule:
    return TerritoryRule.objects.create(territory=of, **{"period": ALWAYS, **values})


def assign(of: Territory, to, *, kind: str = "exclusive", period: DateRange = ALWAYS) -> TerritoryAssignment:
    side = "team" if to._meta.model_name == "team" else "partner"
    return TerritoryAssignment.assign(of, by=None, kind=kind, period=period, **{side: to})


@pytest.fixture
def france(system):
    made = territory("FR", name="France")
    rule(made, country="FR")
    return made


@pytest.fixture
def paris(france):
    made = territory("FR-IDF", parent=france, name="Île-de-France")
    rule(made, country="FR", region="FR-IDF")
    return made
