from partners.catalogue.models import DiscountRule, Price, PriceList, Product, ProductLine
from partners.catalogue.serializers import (
    DiscountRuleSerializer,
    PriceListSerializer,
    PriceSerializer,
    ProductLineSerializer,
    ProductSerializer,
)
from prm import events
from prm.api.filters import CHANGED, day, identity, text, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Creates, Deletes, Edits, Reads, ScopedViewSet, Upserts

NAMED = {**ScopedViewSet.ordering_fields, "name": "name"}


@resource("product-lines")
class ProductLineViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = ProductLine
    serializer_class = ProductLineSerializer
    may_create = "manage_catalogue"
    filters = {**CHANGED, "is_active": yes_or_no("is_active")}
    search_fields = ("name",)
    ordering_fields = NAMED


@resource("products")
class ProductViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Product
    serializer_class = ProductSerializer
    may_create = "manage_catalogue"
    filters = {**CHANGED, "line": identity("line"), "sku": text("sku"), "is_active": yes_or_no("is_active")}
    search_fields = ("name", "sku")
    ordering_fields = NAMED


@resource("price-lists")
class PriceListViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = PriceList
    serializer_class = PriceListSerializer
    may_create = "manage_catalogue"
    filters = {**CHANGED, "currency": text("currency")}
    search_fields = ("name",)
    ordering_fields = NAMED


@resource("prices")
class PriceViewSet(Reads, Creates, Edits, Deletes, Upserts, ScopedViewSet):
    """What each product costs in each price list."""

    model = Price
    serializer_class = PriceSerializer
    may_create = "manage_catalogue"
    filters = {
        **CHANGED,
        "price_list": identity("price_list"),
        "product": identity("product"),
        "in_force_on": day("price_list__period__contains"),
    }

    def delete_row(self, row):
        super().delete_row(row)
        events.record(row.price_list, "prices_changed", by=self.request.user, count=1)


@resource("discount-rules")
class DiscountRuleViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    """What a tier pays less than list; a partner reads those of the tiers it holds."""

    model = DiscountRule
    serializer_class = DiscountRuleSerializer
    may_create = "manage_programs"
    filters = {
        **CHANGED,
        "tier": identity("tier"),
        "line": identity("line"),
        "in_force_on": day("period__contains"),
    }
