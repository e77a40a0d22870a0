"""The sums behind figures: narrowed by filters and by what a person may see, each asked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_date
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from attribution.kpis import links
from attribution.kpis.figure import Figure, UnknownQuestion
from attribution.kpis.joining import JOINED, RUNNING
from attribution.kpis.metrics import ACTIVE_DAYS, AMOUNTS, Kind, Metric, Term
from prm.calendar import business_today
from prm.periods import Period, add_months, month_start
from prm.ui.templatetags import ui

Sums = dict[str, tuple[int, int]]  # measure → (values, rows)
BEGINNING, FOREVER = date(1900, 1, 1), date(9000, 1, 1)

# Whole months from the rollups, the days beside them from the ledger.
SUMS = """
SELECT bucket, measure, sum(value), sum(n) FROM ({pieces}) piece GROUP BY 1, 2
"""
ROLLUP = """
SELECT {bucket} AS bucket, measure, value, n FROM kpis_rollup
WHERE measure = ANY(%(measures)s) AND dimension = %(dimension)s {key} AND month >= %(first)s AND month < %(last)s
"""
PREPARED_ROLLUP = """
SELECT month AS bucket, measure, value, n FROM kpis_rollup
WHERE measure = ANY(%(measures)s) AND dimension = %(dimension)s {key} AND month < %(high)s AND month <> ALL(%(cut)s::date[])
    AND (month >= %(first)s OR measure = ANY(%(stocks)s))
