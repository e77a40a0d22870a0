"""The fast path shows what the ordinary serializers would, resource by resource."""

from __future__ import annotations

import orjson
import pytest
from django.test import RequestFactory

from partners.models import SupplyRelation
from prm.api import urls  # noqa: F401  (loads every resource)
from prm.api.renderers import dumps
from prm.api.router import router
from prm.api.shape import shape_of
from prm.api.viewsets import Reads
from prm.calendar import business_today
from prm.externals.models import ExternalId
from tests import factories

# Metrics and their values are declarations and sums, not rows: they have tests of their own.
RESOURCES = {name: viewset for name, viewset, _basename in router.registry if issubclass(viewset, Reads)}


@pytest.fixture
def everything(owner, channel_manager, rival, cima, alpine, hospital, product):
    """At least a row of most resources."""
    deal = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    ExternalId.objects.link(deal, "crm", "7")
    SupplyRelation.objects.create(distributor=cima, reseller=alpine, period=(business_today(), None))
    factories.submitted(rival, products=[product], distributor=cima)
    return deal


@pytest.mark.parametrize("who", ["admin", "owner", "wholesaler"])
@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_fast_and_ordinary_agree(request, api, everything, name, who):
    user = request.getfixturevalue(who)
    viewset = RESOURCES[name]
    if viewset.vendor_only and user.is_partner:
        return
    asked = RequestFactory().get("/")
    asked.user = user
    view = viewset(request=asked, action="list", basename=name, format_kwarg=None, kwargs={})
    if user.is_partner and hasattr(viewset, "partner_filters"):
        view.filters = viewset.partner_filters
    serializer = view.serializer_for(user)
    shape = shape_of(serializer, user.is_partner)
    rows = view.get_queryset()
    fast = orjson.loads(dumps(shape.rows(list(rows.values_list(*shape.columns)), user)))
    ordinary = []
    for row in rows:
        shown = serializer(row, context={"request": asked, "view": view}).data
        ordinary.append(orjson.loads(dumps(dict(shown) | dict.fromkeys(shape.constants))))
    assert sorted(fast, key=lambda row: row["id"]) == sorted(ordinary, key=lambda row: row["id"])
    listed = api(user).get(f"/{name}/")
    assert listed.status_code == 200, listed.content
    assert len(listed.json()["results"]) == len(fast)
    for row in listed.json()["results"]:
        assert api(user).get(f"/{name}/{row['id']}/").json() == row


PARTS = {"customers": 2}  # statements for the sets of parts that come with each row


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_statements_do_not_grow_with_rows(api, admin, counted, everything, owner, channel_manager, name):
    ours = api(admin)
    ours.get(f"/{name}/")
    with counted() as few:
        ours.get(f"/{name}/")
    for _n in range(3):
        factories.approved(owner, decided_by=channel_manager)
    with counted() as many:
        ours.get(f"/{name}/")
    assert len(many) == len(few) <= 5 + PARTS.get(name, 0)
    assert [
        statement for statement in many if "COUNT(" in statement.upper()
    ] == []  # a page knows its next, not how many


def test_a_named_distributor_reads_neither_price_nor_details(api, everything, wholesaler, rival):
    (seen,) = api(wholesaler).get("/deal-registrations/").json()["results"]
    assert (seen["amount"], seen["custom"], seen["description"], seen["customer_number"]) == (None, {}, "", "")
    assert seen["partner"] == str(rival.acting_for_id)


def test_a_partner_reads_its_part_of_an_opportunity(api, everything, owner, admin):
    (seen,) = api(owner).get("/opportunities/").json()["results"]
    assert seen["id"] == str(everything.participant_id)
    (whole,) = api(admin).get("/opportunities/").json()["results"]
    assert whole["id"] == str(everything.participant.opportunity_id)
    assert api(owner).get(f"/opportunities/{whole['id']}/").status_code == 404
