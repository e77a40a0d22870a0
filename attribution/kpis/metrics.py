"""The metrics: what each says, how it is reckoned, which way is good. One declaration each; screens, API and homes read them here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Unit(StrEnum):
    """What a figure counts: money of the reporting currency, a ratio, things, days or hours."""

    MONEY = "money"
    RATIO = "ratio"
    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"


class Kind(StrEnum):
    """How a figure of a period comes from the ledger."""

    FLOW = "flow"  # what happened in the period
    STOCK = "stock"  # what there was at its end
    NOW = "now"  # what there is today; no history is kept
    GROWTH = "growth"  # the period against the one before
    ACTIVE = "active"  # partners with an activity in the days before its end


class Additivity(StrEnum):
    """Whether figures of parts may be added up."""

    FULL = "full"
    TIME = "time"  # over months only: a deal of two partners counts once for each, once in all
    PARTS = "parts"  # over partners, territories, lines and routes, not over months
    NONE = "none"


class Term(NamedTuple):
    """A sum over the ledger: the values of a measure, or how many rows it has."""

    measure: str
    counted: bool = False


# Measures whose values are amounts, split by partner and line; of all others a row counts once, however many partners and lines.
AMOUNTS = ("won", "lost", "pipeline", "weighted", "sourced", "influenced")
ACTIVE_DAYS = 90
DIMENSIONS = ("partner", "territory", "line", "route")


@dataclass(frozen=True)
class Metric:
    """One declared metric. ``top`` over ``bottom`` (or ``top`` alone), each a sum of terms."""

    key: str
    name: Any
    definition: Any
    formula: Any
    unit: Unit
    kind: Kind
    additivity: Additivity
    top: tuple[Term, ...]
    bottom: tuple[Term, ...] = ()
    up_is_good: bool = True
    subject: str = "opportunity"  # the records behind a figure
    dimensions: tuple[str, ...] = DIMENSIONS
    unconverted: str = ""  # the measure that counts amounts without an exchange rate
    capability: str = "see_metrics"
    for_partners: bool = True
    scale: int = 1  # a value of the ledger is this many times finer than the figure
    grain: str = "month"

    @property
    def measures(self) -> tuple[str, ...]:
        """What the ledger is asked for."""
        named = [term.measure for term in (*self.top, *self.bottom)]
        return tuple(dict.fromkeys([*named, *([self.unconverted] if self.unconverted else [])]))

    @property
    def is_ratio(self) -> bool:
        return bool(self.bottom)

    @property
    def by_month(self) -> bool:
        """Whether months can be told apart."""
        return self.kind != Kind.NOW


def values_of(*measures: str) -> tuple[Term, ...]:
    return tuple(Term(measure) for measure in measures)


def number_of(*measures: str) -> tuple[Term, ...]:
    return tuple(Term(measure, counted=True) for measure in measures)


class Registry:
    """The declared metrics, in the order in which they are shown."""

    def __init__(self, *metrics: Metric):
        self._metrics = {metric.key: metric for metric in metrics}

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def __getitem__(self, key: str) -> Metric:
        return self._metrics[key]

    def __contains__(self, key: object) -> bool:
        return key in self._metrics

    def get(self, key: str) -> Metric | None:
        return self._metrics.get(key)

    def visible_to(self, user: Any) -> list[Metric]:
        """The metrics this person may ask for."""
        return [
            metric
            for metric in self
            if user.may("see_metrics") and user.may(metric.capability) and (metric.for_partners or not user.is_partner)
        ]


METRICS = Registry(
    Metric(
        "bookings",
        _("Bookings"),
        _("Amount of the opportunities won in the period, by the day they closed, at that day's exchange rate."),
        _("sum of amounts of won opportunities"),
        Unit.MONEY,
        Kind.FLOW,
        Additivity.FULL,
        values_of("won"),
        unconverted="won_unconverted",
    ),
    Metric(
        "growth",
        _("Growth of bookings"),
        _("Bookings of the period against those of the period before; of a running period, against the same days."),
        _("(current − previous) ÷ previous"),
        Unit.RATIO,
        Kind.GROWTH,
        Additivity.NONE,
        values_of("won"),
        unconverted="won_unconverted",
    ),
    Metric(
        "won_deals",
        _("Won deals"),
        _(
            "Opportunities won in the period, by the day they closed. A deal sold by two partners counts once for each of them."
        ),
        _("number of won opportunities"),
        Unit.COUNT,
        Kind.FLOW,
        Additivity.TIME,
        number_of("won"),
    ),
    Metric(
        "average_deal",
        _("Average deal"),
        _("What a won deal brings on average."),
        _("bookings ÷ won deals"),
        Unit.MONEY,
        Kind.FLOW,
        Additivity.NONE,
        values_of("won"),
        number_of("won"),
        unconverted="won_unconverted",
    ),
    Metric(
        "win_rate",
        _("Win rate"),
        _("Of the opportunities closed in the period, the part that was won."),
        _("won ÷ (won + lost)"),
        Unit.RATIO,
        Kind.FLOW,
        Additivity.NONE,
        number_of("won"),
        number_of("won", "lost"),
    ),
    Metric(
        "conversion",
        _("Conversion"),
        _(
            "Of the opportunities first contacted in the period, which means that they left the stage “prospect”, the part won by now."
        ),
        _("won ÷ contacted"),
        Unit.RATIO,
        Kind.FLOW,
        Additivity.NONE,
        values_of("contacted"),
        number_of("contacted"),
    ),
    Metric(
        "cycle_time",
        _("Cycle time"),
        _(
            "Mean days from the day an opportunity was first qualified to the day it closed, won or lost, of those closed in the period."
        ),
        _("mean of (closed on − first qualified)"),
        Unit.DAYS,
        Kind.FLOW,
        Additivity.NONE,
        values_of("cycle"),
        number_of("cycle"),
        up_is_good=False,
    ),
    Metric(
        "pipeline",
        _("Pipeline"),
        _(
            "Amount of the opportunities open at the end of the period, at the latest exchange rate; those closed since at the rate of their closing day."
        ),
        _("sum of amounts of open opportunities"),
        Unit.MONEY,
        Kind.STOCK,
        Additivity.PARTS,
        values_of("pipeline"),
        unconverted="pipeline_unconverted",
    ),
    Metric(
        "weighted_pipeline",
        _("Weighted pipeline"),
        _("Amount of today's open opportunities, each multiplied by the probability of its stage."),
        _("sum of amount × probability of the stage"),
        Unit.MONEY,
        Kind.NOW,
        Additivity.PARTS,
        values_of("weighted"),
        unconverted="pipeline_unconverted",
        scale=100,
        grain="now",
    ),
    Metric(
        "open_deals",
        _("Open deals"),
        _("Opportunities open at the end of the period."),
        _("number of open opportunities"),
        Unit.COUNT,
        Kind.STOCK,
        Additivity.NONE,
        number_of("pipeline"),
    ),
    Metric(
        "sourced_bookings",
        _("Sourced bookings"),
        _("Bookings of the deals a partner brought: whole, to the source of each."),
        _("sum of amounts of won opportunities, by source"),
        Unit.MONEY,
        Kind.FLOW,
        Additivity.FULL,
        values_of("sourced"),
        dimensions=("partner", "route"),
        unconverted="sourced_unconverted",
        capability="see_credit",
    ),
    Metric(
        "influenced_bookings",
        _("Influenced bookings"),
        _(
            "Bookings of the deals a partner helped without being their source: whole, once for each partner that helped."
        ),
        _("sum of amounts of won opportunities, by partner that helped"),
        Unit.MONEY,
        Kind.FLOW,
        Additivity.TIME,
        values_of("influenced"),
        dimensions=("partner", "route"),
        unconverted="influenced_unconverted",
        capability="see_credit",
    ),
    Metric(
        "submissions",
        _("Registrations submitted"),
        _("Deal registrations submitted in the period."),
        _("number of submitted registrations"),
        Unit.COUNT,
        Kind.FLOW,
        Additivity.TIME,
        number_of("submission"),
        subject="registration",
    ),
    Metric(
        "approval_rate",
        _("Approval rate"),
        _("Of the registrations decided in the period, the part that was approved."),
        _("approved ÷ (approved + rejected)"),
        Unit.RATIO,
        Kind.FLOW,
        Additivity.NONE,
        values_of("approval"),
        number_of("approval"),
        subject="registration",
    ),
    Metric(
        "decision_time",
        _("Decision time"),
        _("Mean hours from the submission of a registration to its decision, of those decided in the period."),
        _("mean of (decided − submitted)"),
        Unit.HOURS,
        Kind.FLOW,
        Additivity.NONE,
        values_of("decision"),
        number_of("decision"),
        up_is_good=False,
        subject="registration",
        scale=60,
    ),
    Metric(
        "decided_on_time",
        _("Decided on time"),
        _("Of the registrations decided in the period, the part decided by the day promised."),
        _("decided by the promised time ÷ decided"),
        Unit.RATIO,
        Kind.FLOW,
        Additivity.NONE,
        values_of("on_time"),
        number_of("on_time"),
        subject="registration",
    ),
    Metric(
        "active_partners",
        _("Active partners"),
        _(
            "Partners with a submission or a stage change of one of their deals in the 90 days before the end of the period."
        ),
        _("number of partners with an activity in 90 days"),
        Unit.COUNT,
        Kind.ACTIVE,
        Additivity.NONE,
        number_of("activity"),
        subject="partner",
        dimensions=("route",),  # by partner it says nothing: each is one; nor is activity tied to a line or a place
        for_partners=False,
    ),
    Metric(
        "open_conflicts",
        _("Open conflicts"),
        _("Channel conflicts open at the end of the period."),
        _("number of open conflicts"),
        Unit.COUNT,
        Kind.STOCK,
        Additivity.NONE,
        number_of("conflict"),
        up_is_good=False,
        subject="conflict",
        capability="see_conflicts",
        for_partners=False,
    ),
    Metric(
        "lead_acceptance",
        _("Lead acceptance"),
        _("Of the lead offers answered or expired in the period, the part that was accepted."),
        _("accepted ÷ (accepted + declined + expired)"),
        Unit.RATIO,
        Kind.FLOW,
        Additivity.NONE,
        values_of("offer"),
        number_of("offer"),
        subject="lead_offer",
        dimensions=("partner", "line"),
        capability="see_leads",
    ),
)

UNIT_NAMES = {
    Unit.MONEY: pgettext_lazy("unit", "money, in the reporting currency"),
    Unit.RATIO: pgettext_lazy("unit", "ratio"),
    Unit.COUNT: pgettext_lazy("unit", "number"),
    Unit.DAYS: pgettext_lazy("unit", "days"),
    Unit.HOURS: pgettext_lazy("unit", "hours"),
}
ADDITIVITY_NAMES = {
    Additivity.FULL: _("May be added up over months and over parts."),
    Additivity.TIME: _("May be added up over months, not over partners or lines: one deal can count for several."),
    Additivity.PARTS: _("May be added up over parts, not over months."),
    Additivity.NONE: _("May not be added up."),
}