"""
# A row counts once in each bucket, however many partners or lines of it are asked for.
LEDGER = """
SELECT {bucket} AS bucket, measure, CASE WHEN measure = ANY(%(amounts)s) THEN sum(value) ELSE max(value) END AS value, n
FROM {facts} WHERE measure = ANY(%(measures)s) AND {within} {where}
GROUP BY 1, 2, source_id, n
"""
# A partner that joined a deal later learns nothing of the time before: the deal enters its pipeline on the day it joined.
OWN_FACTS = f"""
(SELECT f.source_id, f.measure, f.partner_id, f.line_id, f.value, f.n, f.shared,
    CASE WHEN f.measure = ANY(%(running)s) THEN greatest(f.on_date, {JOINED}) ELSE f.on_date END AS on_date
FROM kpis_fact f WHERE f.partner_id = %(own)s AND f.shared) own
"""  # noqa: S608 # nosec B608 # made of a constant of ours
# The bucket of a day where months are cut: its month, or the piece of the cut month.
PIECE = """
CASE WHEN {month} = ANY(%(cut)s::date[]) THEN (%(bounds)s::date[])[width_bucket(on_date, %(bounds)s::date[])] ELSE {month} END
"""
# A partner is active at the end of a month when its last activity until then is not older than the days given.
ACTIVE = """
WITH last AS (
    SELECT partner_id, date_trunc('month', on_date)::date AS month, max(on_date) AS day FROM kpis_fact
    WHERE measure = 'activity' AND on_date > %(start)s AND on_date <= %(end)s {where} GROUP BY 1, 2
)
SELECT e.day, count(DISTINCT last.partner_id) FROM unnest(%(ends)s::date[]) AS e (day)
LEFT JOIN last ON last.day > e.day - %(days)s AND last.month <= e.day AND last.day <= e.day GROUP BY 1
"""
ACTIVE_BY = """
SELECT {bucket} AS bucket, count(DISTINCT partner_id) FROM kpis_fact
WHERE measure = 'activity' AND on_date > %(start)s AND on_date <= %(end)s {where} GROUP BY 1
"""
COLUMN = {"partner": "partner_id", "territory": "territory_id", "line": "line_id", "route": "route"}


class Question:
    """Sums for some metrics, narrowed by filters and by what the person may see; each sum is asked once."""

    def __init__(
        self, measures: dict[str, bool], filters: Mapping[str, str], where: str, values: dict[str, Any], plain: bool
    ):
        self.measures = measures
        self.filters, self.where, self.values = filters, where, values
        self.facts = OWN_FACTS if "own" in values else "kpis_fact"
        self.plain = plain  # one dimension at most, and nobody's scope: the rollups can answer
        self.known: dict[tuple, dict[Any, Sums]] = {}
        self.bounds: set[date] = set()
        self.prepared: dict[date, Sums] = {}

    @classmethod
    def of(cls, metrics: Sequence[Metric], filters: Mapping[str, Any] | None, user: Any) -> Question:
        # What is asked for: each measure, and whether it stays in the sum until it is taken back.
        measures = {
            measure: metric.kind in (Kind.STOCK, Kind.NOW)
            for metric in metrics
            if metric.kind != Kind.ACTIVE
            for measure in metric.measures
        }
        named = narrowed(metrics, filters, user)
        clauses = [
            f"AND {COLUMN[name]} = %(f_{name})s"
            if value != links.NONE or name == "route"
            else f"AND {COLUMN[name]} IS NULL"
            for name, value in named.items()
        ]
        params: dict[str, Any] = {f"f_{name}": "" if value == links.NONE else value for name, value in named.items()}
        scope, scope_params = scope_of(user)
        clauses += scope
        return cls(measures, named, " ".join(clauses), {**params, **scope_params}, not scope and len(named) < 2)

    def sums(self, period: Period, by: str | None, *, until: bool = False) -> dict[Any, Sums]:
        """The sums of the measures by bucket; ``until``: of everything before the period's end."""
        if by in (None, "month") and self.is_prepared(period, until):
            first = BEGINNING if until else period.start
            found: dict[Any, Sums] = {}
            for day, sums in self.prepared.items():
                if first <= day < period.end:
                    bucket = month_start(day) if by else None
                    mine = {measure: both for measure, both in sums.items() if self.measures[measure] == until}
                    found[bucket] = added([found.get(bucket, {}), mine])
            return found
        key = (period.start if not until else None, period.end, by)
        if key not in self.known:
            self.known[key] = self.ask(period, by, until)
        return self.known[key]

    def prepare(self, *periods: Period) -> None:
        """Answer totals and months of these periods from one statement: the whole months, and the pieces where one is cut."""
        self.bounds = {bound for period in periods for bound in (period.start, period.end)}
        cut = sorted({month_start(bound) for bound in self.bounds if bound.day != 1})
        params = {
            **self.values,
            "amounts": list(AMOUNTS),
            "measures": list(self.measures),
            "stocks": [measure for measure, stays in self.measures.items() if stays],
            "low": min(self.bounds),
            "first": month_start(min(self.bounds)),
            "high": max(self.bounds),
            "cut": cut,
            "bounds": sorted({*self.bounds, *cut}),
            "dimension": next(iter(self.filters), ""),
            "key": next(iter(self.filters.values()), "").replace(links.NONE, ""),
        }
        month = "date_trunc('month', on_date)::date"
        piece = PIECE.format(month=month)
        spans = " OR ".join(f"on_date >= %(cut_{i})s AND on_date < %(cut_{i}_end)s" for i in range(len(cut)))
        for i, first in enumerate(cut):
            params |= {f"cut_{i}": first, f"cut_{i}_end": add_months(first, 1)}
        since = "AND (on_date >= %(low)s OR measure = ANY(%(stocks)s))"
        if self.plain:
            pieces = [PREPARED_ROLLUP.format(key="AND key = %(key)s" if self.filters else "")]
            if cut:
                within = f"({spans}) AND on_date < %(high)s {since}"
                pieces.append(LEDGER.format(bucket=piece, facts=self.facts, within=within, where=self.where))
        else:
            within = f"on_date < %(high)s {since}"
            pieces = [LEDGER.format(bucket=piece, facts=self.facts, within=within, where=self.where)]
        self.prepared = self.fetched(pieces, params) if self.measures else {}

    def is_prepared(self, period: Period, until: bool) -> bool:
        return (
            self.bounds != set()
            and (until or period.start >= min(self.bounds))
            and period.end <= max(self.bounds)
            and (period.end.day == 1 or period.end in self.bounds)
            and (until or period.start.day == 1 or period.start in self.bounds)
        )

    @staticmethod
    def fetched(pieces: list[str], params: dict[str, Any]) -> dict[Any, Sums]:
        found: dict[Any, Sums] = {}
        with connection.cursor() as cursor:
            cursor.execute(SUMS.format(pieces=" UNION ALL ".join(pieces)), params)
            for bucket, measure, value, n in cursor.fetchall():
                found.setdefault(bucket, {})[measure] = (int(value), int(n))
        return found

    def ask(self, period: Period, by: str | None, until: bool) -> dict[Any, Sums]:
        start, end = BEGINNING if until else period.start, period.end
        first = start if start.day == 1 else add_months(month_start(start), 1)  # the whole months within
        last = month_start(end)
        by_part = by in COLUMN
        month = "date_trunc('month', on_date)::date" if by == "month" else "NULL::date"
        ledger_bucket = f"coalesce({COLUMN[by]}::text, '')" if by_part else month
        params = {**self.values, "amounts": list(AMOUNTS), "start": start, "end": end, "first": first, "last": last}
        params["measures"] = [measure for measure, stays in self.measures.items() if stays == until]

        def ledger(since: str, until: str) -> str:
            within = f"on_date >= %({since})s AND on_date < %({until})s"
            return LEDGER.format(bucket=ledger_bucket, facts=self.facts, within=within, where=self.where)

        if self.plain and first < last and not (by_part and self.filters):
            params["dimension"] = by if by_part else next(iter(self.filters), "")
            params["key"] = next(iter(self.filters.values()), "").replace(links.NONE, "")
            bucket = "key" if by_part else "month" if by == "month" else "NULL::date"
            pieces = [ROLLUP.format(bucket=bucket, key="AND key = %(key)s" if self.filters else "")]
            if start < first:
                pieces.append(ledger("start", "first"))
            if last < end:
                pieces.append(ledger("last", "end"))
        else:
            pieces = [ledger("start", "end")]
        return self.fetched(pieces, params) if params["measures"] else {}

    # One, months, parts -----------------------------------------------------------------------------------------------------

    def total(self, metric: Metric, period: Period) -> Figure:
        if metric.kind == Kind.ACTIVE:
            end = last_counted(period)
            return self.made(metric, period, {"activity": (0, self.active([end])[end])})
        until = metric.kind in (Kind.STOCK, Kind.NOW)
        asked = period if metric.kind != Kind.NOW else Period(period.start, FOREVER)
        sums = self.sums(asked, None, until=until).get(None, {})
        if metric.kind == Kind.GROWTH:
            return self.growth(metric, period, sums, self.sums(period.previous, None).get(None, {}))
        return self.made(metric, period, sums)

    def months(self, metric: Metric, period: Period) -> list[Figure]:
        if not metric.by_month:
            raise UnknownQuestion(_("“%(name)s” cannot be told by %(by)s.") % {"name": metric.name, "by": _("month")})
        cut = {month: clipped(Period.of_month(month), period) for month in period.months}
        if metric.kind == Kind.ACTIVE:
            ends = {month: last_counted(part) for month, part in cut.items()}
            active = self.active(list(ends.values()))
            return [self.made(metric, cut[m], {"activity": (0, active[end])}, key=m) for m, end in ends.items()]
        if metric.kind == Kind.STOCK:
            sums = self.sums(period, "month", until=True)
            return [
                self.made(metric, part, added(s for at, s in sums.items() if at <= month), key=month)
                for month, part in cut.items()
            ]
        if metric.kind == Kind.GROWTH:
            longer = Period(add_months(month_start(period.start), -1), period.end)
            sums = self.sums(longer, "month")
            return [
                self.growth(metric, part, sums.get(month, {}), sums.get(add_months(month, -1), {}), key=month)
                for month, part in cut.items()
            ]
        sums = self.sums(period, "month")
        return [self.made(metric, part, sums.get(month, {}), key=month) for month, part in cut.items()]

    def parts(self, metric: Metric, period: Period, by: str) -> list[Figure]:
        """One figure for each part that has any, the largest first; what belongs to no part is named so, last."""
        if metric.kind == Kind.ACTIVE:
            end = last_counted(period)
            rows = {key: {"activity": (0, n)} for key, n in self.active_by(end, by).items()}
        else:
            until = metric.kind in (Kind.STOCK, Kind.NOW)
            asked = period if metric.kind != Kind.NOW else Period(period.start, FOREVER)
            rows = self.sums(asked, by, until=until)
        before = self.sums(period.previous, by) if metric.kind == Kind.GROWTH else {}
        names = links.names_of(by, [key for key in {*rows, *before} if key])
        found = []
        for key in {**rows, **before}:
            if key and key not in names:
                continue
            values = {
                "key": key,
                "label": names[key] if key else links.NOBODY[by],
                "filters": {**self.filters, by: key},
            }
            if metric.kind == Kind.GROWTH:
                found.append(self.growth(metric, period, rows.get(key, {}), before.get(key, {}), **values))
            else:
                found.append(self.made(metric, period, rows[key], **values))
        told = [one for one in found if one.bottom or (one.bottom is None and one.top) or one.unconverted]
        return sorted(told, key=lambda one: (not one.key, -(one.value or 0), str(one.label)))

    def made(self, metric: Metric, period: Period, sums: Sums, **more: Any) -> Figure:
        if isinstance(more.get("key"), date):
            more["label"] = format_date(more["key"], "MMM y", locale=ui.reader_locale())
        return Figure(
            metric,
            period,
            top=reckoned(metric.top, sums),
            bottom=reckoned(metric.bottom, sums) if metric.bottom else None,
            unconverted=sums.get(metric.unconverted, (0, 0))[1],
            **{"filters": self.filters, **more},
        )

    def growth(self, metric: Metric, period: Period, now: Sums, before: Sums, **more: Any) -> Figure:
        """The difference over the former value."""
        if isinstance(more.get("key"), date):
            more["label"] = format_date(more["key"], "MMM y", locale=ui.reader_locale())
        current, former = reckoned(metric.top, now), reckoned(metric.top, before)
        missing = sum(sums.get(metric.unconverted, (0, 0))[1] for sums in (now, before))
        return Figure(
            metric,
            period,
            top=current - former,
            bottom=former,
            unconverted=missing,
            **{"filters": self.filters, **more},
        )

    def active(self, ends: list[date]) -> dict[date, int]:
        """Partners with an activity in the days before each of these days, itself included."""
        params = {**self.values, "ends": ends, "days": ACTIVE_DAYS}
        params |= {"start": min(ends) - timedelta(days=ACTIVE_DAYS), "end": max(ends)}
        with connection.cursor() as cursor:
            if len(set(ends)) == 1:
                cursor.execute(ACTIVE_BY.format(bucket="NULL::date", where=self.where), params)
                counts = {ends[0]: sum(n for _bucket, n in cursor.fetchall())}
            else:
                cursor.execute(ACTIVE.format(where=self.where), params)
                counts = dict(cursor.fetchall())
        return {end: counts.get(end, 0) for end in ends}

    def active_by(self, end: date, by: str) -> dict[str, int]:
        params = {**self.values, "start": end - timedelta(days=ACTIVE_DAYS), "end": end}
        with connection.cursor() as cursor:
            cursor.execute(ACTIVE_BY.format(bucket=f"coalesce({COLUMN[by]}::text, '')", where=self.where), params)
            return dict(cursor.fetchall())


