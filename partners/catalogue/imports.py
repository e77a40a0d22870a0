"""Products from files, with their line and list price."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.catalogue.models import Price, PriceList, Product, ProductLine
from prm.calendar import business_today
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register
from prm.imports.values import text
from prm.money import Money


@register
class Products(ImportKind):
    name, label, model, capability, list_url, order = (
        "products",
        gettext_lazy("Products"),
        Product,
        "manage_catalogue",
        "catalogue:products",
        30,
    )
    keys = [("external_id",), ("sku",)]
    columns = [
        Column(
            "sku",
            gettext_lazy("SKU"),
            text(80),
            required=True,
            aliases=("product code", "hs_sku", "référence", "product"),
        ),
        Column("name", gettext_lazy("Product"), text(200), required=True, aliases=("product name",)),
        Column(
            "line",
            gettext_lazy("product line"),
            text(200),
            required=True,
            aliases=("product family", "family", "series", "gamme"),
            reference=Reference(ProductLine, create=lambda name, row: ProductLine(name=name)),
        ),
        Column("is_active", gettext_lazy("active"), values.flag),
        Column(
            "list_price",
            gettext_lazy("list price"),
            values.amount,
            attr="",
            aliases=("unit price", "price", "sales price", "prix"),
        ),
        Column("currency", gettext_lazy("currency"), values.currency, attr="", aliases=("currencyisocode", "devise")),
        Column("price_list", gettext_lazy("price list"), text(200), attr="", aliases=("price book",)),
    ]

    def check(self, row: Row) -> None:
        if "list_price" in row.values:
            row.values.setdefault("currency", settings.REPORTING_CURRENCY)
            row.values.setdefault("price_list", _("List prices"))
            try:
                Money(row.values["list_price"], row.values["currency"])
            except ValidationError as error:
                row.refuse("list_price", "too_precise", error.messages[0])

    def compare(self, rows: list[Row], run: Any) -> None:
        prices = self.prices_of(rows)
        for row in rows:
            if row.record is not None and "list_price" in row.values and run.mapping.existing != "skip":
                price = prices.get((row.record.pk, row.values["price_list"].lower(), row.values["currency"]))
                row.touched = price is None or (
                    price.amount != row.values["list_price"] and run.mapping.existing == "update"
                )

    def created(self, rows: list[Row], run: Any) -> None:
        self.price(rows)

    def updated(self, rows: list[Row], run: Any) -> None:
        self.price([row for row in rows if row.touched])

    def similar(self, rows: list[Row], run: Any) -> list[tuple[Row, str]]:
        """By name: the same product under another SKU."""
        names = {row.values["name"].lower() for row in rows}
        found = Product.objects.annotate(lower=Lower("name")).filter(lower__in=names)
        known = {product.name.lower(): f"{product.name} ({product.sku})" for product in found}
        return [(row, known[row.values["name"].lower()]) for row in rows if row.values["name"].lower() in known]

    @staticmethod
    def prices_of(rows: list[Row]) -> dict[tuple, Price]:
        ids = [row.record.pk for row in rows if row.record is not None]
        found = Price.objects.filter(product__in=ids).select_related("price_list")
        return {(price.product_id, price.price_list.name.lower(), price.price_list.currency): price for price in found}

    def price(self, rows: list[Row]) -> None:
        """Set the list prices these rows give, in price lists that are made where they are missing."""
        rows = [row for row in rows if "list_price" in row.values]
        lists = {(entry.name.lower(), entry.currency): entry for entry in PriceList.objects.all()}
        for row in rows:
            name, currency = row.values["price_list"], row.values["currency"]
            if (name.lower(), currency) not in lists:
                lists[name.lower(), currency] = PriceList.objects.create(
                    name=name, currency=currency, period=DateRange(business_today(), None)
                )
        prices = self.prices_of(rows)
        new, old = [], []
        for row in rows:
            place = (row.values["price_list"].lower(), row.values["currency"])
            price = prices.get((row.record.pk, *place))
            if price is None:
                new.append(Price(price_list=lists[place], product=row.record, amount=row.values["list_price"]))
                row.made.append((Price._meta.label, str(new[-1].pk)))
            else:
                row.parts.append(
                    (Price._meta.label, str(price.pk), {"amount": (str(price.amount), str(row.values["list_price"]))})
                )
                price.amount, price.version = row.values["list_price"], price.version + 1
                old.append(price)
        Price.objects.bulk_create(new, batch_size=1000)
        Price.objects.bulk_update(old, ["amount", "version"], batch_size=500)
