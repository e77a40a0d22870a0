"""From a figure to its rows, and from the key of a part to its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from prm.periods import Period

MODELS = {
    "partner": ("partners", "Partner"),
    "territory": ("territories", "Territory"),
    "line": ("catalogue", "ProductLine"),
}
# What no part claims.
NOBODY = {
    "partner": _("no partner"),
    "territory": _("no territory"),
    "line": _("no product line"),
    "route": _("no route"),
}
NONE = "none"  # how filters and addresses say so


def rows_url(metric: str, period: Period, filters: Mapping[str, Any] | None = None) -> str:
    """The list of exactly the rows behind a figure: metric, period and filters in the address."""
    query = {**period.query, **(filters or {})}
    return f"{reverse('kpis:rows', args=[metric])}?{urlencode(query)}"


def metric_url(metric: str, period: Period, filters: Mapping[str, Any] | None = None) -> str:
    """The page of a metric."""
    query = {**period.query, **(filters or {})}
    return f"{reverse('kpis:metric', args=[metric])}?{urlencode(query)}"


def names_of(by: str, keys: Iterable[str]) -> dict[str, str]:
    """The names of these parts; one statement."""
    if by == "route":
        from deals.axes import Route

        return {route.value: str(route.label) for route in Route}
    rows = apps.get_model(*MODELS[by])._base_manager.filter(pk__in=list(keys)).values_list("pk", "name")
    return {str(pk): name for pk, name in rows}


def said(filters: Mapping[str, str]) -> list[str]:
    """What narrows a figure, in words, in the order of the filters."""
    return [
        str(NOBODY[name]) if value == NONE else names_of(name, [value]).get(value, value)
        for name, value in filters.items()
    ]
