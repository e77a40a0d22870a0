"""HOUSE-1 side by side: what was registered, and the account reserved for direct sales."""

from __future__ import annotations

import pytest

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from partners.models import Team
from territories.matching.keys import index_customers
from tests import factories

pytestmark = pytest.mark.usefixtures("system")


@pytest.fixture
def reserved():
    customer = factories.customer("Hôpital du Lac", country="FR", domain="hopital-du-lac.example")
    customer.put(house_account=True)
    customer.learn(name="HDL Groupe", domain="hdl.example")
    index_customers([customer.pk])
    return customer


def found(by, product, **values):
    values = {"customer_name": "Hopital du Lac SA", "customer_domain": "www.hdl.example", **values}
    watch(factories.submitted(by, products=[product], **values))
    return Conflict.objects.get(rule="HOUSE-1")


def facts(rows):
    return {str(row["fact"]): (row["left"], row["right"], row.get("verdict")) for row in rows}


def test_the_registration_stands_beside_the_account(signed_in, channel_manager, owner, product, reserved):
    conflict = found(owner, product)
    page = signed_in(channel_manager).get(conflict.get_absolute_url())
    told = facts(page.context["rows"])
    assert told["Customer name"] == ("Hopital du Lac SA", "Hôpital du Lac", "close")
    assert told["Website"] == ("www.hdl.example", "hdl.example", "close")
    assert told["Country"][1:] == ("France", "same")
    assert told["Product lines"] == (product.line.name, "any product", "same")
    assert told["Held by"] == ("Alpine", "Direct sales", "different")
    assert "Hôpital du Lac is reserved for direct sales" in page.content.decode()


def test_the_review_names_the_account_and_its_team(signed_in, channel_manager, owner, product, reserved):
    reserved.put(team=Team.objects.create(name="Hospitals"))
    conflict = found(owner, product)
    review = signed_in(channel_manager).get(f"/approvals/{conflict.registration_id}/").content.decode()
    assert "Existing, Hôpital du Lac" in review
    assert "Hospitals" in review


def test_looked_at_again_nothing_moves(owner, product, reserved):
    conflict = found(owner, product)
    watch(conflict.registration)
    assert Conflict.objects.get(pk=conflict.pk).version == conflict.version
