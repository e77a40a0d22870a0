"""Prices and discounts through the API: what the catalogue's screens can do."""

import pytest

from partners.catalogue.models import Price
from prm.events.models import Event


@pytest.fixture
def ours(api, program_owner):
    return api(program_owner)


@pytest.fixture
def price_list(ours):
    made = ours.post("/price-lists/", {"name": "2026", "currency": "EUR", "period": {"start": "2026-01-01"}})
    assert made.status_code == 201, made.content
    return made.json()["id"]


def test_prices_are_made_read_changed_and_deleted(ours, price_list, product):
    given = {"price_list": price_list, "product": str(product.pk), "amount": {"amount": "120.50", "currency": "EUR"}}
    made = ours.post("/prices/", given)
    assert made.status_code == 201, made.content
    here = f"/prices/{made.json()['id']}/"
    assert {name: made.json()[name] for name in given} == given
    assert ours.get(f"/prices/?price_list={price_list}").json()["results"] == [made.json()]
    changed = ours.patch(here, {"amount": {"amount": "99.00", "currency": "EUR"}}, If_Match=made["ETag"])
    assert changed.json()["amount"] == {"amount": "99.00", "currency": "EUR"}
    assert ours("delete", here, If_Match=changed["ETag"]).status_code == 204
    assert not Price.objects.exists()
    assert Event.objects.filter(subject_type="price_list", verb="prices_changed").count() == 1


def test_a_price_is_in_the_currency_of_its_list(ours, price_list, product):
    given = {"price_list": price_list, "product": str(product.pk), "amount": {"amount": "120.50", "currency": "USD"}}
    refused = ours.post("/prices/", given)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/amount")
    given["amount"]["currency"] = "EUR"
    assert ours.post("/prices/", given).status_code == 201
    assert ours.post("/prices/", given).status_code in (400, 409)


def test_partners_read_prices_and_change_none(api, owner, ours, price_list, product):
    given = {"price_list": price_list, "product": str(product.pk), "amount": {"amount": "1.00", "currency": "EUR"}}
    made = ours.post("/prices/", given)
    theirs = api(owner)
    assert theirs.get(f"/prices/{made.json()['id']}/").json()["amount"] == given["amount"]
    assert theirs.post("/prices/", given).status_code == 403
    assert theirs.patch(f"/prices/{made.json()['id']}/", {}, If_Match='"1"').status_code == 404


def test_discounts_of_a_tier(ours, api, owner, program):
    tier = program.tiers.first()
    given = {"tier": str(tier.pk), "percent": "12.50", "period": {"start": "2026-01-01", "end": None}}
    made = ours.post("/discount-rules/", given)
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in given} == given
    assert ours.post("/discount-rules/", {**given, "percent": "120.00"}).status_code == 400
    assert api(owner).post("/discount-rules/", given).status_code == 403
