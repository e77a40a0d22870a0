"""The named cast: a vendor with its people, Alpine and its rival Boreal, a distributor, a hospital both would like to sell to."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from prm.db import acting
from tests import factories
from tests.database import *  # noqa: F403


@pytest.fixture
def system(db):
    """The test and its fixtures work on everybody's rows, as background work does; narrow with ``acting`` where it matters."""
    with acting("system"):
        yield


@pytest.fixture(autouse=True)
def fresh_cache():
    """What one test left in the cache (the installation, refused sign-ins) is not there for the next."""
    cache.delete_pattern("*")


@pytest.fixture
def admin(system):
    return factories.vendor_user("admin", "Ada Admin")


@pytest.fixture
def program_owner(system):
    return factories.vendor_user("program_owner", "Olive Owner")


@pytest.fixture
def channel_manager(system):
    return factories.vendor_user("channel_manager", "Camille Manager")


@pytest.fixture
def deal_desk(system):
    return factories.vendor_user("deal_desk", "Dana Desk")


@pytest.fixture
def viewer(system):
    return factories.vendor_user("viewer", "Vera Viewer")


@pytest.fixture
def finance(system):
    return factories.vendor_user("finance", "Fynn Finance")


@pytest.fixture
def direct_seller(system):
    return factories.vendor_user("direct_sales", "Dirk Direct")


@pytest.fixture
def program(system):
    return factories.program()


@pytest.fixture
def alpine(system, channel_manager):
    return factories.partner("Alpine", channel_manager=channel_manager)


@pytest.fixture
def boreal(system, channel_manager):
    return factories.partner("Boreal", channel_manager=channel_manager)


@pytest.fixture
def cima(system):
    """A distributor."""
    return factories.partner("Cima", types=["distributor"])


@pytest.fixture
def owner(alpine):
    """Alpine's administrator."""
    return factories.member(alpine, "partner_admin", "Alix Admin")


@pytest.fixture
def teammate(alpine):
    """Alpine's salesperson."""
    return factories.member(alpine, "partner_sales", "Sam Sales")


@pytest.fixture
def rival(boreal):
    """Boreal's salesperson."""
    return factories.member(boreal, "partner_sales", "Rita Rival")


@pytest.fixture
def wholesaler(cima):
    """The distributor's salesperson."""
    return factories.member(cima, "partner_sales", "Willa Wholesale")


@pytest.fixture
def product(system):
    return factories.product("Backup", "Backup Pro")


@pytest.fixture
def hospital(system):
    return factories.customer("Hôpital du Lac", domain="hopital-du-lac.example", country="FR")


@pytest.fixture
def submitted_deal(owner, product, hospital):
    return factories.submitted(
        owner, products=[product], customer_name="Hôpital du Lac", customer_domain="hopital-du-lac.example"
    )


@pytest.fixture
def signed_in(client):
    """``signed_in(user)``: the test client, signed in."""
    return lambda user: factories.sign_in(client, user)