def narrowed(metrics: Sequence[Metric], filters: Mapping[str, Any] | None, user: Any = None) -> dict[str, str]:
    """The filters that are given, checked; ``none`` asks for what belongs to no part.

    Territories and routes are the vendor's way of seeing a partner's deals: a partner narrows by product line.
    """
    named = {name: str(value) for name, value in (filters or {}).items() if value not in (None, "")}
    for name, value in named.items():
        hidden = user is not None and user.is_partner and name in ("territory", "route")
        if hidden or any(name not in metric.dimensions for metric in metrics):
            raise UnknownQuestion(_("“%(name)s” cannot narrow this figure.") % {"name": name})
        if name != "route" and value != links.NONE:
            try:
                named[name] = str(UUID(value))
            except ValueError:
                raise UnknownQuestion(_("“%(value)s” names no record.") % {"value": value}) from None
    return named


def added(many: Iterable[Sums]) -> Sums:
    out: Sums = {}
    for sums in many:
        for measure, (value, n) in sums.items():
            before = out.get(measure, (0, 0))
            out[measure] = (before[0] + value, before[1] + n)
    return out


def reckoned(terms: tuple[Term, ...], sums: Sums) -> int:
    return sum(sums.get(term.measure, (0, 0))[term.counted] for term in terms)


def clipped(part: Period, whole: Period) -> Period:
    return Period(max(part.start, whole.start), min(part.end, whole.end))


def last_counted(period: Period) -> date:
    """The day at which activity is looked at: the period's last, or today."""
    return min(period.last_day, business_today())


def scope_of(user: Any) -> tuple[list[str], dict[str, Any]]:
    """What limits a person's figures: a partner to its own shared facts, a channel manager to the partners in its scope."""
    if user is None:
        return [], {}
    if user.is_partner:
        own = {"own": str(user.acting_for_id), "running": list(RUNNING), "zone": settings.BUSINESS_TIME_ZONE}
        return ["AND partner_id = %(own)s AND shared"], own
    ids = user.partner_scope_ids()
    if ids is None:
        return [], {}
    text, params = ids.query.sql_with_params()
    names = [f"scope_{i}" for i in range(len(params))]
    limits = text % tuple(f"%({name})s" for name in names)
    return [f"AND partner_id IN ({limits})"], dict(zip(names, params, strict=True))
