"""Reports: the metrics with their definitions, the page of each, and the rows behind a figure."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from attribution.kpis.figure import Figure, UnknownQuestion, change
from attribution.kpis.links import NONE, metric_url, said
from attribution.kpis.metrics import ADDITIVITY_NAMES, METRICS, UNIT_NAMES, Kind, Metric, Unit
from attribution.kpis.questions import COLUMN, Question, narrowed
from attribution.kpis.rows import rows_of
from prm.access import may
from prm.http import Request
from prm.imports.export import export_response
from prm.periods import NAMES, Period
from prm.ui.templatetags import ui

SHOWN = 25  # parts of a breakdown on the page; the file has them all


def metric_or_404(request: HttpRequest, key: str) -> Metric:
    metric = METRICS.get(key)
    if metric is None or metric not in METRICS.visible_to(request.user):
        raise Http404
    return metric


@may("see_metrics")
def reports(request: HttpRequest) -> HttpResponse:
    """Every metric with its figure of the period and what it means."""
    period = Period.of_request(request.GET)
    shown = METRICS.visible_to(request.user)
    question = Question.of(shown, None, request.user)
    question.prepare(period, period.previous)
    lines: list[dict[str, Any]] = []
    for metric in shown:
        now, before = question.total(metric, period), question.total(metric, period.previous)
        text, tone = change(now, before)
        lines.append(
            {
                "metric": metric,
                "figure": now,
                "change": text,
                "tone": tone,
                "url": metric_url(metric.key, period),
                "unit": UNIT_NAMES[metric.unit],
                "additivity": ADDITIVITY_NAMES[metric.additivity],
            }
        )
    context = {
        "lines": lines,
        "period": period,
        "periods": periods(request, period),
        "previous": period.previous,
        "may_manage_rates": request.user.may("manage_rates"),
        "problem": next((line["figure"].problem for line in lines if line["figure"].problem), ""),
    }
    return render(request, "kpis/reports.html", context)


@may("see_metrics")
def metric(request: HttpRequest, key: str) -> HttpResponseBase:
    """One metric: its figure, its change, its months and its parts."""
    metric = metric_or_404(request, key)
    period = Period.of_request(request.GET)
    filters = asked_filters(request, metric)
    question = Question.of([metric], filters, request.user)
    question.prepare(period, period.previous)
    ways = [name for name in dimensions(metric, request.user) if name not in filters]
    by = request.GET.get("by", "")
    by = by if by in ways else (ways or [""])[0]
    now = question.total(metric, period)
    parts = question.parts(metric, period, by) if by else []
    months = question.months(metric, period) if metric.by_month else []
    if request.GET.get("export"):
        return export(request, metric, period, months, parts, by)
    text, tone = change(now, question.total(metric, period.previous))
    context = {
        "metric": metric,
        "figure": now,
        "change": text,
        "tone": tone,
        "period": period,
        "previous": period.previous,
        "periods": periods(request, period),
        "narrowed": [
            {"label": part_names()[name], "value": value, "remove_url": address(request, **{name: None})}
            for (name, _value), value in zip(filters.items(), said(filters), strict=True)
        ],
        "clear_url": address(request, **dict.fromkeys(COLUMN)),
        "labels": [one.label for one in months],
        "series": [{"label": metric.name, "values": [charted(one) for one in months]}] if months else [],
        "chart_kind": "bar" if metric.kind in (Kind.FLOW, Kind.ACTIVE) and metric.unit != Unit.RATIO else "line",
        "unit": settings.REPORTING_CURRENCY if metric.unit == Unit.MONEY else unit_of_chart(metric),
        "ways": [
            {"label": part_names()[name], "url": address(request, by=name), "active": name == by} for name in ways
        ],
        "by": part_names().get(by, ""),
        "parts": [part_line(part, period, request) for part in parts[:SHOWN]],
        "more": len(parts) - SHOWN if len(parts) > SHOWN else 0,
        "unit_name": UNIT_NAMES[metric.unit],
        "additivity": ADDITIVITY_NAMES[metric.additivity],
        "exports": [
            {"label": "CSV", "url": address(request, export="csv")},
            {"label": "Excel (XLSX)", "url": address(request, export="xlsx")},
        ]
        if request.user.may("export")
        else [],
    }
    return render(request, "kpis/metric.html", context)


@may("see_metrics")
def rows(request: Request, key: str) -> HttpResponse:
    """Exactly the records behind a figure."""
    metric = metric_or_404(request, key)
    page = rows_of(metric, request.user)()
    page.setup(request, metric, asked_filters(request, metric))
    return page.get(request)


def asked_filters(request: HttpRequest, metric: Metric) -> dict[str, str]:
    """The parts an address narrows the figure to; an address of no part is no page."""
    try:
        return narrowed([metric], {name: request.GET.get(name) for name in COLUMN}, request.user)
    except UnknownQuestion:
        raise Http404 from None


def part_names() -> dict[str, str]:
    return {
        "partner": _("Partner"),
        "territory": _("Territory"),
        "line": _("Product line"),
        "route": _("Route"),
    }


def dimensions(metric: Metric, user: Any) -> list[str]:
    """The ways a metric can be told apart for this reader."""
    return [name for name in metric.dimensions if not user.is_partner or name == "line"]


def part_line(part: Figure, period: Period, request: HttpRequest) -> dict[str, Any]:
    kept = {name: value for name, value in (part.filters or {}).items() if value != NONE}
    own = len(kept) == len(part.filters or {})
    return {"figure": part, "url": metric_url(part.metric.key, period, kept) if own else ""}


def charted(one: Figure) -> float | None:
    """A value as a chart draws it: ratios in percent."""
    if one.value is None:
        return None
    return round(float(one.value * (100 if one.metric.unit == Unit.RATIO else 1)), 2)


def unit_of_chart(metric: Metric) -> str:
    return {
        Unit.RATIO: "%",
        Unit.DAYS: pgettext("unit", "days"),
        Unit.HOURS: pgettext("unit", "hours"),
        Unit.COUNT: "",
    }[metric.unit]


def address(request: HttpRequest, **changes: str | None) -> str:
    """This page with other parameters; None takes one away."""
    query = request.GET.copy()
    query.pop("export", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def periods(request: HttpRequest, chosen: Period) -> list[dict[str, Any]]:
    """The choices of the period picker."""
    cleared = {"from": None, "to": None}
    return [
        {"label": label, "url": address(request, **{**cleared, "period": key}), "active": key == chosen.key}
        for key, label in NAMES.items()
    ]


def export(
    request: HttpRequest, metric: Metric, period: Period, months: list[Figure], parts: list[Figure], by: str
) -> HttpResponseBase:
    """Months and parts as a file, with what each ratio was divided from."""
    file_format = request.GET["export"]
    if file_format not in ("csv", "xlsx") or not request.user.may("export"):
        raise Http404
    header = [_("Told by"), _("Part"), str(metric.name), _("Unit"), _("Numerator"), _("Denominator")]
    names = {**part_names(), "month": _("Month")}
    unit = settings.REPORTING_CURRENCY if metric.unit == Unit.MONEY else str(UNIT_NAMES[metric.unit])
    lines = [
        [names[way], str(one.label), one.value, unit, one.top, one.bottom]
        for way, many in (("month", months), (by, parts))
        for one in many
    ]
    return export_response(file_format, f"{metric.key} {ui.period((period.start, period.end))}", header, iter(lines))
