"""The pipeline by the day its deals are expected to close: one month, its sums, and the largest deals of each day.

Two statements, however many deals there are: one for the sums, one for the deals that are named.
"""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum, Window
from django.db.models.functions import RowNumber

from deals.models import Opportunity
from deals.pipeline import rates_today, weight_of, worth_at
from deals.querysets import OpportunityQuerySet
from prm.money import quantum

NAMED = 4  # deals of a day, before "more"


@dataclass
class Day:
    """One day: how many open deals, their sum in the reporting currency, and the largest of them."""

    day: date
    count: int = 0
    total: Decimal = Decimal(0)
    deals: list[Opportunity] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.deals)


@dataclass
class Month:
    """A month in weeks of seven days (None: a day of another month), and the currencies without a rate."""

    first: date
    weeks: list[list[Day | None]]
    weighted: Decimal
    without_rate: list[str]

    @property
    def days(self) -> list[Day]:
        return [day for week in self.weeks for day in week if day]

    @property
    def count(self) -> int:
        return sum(day.count for day in self.days)

    @property
    def total(self) -> Decimal:
        return sum((day.total for day in self.days), Decimal(0))

    @property
    def last(self) -> date:
        return self.days[-1].day

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        return self.last + timedelta(days=1)


def month(rows: OpportunityQuerySet, first: date, *, week_starts: int = 0) -> Month:
    """The month that begins on ``first``, of these opportunities; weeks start on Monday (0) unless said."""
    if rows.query.distinct:  # a join may have doubled them: each counts once
        rows = Opportunity.objects.filter(pk__in=rows.order_by().values("pk"))
    rates, cent = rates_today(), quantum(settings.REPORTING_CURRENCY)
    dates = Calendar(week_starts).monthdatescalendar(first.year, first.month)
    weeks = [[Day(day) if day.month == first.month else None for day in week] for week in dates]
    found = {day.day: day for week in weeks for day in week if day}
    closing = rows.open().filter(expected_close_date__range=(min(found), max(found))).order_by()
    weighted: dict[str, Decimal] = defaultdict(Decimal)
    without_rate = set()
    sums = closing.values("expected_close_date", "stage", "currency").annotate(count=Count("pk"), total=Sum("amount"))
    for part in sums:
        day = found[part["expected_close_date"]]
        day.count += part["count"]
        if part["total"] is not None and part["currency"] not in rates:
            without_rate.add(part["currency"])
        elif part["total"] is not None:
            amount = (part["total"] * rates[part["currency"]]).quantize(cent)
            day.total += amount
            weighted[part["stage"]] += amount
    order: list[Any] = [worth_at(rates).desc(nulls_last=True), "pk"]
    place = Window(RowNumber(), partition_by="expected_close_date", order_by=order)
    named = closing.annotate(place=place).filter(place__lte=NAMED).values("pk")
    deals = Opportunity.objects.filter(pk__in=named).select_related("customer")
    for deal in deals.order_by("expected_close_date", *order):
        found[deal.expected_close_date].deals.append(deal)
    likely = sum((amount * weight_of(stage) / 100 for stage, amount in weighted.items()), Decimal(0))
    return Month(first, weeks, likely.quantize(cent), sorted(without_rate))
