"""A field that a program owner adds to any of the four kinds of record appears wherever the record does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.apps import apps

from deals.models import DealRegistration, Opportunity
from partners.models import Partner
from prm.imports.kinds import kinds
from territories.models import Customer
from tests import factories
from tests.api.conftest import Api
from tests.fields.conftest import declare

KINDS = {
    "partner": SimpleNamespace(model=Partner, page="/partners/{pk}/", form="/partners/{pk}/edit/", list="/partners/",
                               api="partners", imports="partners"),
    "customer": SimpleNamespace(model=Customer, page="/customers/{pk}/", form="/customers/{pk}/edit/", list="/customers/",
                                api="customers", imports="customers"),
    "opportunity": SimpleNamespace(model=Opportunity, page="/opportunities/{pk}/", form="/opportunities/{pk}/edit/",
                                   list="/opportunities/", api="opportunities", imports="opportunities"),
    "registration": SimpleNamespace(model=DealRegistration, page="/registrations/{pk}/", form="/portal/deals/{pk}/edit/",
                                    list="/registrations/", api="deal-registrations", imports="deal-registrations"),
}  # fmt: skip


@pytest.fixture
def record(request, kind, owner, alpine, hospital, product):
    """A record of the kind that can be edited by whoever fills in its form."""
    return {
        "partner": lambda: alpine,
        "customer": lambda: hospital,
        "opportunity": lambda: factories.opportunity("Deal", of=alpine, customer=hospital),
        "registration": lambda: factories.draft(owner, products=[product]),
    }[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_is_wherever_the_record_is(kind, record, admin, owner, signed_in):
    at = KINDS[kind]
    declare("rack", kind, visible_to_partners=True)
    declare("score", kind, type="number")
    writer = owner if kind == "registration" else admin

    # the form
    assert 'name="custom_rack"' in signed_in(writer).get(at.form.format(pk=record.pk)).content.decode()

    # the API writes and reads it, and the field-level audit keeps what it was
    path = f"/{at.api}/{record.pk}/"
    written = Api(writer).patch(path, {"custom": {"rack": "A-7"}}, If_Match=f'"{record.version}"')
    assert (written.status_code, written.json()["custom"]["rack"]) == (200, "A-7"), written.content
    history = apps.get_model(at.model._meta.app_label, f"{at.model.__name__}Event")
    kept = history.objects.filter(pgh_obj_id=record.pk).order_by("pgh_id").values_list("custom", flat=True)
    assert [values.get("rack") for values in kept][-2:] == [None, "A-7"]
    if kind == "registration":
        record.refresh_from_db()
        record.submit(by=owner)  # what is still a draft is the partner's own

    # the page and the list, as column, filter and file
    client = signed_in(admin)
    assert "A-7" in client.get(at.page.format(pk=record.pk)).content.decode()
    shown = client.get(at.list, {"columns": ["custom_rack", "custom_score"]}).content.decode()
    assert "Rack" in shown
    assert "A-7" in shown
    for value, found in (("a-7", 1), ("b-9", 0)):
        assert len(client.get(at.list, {"custom_rack": value}).context["lines"]) == found
    written = b"".join(client.get(at.list, {"export": "csv"}).streaming_content).decode("utf-8-sig")
    assert {"Rack", "Score"} <= set(written.splitlines()[0].split(","))
    assert "A-7" in written

    # the API's filter, and the columns a file may bring
    for value, found in (("A-7", 1), ("B-9", 0)):
        assert len(Api(admin).get(f"/{at.api}/?custom[rack]={value}").json()["results"]) == found
    assert {"custom.rack", "custom.score"} <= {column.name for column in kinds[at.imports].all_columns(admin)}
