from decimal import Decimal

import pytest
from psycopg2.extras import DateRange

from partners.catalogue.models import DiscountRule, Price, PriceList, Product, ProductLine
from prm.calendar import business_today
from prm.money.models import ExchangeRate
from tests import factories
from tests.statements import statements


def formset(*rows, initial=0):
    data = {
        "prices-TOTAL_FORMS": len(rows),
        "prices-INITIAL_FORMS": initial,
        "prices-MIN_NUM_FORMS": 0,
        "prices-MAX_NUM_FORMS": 1000,
    }
    for number, row in enumerate(rows):
        data.update({f"prices-{number}-{name}": value for name, value in row.items()})
    return data


@pytest.fixture
def europe(system):
    return PriceList.objects.create(name="Europe", currency="EUR", period=DateRange(business_today(), None))


def test_lines_and_products(program_owner, signed_in):
    client = signed_in(program_owner)
    client.post("/catalogue/lines/new/", {"name": "Backup", "is_active": "on"})
    line = ProductLine.objects.get()
    client.post(
        "/catalogue/products/new/", {"line": str(line.pk), "sku": "B-1", "name": "Backup Pro", "is_active": "on"}
    )
    product = Product.objects.get()
    again = client.post("/catalogue/products/new/", {"line": str(line.pk), "sku": "B-1", "name": "Other"})
    assert again.status_code == 422
    assert "sku" in again.context["form"].errors
    client.post(
        f"/catalogue/products/{product.pk}/", {"line": str(line.pk), "sku": "B-1", "name": "Backup Max", "version": 1}
    )
    product.refresh_from_db()
    assert (product.name, product.is_active) == ("Backup Max", False)
    for url in (
        "/catalogue/",
        "/catalogue/lines/",
        "/catalogue/price-lists/",
        "/catalogue/discounts/",
        f"/catalogue/products/{product.pk}/",
    ):
        assert client.get(url).status_code == 200
    story = client.get(f"/catalogue/products/{product.pk}/").context["events"]
    assert [line["text"] for line in story] == ["Changed", "Added"]


def test_prices_are_edited_with_their_list(program_owner, product, europe, signed_in):
    facts = {"name": "Europe", "currency": "EUR", "period_0": "2026-01-01", "version": 1}
    client = signed_in(program_owner)
    url = f"/catalogue/price-lists/{europe.pk}/"
    response = client.post(url, {**facts, **formset({"product": str(product.pk), "amount": "99.90"})})
    assert response.status_code == 302
    assert Price.objects.get().amount == Decimal("99.9")
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("amount", ["-1", "1.999", "abc", "9" * 40, ""])
def test_a_price_that_makes_no_sense_is_refused_in_its_row(amount, program_owner, product, europe, signed_in):
    data = {"name": "Europe", "currency": "EUR", "period_0": "2026-01-01", "version": 1}
    url = f"/catalogue/price-lists/{europe.pk}/"
    response = signed_in(program_owner).post(url, {**data, **formset({"product": str(product.pk), "amount": amount})})
    assert response.status_code == 422
    assert not Price.objects.exists()


def test_discounts(program_owner, product, signed_in):
    client = signed_in(program_owner)
    data = {
        "tier": str(factories.tier().pk),
        "line": "",
        "percent": "15",
        "registration_percent": "5",
        "period_0": "2026-01-01",
    }
    assert client.post("/catalogue/discounts/new/", {**data, "percent": "98"}).status_code == 422
    assert client.post("/catalogue/discounts/new/", data).status_code == 302
    rule = DiscountRule.objects.get()
    assert client.get(f"/catalogue/discounts/{rule.pk}/").status_code == 200
    assert "15%" in client.get("/catalogue/discounts/").content.decode()


def test_readers_see_facts_and_no_button(channel_manager, product, europe, signed_in):
    client = signed_in(channel_manager)
    page = client.get(f"/catalogue/products/{product.pk}/").content.decode()
    assert "Backup Pro" in page
    assert "Save" not in page
    assert client.post(f"/catalogue/products/{product.pk}/", {"name": "Mine"}).status_code == 403
    assert client.get(f"/catalogue/price-lists/{europe.pk}/").status_code == 200


def test_the_vendors_pages_are_missing_to_partners(owner, product, signed_in):
    client = signed_in(owner)
    assert client.get(f"/catalogue/products/{product.pk}/").status_code == 404
    assert client.get("/catalogue/").status_code in (403, 404)


def test_list_costs_the_same_with_one_row_and_with_three(program_owner, product, signed_in):
    client = signed_in(program_owner)
    client.get("/catalogue/")
    one = len(statements(client, "/catalogue/"))
    factories.product("Vault")
    factories.product("Watch")
    assert len(statements(client, "/catalogue/")) == one <= 12


def test_exchange_rates(finance, signed_in):
    client = signed_in(finance)
    data = {"day": "2026-01-05", "currency": "USD", "base": "EUR", "rate": "0.92", "source": "ECB"}
    assert client.post("/settings/exchange-rates/new/", data).status_code == 302
    assert client.post("/settings/exchange-rates/new/", data).status_code == 422
    for change in ({"rate": "0"}, {"rate": "-1"}, {"day": "20260-01-01"}, {"currency": "XXX"}, {"currency": "EUR"}):
        assert client.post("/settings/exchange-rates/new/", {**data, "day": "2026-02-02", **change}).status_code == 422
    rate = ExchangeRate.objects.get()
    assert client.get("/settings/exchange-rates/").status_code == 200
    client.post(f"/settings/exchange-rates/{rate.pk}/removal/")
    assert not ExchangeRate.objects.exists()


def test_exchange_rates_belong_to_some_roles(channel_manager, signed_in):
    assert signed_in(channel_manager).get("/settings/exchange-rates/").status_code == 403
