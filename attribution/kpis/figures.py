"""Figures, for whoever asks: what a metric was in a period, by month or by part, limited to what the person may see.

    kpis.value("bookings", Period.named("quarter"), user=user).text          → "€1,204,300"
    kpis.values("win_rate", period, by="partner", filters={"line": line.pk}, user=user)
    kpis.tiles(["pipeline", "open_conflicts"], period, user=user)              → for the ``kpi`` component

Sums of whole months in one dimension are read from the rollups; all other questions go to the ledger itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from attribution.kpis.figure import Figure, UnknownQuestion, change
from attribution.kpis.metrics import DIMENSIONS, METRICS, Metric
from attribution.kpis.questions import Question
from prm.periods import Period, add_months, month_start

BY = ("month", *DIMENSIONS)
SPARK_MONTHS = 12


def metric_of(metric: str | Metric, user: Any = None) -> Metric:
    """The declared metric; refused to whom it is not for."""
    found = metric if isinstance(metric, Metric) else METRICS.get(metric)
    if found is None:
        raise UnknownQuestion(_("There is no metric “%(key)s”.") % {"key": metric})
    if user is not None and found not in METRICS.visible_to(user):
        raise PermissionDenied
    return found


def value(metric: str | Metric, period: Period, filters: Mapping[str, Any] | None = None, user: Any = None) -> Figure:
    """The one number of the period."""
    return values(metric, period, None, filters, user)[0]


def values(
    metric: str | Metric,
    period: Period,
    by: str | None = None,
    filters: Mapping[str, Any] | None = None,
    user: Any = None,
) -> list[Figure]:
    """The figures of a period: one (``by`` None), one for each month, or one for each partner, territory, line or route.

    ``filters`` narrow to one ``partner``, ``territory``, ``line`` or ``route``. ``user`` limits to what the person may see;
    without one (background work) everything is counted. Two statements at most, three with the names of parts.
    """
    asked = metric_of(metric, user)
    question = Question.of([asked], filters, user)
    if by is None:
        return [question.total(asked, period)]
    if by == "month":
        return question.months(asked, period)
    if by not in asked.dimensions or (user is not None and user.is_partner and by != "line"):
        raise UnknownQuestion(_("“%(name)s” cannot be told by %(by)s.") % {"name": asked.name, "by": by})
    return question.parts(asked, period, by)


def tiles(
    metrics: Sequence[str],
    period: Period | None = None,
    filters: Mapping[str, Any] | None = None,
    user: Any = None,
) -> list[dict[str, Any]]:
    """Contexts for the ``kpi`` component, in the order asked, without those not for this person; three statements in all."""
    period = period or Period.named("month")
    asked = [METRICS[key] for key in metrics if user is None or METRICS[key] in METRICS.visible_to(user)]
    if not asked:
        return []
    question = Question.of(asked, filters, user)
    year = Period(add_months(month_start(period.last_day), 1 - SPARK_MONTHS), period.end)
    question.prepare(year, period, period.previous)
    made = []
    for metric in asked:
        now, before = question.total(metric, period), question.total(metric, period.previous)
        text, tone = change(now, before)
        spark = [one.value for one in question.months(metric, year)] if metric.by_month else []
        made.append(
            {
                "key": metric.key,
                "label": str(metric.name),
                "value": now.short,
                "change": text,
                "tone": tone,
                "note": now.problem or (_("against %(period)s") % {"period": period.previous} if text else str(period)),
                "spark": [float(value) for value in spark if value is not None],
                "href": now.url,
                "figure": now,
            }
        )
    return made


def series(metrics: Sequence[str], period: Period, user: Any = None) -> list[tuple[Metric, list[Figure]]]:
    """The months of several metrics, for one chart; one statement. Metrics that are not for this person are left out."""
    asked = [METRICS[key] for key in metrics if user is None or METRICS[key] in METRICS.visible_to(user)]
    question = Question.of(asked, None, user)
    question.prepare(period)
    return [(metric, question.months(metric, period)) for metric in asked]
