from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet

from attribution.models import AttributionRun, Credit, CreditModel
from attribution.reports.filters import lying_in
from attribution.reports.serializers import AttributionRunSerializer, CreditSerializer
from deals.axes import Route
from deals.models import OpportunityLine
from prm.api.filters import Filter, day, identity, one_of, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet


def of_deals(find: Callable[[UUID], QuerySet]) -> Filter:
    """Credits of the opportunities that ``find`` names by an id."""
    return Filter("opportunity__in", lambda text: find(UUID(text)), {"type": "string", "format": "uuid"})


@resource("attribution-credits")
class CreditViewSet(Reads, ScopedViewSet):
    """The credit ledger: which touch gets which part of a won opportunity, by which model and why."""

    model = Credit
    serializer_class = CreditSerializer
    partner_filters: dict[str, Filter] = {
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
    vendor_filters: dict[str, Filter] = {
        **partner_filters,
        "route": one_of("opportunity__route", Route),
        "line": of_deals(lambda line: OpportunityLine.objects.filter(line=line).values("opportunity")),
        "territory": of_deals(lambda territory: lying_in(territory).values("source_id")),
    }
    filters = vendor_filters
    ordering_fields = {"closed_on": "closed_on"}
    default_ordering = "-closed_on"

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.user.is_partner:
            self.filters = self.partner_filters


@resource("attribution-runs")
class AttributionRunViewSet(Reads, ScopedViewSet):
    """Computations of the whole ledger: their settings, and how many rows were not right before."""

    model = AttributionRun
    serializer_class = AttributionRunSerializer
    vendor_only = True
    filters: dict[str, Filter] = {}
    ordering_fields = {"started_at": "started_at"}
    default_ordering = "-started_at"
