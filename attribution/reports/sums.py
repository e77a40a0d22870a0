"""What the report adds up, in the reporting currency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Sum, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from attribution.models import Campaign, CreditModel, CreditRule, TouchpointKind
from deals.models import Opportunity
from partners.models import Partner, Team
from prm.money import quantum
from prm.periods import Period

MOST = 50  # lines shown; the others are one line, and all of them are in the file
COLUMNS = (
    CreditModel.SOURCED,
    CreditModel.INFLUENCED,
    CreditModel.FIRST_TOUCH,
    CreditModel.LAST_TOUCH,
    CreditModel.LINEAR,
)
SIDE_BY_SIDE = (CreditModel.FIRST_TOUCH, CreditModel.LAST_TOUCH, CreditModel.LINEAR)


def in_period(rows: QuerySet, period: Period) -> QuerySet:
    """Rows of deals that closed in the period."""
    if period.start:
        rows = rows.filter(closed_on__gte=period.start)
    return rows.filter(closed_on__lt=period.end) if period.end else rows


def amount(minor: int | None) -> Any:
    """Minor units of the reporting currency as an amount."""
    return (minor or 0) * quantum(settings.REPORTING_CURRENCY)


@dataclass
class Line:
    """A line of the report: who, and what it gets by each model, in minor units."""

    label: str
    query: dict[str, str] | None  # which rows of the ledger it adds up; None: several lines in one
    minors: dict[str, int]
    url: str = ""
    deals: int = 0
    cells: list[dict[str, Any]] = field(default_factory=list)

    @property
    def difference(self) -> Any:
        """Between the model that gives most and the one that gives least."""
        values = [self.minors.get(model) or 0 for model in SIDE_BY_SIDE]
        return amount(max(values) - min(values))

    def amounts(self, columns: tuple[str, ...]) -> list[Any]:
        return [amount(self.minors.get(model)) for model in columns]

    def link(self, columns: tuple[str, ...], given: dict[str, str]) -> None:
        """Say where each number's rows are."""
        for model in columns:
            href = ""
            if self.query is not None and self.minors.get(model):
                query = {"model": model, **self.query, **given}
                href = f"{reverse('attribution:credits')}?{urlencode(query)}"
            self.cells.append({"amount": amount(self.minors.get(model)), "href": href, "model": model})


class ByPartner:
    """A line for each partner and each direct team; what campaigns alone did, and what nobody touched."""

    columns = COLUMNS
    label = "partner"

    def groups(self, rows: QuerySet) -> QuerySet:
        nobody = Case(
            When(rule=CreditRule.UNATTRIBUTED, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        return rows.annotate(nobody=nobody).values("partner_id", "team_id", "nobody")

    def named(self, groups: list[dict]) -> Iterator[Line]:
        partners = Partner.objects.in_bulk({row["partner_id"] for row in groups if row["partner_id"]})
        teams = Team.objects.in_bulk({row["team_id"] for row in groups if row["team_id"]})
        for row in groups:
            if row["partner_id"]:
                partner = partners[row["partner_id"]]
                yield Line(partner.name, {"partner": str(partner.pk)}, row, partner.get_absolute_url())
            elif row["team_id"]:
                team = teams[row["team_id"]]
                yield Line(_("Direct: %(team)s") % {"team": team.name}, {"team": str(team.pk)}, row)
            elif row["nobody"]:
                yield Line(_("No touch on record"), {"who": "nobody"}, row)
            else:
                yield Line(_("No partner: campaigns and others"), {"who": "other"}, row)


class ByCampaign:
    """A line for each campaign."""

    columns = (CreditModel.SOURCED, *SIDE_BY_SIDE)
    label = "campaign"

    def groups(self, rows: QuerySet) -> QuerySet:
        return rows.values("campaign_id")

    def named(self, groups: list[dict]) -> Iterator[Line]:
        campaigns = Campaign.objects.in_bulk({row["campaign_id"] for row in groups if row["campaign_id"]})
        for row in groups:
            if row["campaign_id"]:
                campaign = campaigns[row["campaign_id"]]
                yield Line(campaign.name, {"campaign": str(campaign.pk)}, row, campaign.get_absolute_url())
            else:
                yield Line(_("No campaign"), {"campaign": "null"}, row)


class ByKind:
    """A line for each kind of touch."""

    columns = (CreditModel.SOURCED, *SIDE_BY_SIDE)
    label = "kind"

    def groups(self, rows: QuerySet) -> QuerySet:
        return rows.values("kind")

    def named(self, groups: list[dict]) -> Iterator[Line]:
        words = dict(TouchpointKind.choices)
        for row in groups:
            kind = row["kind"]
            yield Line(str(words.get(kind, _("No touch"))), {"kind": kind or "none"}, row)


VIEWS: dict[str, Any] = {"partner": ByPartner(), "campaign": ByCampaign(), "kind": ByKind()}


def lines(rows: QuerySet, view: Any) -> list[dict]:
    """The sums of each group, the largest linear credit first; one statement."""
    sums = {model.value: Sum("reporting_minor", filter=Q(model=model)) for model in view.columns}
    groups = view.groups(rows.filter(model__in=view.columns).order_by())
    return list(groups.annotate(**sums).order_by(F("linear").desc(nulls_last=True), *groups.query.values_select))


def total(groups: list[dict], view: Any, label: str) -> Line:
    """The sum of these groups; influenced amounts do not add up, a deal helped by two would count twice."""
    minors = {
        model: sum(row[model] or 0 for row in groups) for model in view.columns if model != CreditModel.INFLUENCED
    }
    return Line(label, None, minors)


@dataclass(frozen=True)
class Check:
    """Does the ledger hold the whole of what was won?"""

    deals: int
    won: dict[str, Any]
    credited: dict[str, Any]
    unpriced: int

    @property
    def is_right(self) -> bool:
        return self.won == self.credited


def check(rows: QuerySet, deals: QuerySet[Opportunity]) -> Check:
    """Compare the linear credits with the won opportunities themselves, currency by currency; two statements."""
    linear = rows.filter(model=CreditModel.SOURCED).order_by().values("currency")
    found = {
        row["currency"]: (row["deals"], row["sum"], row["unpriced"])
        for row in linear.annotate(sum=Sum("amount"), deals=Count("pk"), unpriced=Count("pk", filter=~Q(problem="")))
    }
    won = deals.order_by().values("currency").annotate(sum=Sum("amount"), deals=Count("pk"))
    really = {row["currency"]: (row["deals"], row["sum"] or 0) for row in won}
    return Check(
        deals=sum(count for count, _sum in really.values()),
        won=really,
        credited={currency: (count, value) for currency, (count, value, _unpriced) in found.items()},
        unpriced=sum(unpriced for _count, _sum, unpriced in found.values()),
    )
