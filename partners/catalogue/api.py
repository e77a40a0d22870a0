from partners.catalogue.models import PriceList, Product, ProductLine
from partners.catalogue.serializers import PriceListSerializer, ProductLineSerializer, ProductSerializer
from prm.api.filters import CHANGED, identity, text, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Creates, Edits, Reads, ScopedViewSet, Upserts

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
