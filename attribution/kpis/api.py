"""Metrics and their values through the API: the same declarations and the same questions as on the screens."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from attribution.kpis.figure import Figure, UnknownQuestion
from attribution.kpis.figures import BY, values
from attribution.kpis.metrics import METRICS, Metric
from attribution.kpis.models import Fact
from attribution.kpis.serializers import MetricSerializer, ValueSerializer
from prm.api.filters import Filter, FilterBackend
from prm.api.pagination import CursorPage
from prm.api.problems import Problem
from prm.api.renderers import answer
from prm.api.router import resource
from prm.api.viewsets import ScopedViewSet
from prm.periods import NAMES, Period


def part(read: Any = UUID) -> Filter:
    return Filter("", lambda text: text if text == "none" else str(read(text)), {"type": "string"}, "An id, or `none`.")


class Asked(ScopedViewSet):
    """A resource made of declarations rather than rows: everything on one page, unknown parameters refused."""

    model = Fact
    lookup_value_converter = "slug"

    def asked(self) -> dict[str, Any]:
        """The checked parameters."""
        found = {}
        for name, value in self.request.GET.items():
            if name in self.filters:
                found[name] = FilterBackend.read(self.filters[name], name, str(value))
            elif name not in ("limit", "cursor"):
                raise FilterBackend.unknown(name)
        CursorPage.limit(self.request)
        if "cursor" in self.request.GET:
            raise Problem("invalid_cursor")
        return found

    @staticmethod
    def page(results: list[dict]) -> HttpResponse:
        return answer({"next": None, "previous": None, "results": results})


@resource("metrics")
class MetricViewSet(Asked):
    serializer_class = MetricSerializer
    filters: dict[str, Filter] = {}

    def list(self, request) -> HttpResponse:
        """The metrics you may ask for, with definition, formula, unit, grain and additivity."""
        self.asked()
        return self.page([shown(metric) for metric in METRICS.visible_to(request.user)])

    def retrieve(self, request, pk: str = "") -> HttpResponse:
        """One metric."""
        metric = METRICS.get(pk)
        if metric is None or metric not in METRICS.visible_to(request.user):
            raise Http404
        return answer(shown(metric))


@resource("metric-values")
class MetricValueViewSet(Asked):
    serializer_class = ValueSerializer
    filters: dict[str, Filter] = {
        "metric": Filter("", str, {"type": "string"}, "The key of a metric. Required."),
        "period": Filter(
            "", str, {"type": "string", "enum": [*NAMES, "last_month"]}, "A period by name; or give start and end."
        ),
        "start": Filter("", date.fromisoformat, {"type": "string", "format": "date"}),
        "end": Filter("", date.fromisoformat, {"type": "string", "format": "date"}, "Exclusive."),
        "by": Filter("", str, {"type": "string", "enum": list(BY)}),
        "partner": part(),
        "territory": part(),
        "line": part(),
        "route": part(str),
    }

    def list(self, request) -> HttpResponse:
        """The values of one metric in a period: one, one for each month, or one for each part (`by`)."""
        asked = self.asked()
        if "metric" not in asked:
            raise Problem("invalid_parameter", _("Say which metric."))
        by, period = asked.get("by"), self.period(asked)
        filters: dict[str, Any] = {
            name: asked[name] for name in ("partner", "territory", "line", "route") if name in asked
        }
        try:
            found = values(asked["metric"], period, by, filters, request.user)
        except UnknownQuestion as error:
            raise Problem("invalid_parameter", str(error)) from None
        except PermissionDenied:
            raise Problem("not_allowed") from None
        return self.page([shown_value(figure) for figure in found])

    @staticmethod
    def period(asked: dict[str, Any]) -> Period:
        start, end, name = asked.get("start"), asked.get("end"), asked.get("period")
        if start and end and start < end and start.year >= 1950 and end.year < 2200:
            return Period(start, end)
        if start or end or (name and name not in NAMES and name != "last_month"):
            raise Problem("invalid_parameter", _("Give a period by name, or start and end with start before end."))
        return Period.named(name or "12m")


def shown(metric: Metric) -> dict[str, Any]:
    return {
        "key": metric.key,
        "name": str(metric.name),
        "definition": str(metric.definition),
        "formula": str(metric.formula),
        "unit": str(metric.unit),
        "kind": str(metric.kind),
        "grain": metric.grain,
        "additivity": str(metric.additivity),
        "dimensions": list(metric.dimensions),
        "direction": "up" if metric.up_is_good else "down",
    }


def shown_value(figure: Figure) -> dict[str, Any]:
    key = figure.key.isoformat() if isinstance(figure.key, date) else figure.key
    return {
        "metric": figure.metric.key,
        "start": figure.period.start,
        "end": figure.period.end,
        "key": key,
        "label": str(figure.label),
        "value": None if figure.value is None else str(figure.value),
        "currency": figure.currency,
        "numerator": figure.top,
        "denominator": figure.bottom,
        "unconverted": figure.unconverted,
    }
