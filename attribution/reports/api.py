from attribution.models import AttributionRun, Credit, CreditModel
from attribution.reports.serializers import AttributionRunSerializer, CreditSerializer
from prm.api.filters import Filter, day, identity, one_of, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet


@resource("attribution-credits")
class CreditViewSet(Reads, ScopedViewSet):
    """The credit ledger: which touch gets which part of a won opportunity, by which model and why."""

    model = Credit
    serializer_class = CreditSerializer
    filters: dict[str, Filter] = {
        "model": one_of("model", CreditModel),
        "opportunity": identity("opportunity"),
        "participant": identity("participant"),
        "partner": identity("partner"),
        "campaign": identity("campaign"),
        "touchpoint": identity("touchpoint"),
        "sourced": yes_or_no("sourced"),
        "closed_after": day("closed_on__gte"),
        "closed_before": day("closed_on__lt"),
    }
    ordering_fields = {"closed_on": "closed_on"}
    default_ordering = "-closed_on"


@resource("attribution-runs")
class AttributionRunViewSet(Reads, ScopedViewSet):
    """Computations of the whole ledger: their settings, and how many rows were not right before."""

    model = AttributionRun
    serializer_class = AttributionRunSerializer
    vendor_only = True
    filters: dict[str, Filter] = {}
    ordering_fields = {"started_at": "started_at"}
    default_ordering = "-started_at"
