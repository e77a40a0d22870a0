"""The pipeline as a board: open deals by stage, the first of each, and what each stage adds up to.

A constant number of statements, however many deals there are: one for the sums, one for the first cards of all stages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from deals import flags, health
from deals.axes import OPEN_STAGES, RUNNING, Stage
from deals.models import DealRegistration, Forecast, Opportunity, OpportunityParticipant
from deals.models.forecast import BY_STAGE
from deals.querysets import OpportunityQuerySet
from prm.calendar import business_today
from prm.money import quantum
from prm.money.models import ExchangeRate

CARDS = 15  # of a stage, before "show more"
MOST = 300  # cards of a stage on one page: whoever wants to see more of them filters


@dataclass
class StageColumn:
    """One stage: how many deals, their sum and weighted sum in the reporting currency, and the first cards."""

    stage: Stage
    shown: int
    count: int = 0
    total: Decimal = Decimal(0)
    cards: list[Opportunity] = field(default_factory=list)

    @property
    def weight(self) -> Decimal:
        return weight_of(self.stage)

    @property
    def weighted(self) -> Decimal:
        return (self.total * self.weight / 100).quantize(quantum(settings.REPORTING_CURRENCY))

    @property
    def more(self) -> int:
        """How many cards wait behind "show more"."""
        return max(self.count - len(self.cards), 0)


@dataclass
class Category:
    """One forecast category: how many open deals, and their sum in the reporting currency."""

    forecast: Forecast
    count: int = 0
    total: Decimal = Decimal(0)


@dataclass
class Board:
    """The columns and the forecast, and the currencies whose deals could not be added because their rate is missing."""

    columns: list[StageColumn]
    forecast: list[Category]
    without_rate: list[str]

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def total(self) -> Decimal:
        return sum((column.total for column in self.columns), Decimal(0))

    @property
    def weighted(self) -> Decimal:
        return sum((column.weighted for column in self.columns), Decimal(0))


def weight_of(stage: str) -> Decimal:
    """What share of a deal in this stage the weighted pipeline counts, in percent."""
    return Decimal(str(settings.STAGE_WEIGHTS.get(str(stage), 0)))


def worth_at(rates: dict[str, Decimal]) -> Case:
    """What a deal is worth in the reporting currency, as an expression; nothing where the rate is missing."""
    return Case(*(When(currency=code, then=F("amount") * Value(rate)) for code, rate in rates.items()))


def rates_today() -> dict[str, Decimal]:
    """What one unit of each currency is worth in the reporting currency, at the latest rate known."""
    latest = (
        ExchangeRate.objects.filter(base=settings.REPORTING_CURRENCY, day__lte=business_today())
        .order_by("currency", "-day")
        .distinct("currency")
    )
    return {**dict(latest.values_list("currency", "rate")), settings.REPORTING_CURRENCY: Decimal(1)}


def board(
    rows: OpportunityQuerySet, *, order: str, shown: dict[str, int] | None = None, with_conflicts: bool = False
) -> Board:
    """The board of these opportunities; ``shown`` says how many cards of a stage, where not the usual number."""
    if rows.query.distinct:  # a join may have doubled them: each counts once
        rows = Opportunity.objects.filter(pk__in=rows.order_by().values("pk"))
    rates = rates_today()
    columns = {
        stage.value: StageColumn(stage, min((shown or {}).get(stage.value, CARDS), MOST)) for stage in OPEN_STAGES
    }
    categories = {forecast.value: Category(forecast) for forecast in Forecast}
    without_rate = set()
    sums = rows.open().order_by().values("stage", "forecast", "currency")
    for part in sums.annotate(count=Count("pk"), total=Sum("amount")):
        for place in (columns[part["stage"]], categories[part["forecast"] or BY_STAGE[part["stage"]]]):
            place.count += part["count"]
            if part["total"] is None:
                continue
            if part["currency"] in rates:
                place.total += (part["total"] * rates[part["currency"]]).quantize(quantum(settings.REPORTING_CURRENCY))
            else:
                without_rate.add(part["currency"])
    ordering, position = orders(rates).get(order) or orders(rates)[""]
    first = [
        ordering(rows.filter(stage=column.stage)).values("pk")[: column.shown]
        for column in columns.values()
        if column.count
    ]
    for card in cards(first[0].union(*first[1:], all=True), with_conflicts) if first else ():
        columns[card.stage].cards.append(card)
    for column in columns.values():
        column.cards.sort(key=position)
    return Board(list(columns.values()), list(categories.values()), sorted(without_rate))


def orders(rates: dict[str, Decimal]) -> dict[str, tuple[Callable, Callable]]:
    """How the cards of a stage are sorted, in SQL and in Python: soonest to close; largest, in one currency; longest unchanged."""
    return {
        "": (
            lambda rows: rows.order_by("expected_close_date", "id"),
            lambda row: (row.expected_close_date or date.max, row.pk),
        ),
        "amount": (
            lambda rows: rows.order_by(worth_at(rates).desc(nulls_last=True), "id"),
            lambda row: (-(row.amount * rates[row.currency]) if row.currency in rates and row.amount else 0, row.pk),
        ),
        "unchanged": (lambda rows: rows.order_by("updated_at", "id"), lambda row: (row.updated_at, row.pk)),
    }


def cards(ids: QuerySet, with_conflicts: bool) -> QuerySet:
    """These deals with all that a card says, in one statement: who takes part, until when it is protected, whether it conflicts."""
    taking_part = OpportunityParticipant.objects.filter(opportunity=OuterRef("pk")).order_by("created_at", "id")
    behind = DealRegistration.objects.filter(participant__opportunity=OuterRef("pk"), protection_status__in=RUNNING)
    return (
        Opportunity.objects.filter(pk__in=ids)
        .select_related("customer", "owner")
        .annotate(
            who=ArraySubquery(taking_part.values_list(Coalesce("partner__name", "team__name"))),
            protection_end=Subquery(behind.order_by("protected_until").values("protected_until")[:1]),
            **health.marks(),
            in_conflict=flags.opportunity_in_conflict() if with_conflicts else Value(False),
        )
    )
