from prm.api.filters import CHANGED, identity, text, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Creates, Edits, Reads, ScopedViewSet, Upserts
from territories.models import Customer
from territories.serializers import CustomerSerializer


@resource("customers")
class CustomerViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Customer
    serializer_class = CustomerSerializer
    vendor_only = True
    may_create = "manage_customers"
    filters = {
        **CHANGED,
        "country": text("country", 2),
        "segment": text("segment"),
        "industry": text("industry"),
        "house_account": yes_or_no("house_account"),
        "team": identity("team"),
        "domain": text("domains__domain"),
        "identifier": text("identifiers__value"),
    }
    search_fields = ("name",)
    ordering_fields = {**ScopedViewSet.ordering_fields, "name": "name"}
