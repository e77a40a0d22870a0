"""The rows behind a figure: exactly those the ledger counted, each with what it adds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, F, IntegerField, Max, Min, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Greatest, TruncDate
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attribution.kpis.joining import RUNNING
from attribution.kpis.links import NONE, metric_url, said
from attribution.kpis.metrics import ACTIVE_DAYS, AMOUNTS, Kind, Metric, Unit
from attribution.kpis.models import Fact
from attribution.kpis.questions import COLUMN, last_counted, narrowed
from attribution.models import LeadOffer
from deals.conflicts.models import Conflict
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from partners.models import Partner
from prm.calendar import business_zone
from prm.money import quantum
from prm.periods import Period
from prm.ui.lists import Action, Column, Filters, ListPage


def known_day() -> Case:
    """The day from which the partner of a fact may know of it, as ``JOINED`` says."""
    parts = OpportunityParticipant.objects.filter(opportunity=OuterRef("source_id"), partner=OuterRef("partner_id"))
    firsts = parts.order_by().values("partner").annotate(first=Min("created_at"), made=Min("opportunity__created_at"))
    late = firsts.filter(first__gt=F("made") + timedelta(minutes=10))
    joined = late.values_list(TruncDate("first", tzinfo=business_zone()))
    return Case(When(measure__in=RUNNING, then=Greatest("on_date", Subquery(joined))), default=F("on_date"))


def facts_of(metric: Metric, period: Period, filters: Mapping[str, Any], user: Any) -> QuerySet[Fact]:
    """The lines of the ledger a figure was made of."""
    facts = Fact.objects.filter(measure__in=[term.measure for term in (*metric.top, *metric.bottom)])
    for name, value in narrowed([metric], filters, user).items():
        nobody = {"route": ""} if name == "route" else {f"{COLUMN[name]}__isnull": True}
        facts = facts.filter(**(nobody if value == NONE else {COLUMN[name]: value}))
    if user.is_partner:
        facts = facts.filter(partner_id=user.acting_for_id, shared=True)
    elif (scope := user.partner_scope_ids()) is not None:
        facts = facts.filter(partner_id__in=scope)
    if metric.kind == Kind.ACTIVE:
        end = last_counted(period)
        return facts.filter(on_date__gt=end - timedelta(days=ACTIVE_DAYS), on_date__lte=end)
    if metric.kind == Kind.NOW:
        return facts
    if user.is_partner:
        facts = facts.annotate(day=known_day())
        return facts.filter(day__lt=period.end, **({} if metric.kind == Kind.STOCK else {"day__gte": period.start}))
    facts = facts.filter(on_date__lt=period.end)
    return facts if metric.kind == Kind.STOCK else facts.filter(on_date__gte=period.start)


class Rows(ListPage):
    """The records behind the figure an address names; subclasses say which."""

    metric: Metric
    identity = "pk"  # from the record listed to the one that was counted
    export_name = "figure"
    empty_title = gettext_lazy("No row is behind this figure")
    icon = "list-details"

    def setup(self, request, metric: Metric, filters: dict[str, str]) -> None:  # type: ignore[override]
        super().setup(request)
        self.metric, self.period, self.narrowed = metric, Period.of_request(request.GET), filters
        self.title = metric.name

    @property
    def lead(self) -> str:  # type: ignore[override]
        return " · ".join([str(self.period), *said(self.narrowed), str(self.metric.definition)])

    @cached_property
    def facts(self) -> QuerySet[Fact]:
        return facts_of(self.metric, self.period, self.narrowed, self.request.user)

    @property
    def ids(self) -> QuerySet:
        """What was counted: of a stock, what has not left it."""
        ids = self.facts.order_by().values("source_id")
        if self.metric.kind == Kind.STOCK:
            return ids.annotate(left=Sum("n")).filter(left__gt=0).values("source_id")
        return ids

    def counted(self, rows: QuerySet) -> QuerySet:
        """The rows behind the figure, each with what it adds to it in units of the ledger."""
        own = self.facts.filter(
            source_id=OuterRef(self.identity), measure__in=[term.measure for term in self.metric.top]
        ).order_by()
        adds = Sum("value") if self.metric.top[0].measure in AMOUNTS else Max("value")
        added = own.values("source_id").annotate(adds=adds).values("adds")[:1]
        return rows.filter(**{f"{self.identity}__in": self.ids}).annotate(
            adds=Subquery(added, output_field=IntegerField())
        )

    @property
    def adds(self) -> list[Column]:
        """The column that says what a row adds, where the figure has a unit; of a part, whether the row is in it."""
        scale, unit = self.metric.scale, self.metric.unit
        if unit == Unit.RATIO and self.metric.kind == Kind.FLOW:
            counted = self.metric.top[0].counted
            return [
                Column(
                    "adds",
                    _("In that part"),
                    kind="flag",
                    value=lambda row: row.adds is not None if counted else bool(row.adds),
                    sort="adds",
                )
            ]
        if unit == Unit.MONEY:
            minor = quantum(settings.REPORTING_CURRENCY)
            return [
                Column(
                    "adds",
                    _("Counts for"),
                    kind="money",
                    value=lambda row: None if row.adds is None else Decimal(row.adds) / scale * minor,
                    currency=lambda row: settings.REPORTING_CURRENCY,
                    sort="adds",
                    phone="value",
                )
            ]
        if unit in (Unit.DAYS, Unit.HOURS):
            return [
                Column(
                    "adds",
                    _("Days") if unit == Unit.DAYS else _("Hours"),
                    kind="number",
                    value=lambda row: None if row.adds is None else round(Decimal(row.adds) / scale, 1),
                    sort="adds",
                    phone="value",
                )
            ]
        return []

    def own_columns(self) -> list[Column]:
        raise NotImplementedError

    @cached_property
    def all_columns(self) -> list[Column]:  # type: ignore[override]
        return [*self.own_columns(), *self.adds]

    def actions(self) -> list[Action]:
        kept = {name: value for name, value in self.narrowed.items() if value != NONE}
        return [Action(_("Back to the figure"), metric_url(self.metric.key, self.period, kept), "chart-bar")]


class OpportunityWords(Filters):
    search_fields = ("name", "customer__name")
    search_hint = gettext_lazy("Opportunity or customer")


class OpportunityRows(Rows):
    filterset_class = OpportunityWords
    default_sort = "-closed_on"

    def rows(self):
        return self.counted(Opportunity.objects.visible_to(self.request.user)).select_related("customer")

    def own_columns(self):
        return [
            Column(
                "name", _("Opportunity"), link=True, sort="name", phone="title", detail=lambda row: row.customer or ""
            ),
            Column("stage", _("Stage"), kind="status", sort="stage", phone="status"),
            Column("route", _("Route"), sort="route", phone="detail"),
            Column("closed_on", _("Closed"), kind="date", sort="closed_on", phone="detail"),
            Column("amount", _("Amount"), kind="money", sort=("currency", "amount")),
        ]


class StageColumn(Column):
    def words(self, row):
        return row.opportunity.get_stage_display()


class ParticipationWords(Filters):
    search_fields = ("customer_name",)
    search_hint = gettext_lazy("Customer")


class ParticipationRows(Rows):
    """A partner reaches a deal by its own part in it."""

    filterset_class = ParticipationWords
    default_sort = "customer_name"
    identity = "opportunity_id"

    def rows(self):
        mine = OpportunityParticipant.objects.visible_to(self.request.user)
        first = mine.filter(opportunity=OuterRef("opportunity")).order_by("created_at", "id").values("pk")[:1]
        return self.counted(mine.filter(pk=Subquery(first))).select_related("opportunity")

    def own_columns(self):
        return [
            Column("customer_name", _("Customer"), sort="customer_name", phone="title"),
            StageColumn("stage", _("Stage"), kind="status", value=lambda row: row.opportunity.stage, phone="status"),
            Column("closed_on", _("Closed"), kind="date", value=lambda row: row.opportunity.closed_on, phone="detail"),
        ]


class RegistrationWords(Filters):
    search_fields = ("customer_name",)
    search_hint = gettext_lazy("Customer")


class RegistrationRows(Rows):
    filterset_class = RegistrationWords
    default_sort = "-submitted_at"

    def rows(self):
        rows = self.counted(DealRegistration.objects.visible_to(self.request.user))
        return rows if self.request.user.is_partner else rows.select_related("partner")

    def own_columns(self):
        name = "deals:portal_registration" if self.request.user.is_partner else "deals:registration"
        vendor = [] if self.request.user.is_partner else [Column("partner", _("Partner"), phone="detail")]
        return [
            Column(
                "customer_name",
                _("Customer"),
                link=lambda row: reverse(name, args=[row.pk]),
                sort="customer_name",
                phone="title",
            ),
            *vendor,
            Column("review_status", _("Review"), kind="status", sort="review_status", phone="status"),
            Column("submitted_at", _("Submitted"), kind="moment", sort="submitted_at"),
            Column("decided_at", _("Decided"), kind="moment", sort="decided_at", phone="detail"),
            Column("decide_by", _("Promised by"), kind="moment"),
        ]


class ConflictRows(Rows):
    default_sort = "-created_at"

    def rows(self):
        return self.counted(Conflict.objects.visible_to(self.request.user)).select_related("registration__partner")

    def own_columns(self):
        return [
            Column("registration", _("Registration"), link=True, phone="title"),
            Column("partner", _("Partner"), value=lambda row: row.registration.partner, phone="detail"),
            Column("kind", _("Kind"), phone="detail"),
            Column("status", _("Status"), kind="status", phone="status"),
            Column("created_at", _("Found"), kind="date", sort="created_at"),
        ]


class LeadOfferRows(Rows):
    default_sort = "-created_at"

    def rows(self):
        return self.counted(LeadOffer.objects.visible_to(self.request.user)).select_related("partner")

    def own_columns(self):
        return [
            Column("lead", _("Lead"), value=str, link=True, phone="title"),
            Column("partner", _("Partner"), phone="detail"),
            Column("status", _("Status"), kind="status", sort="status", phone="status"),
            Column("created_at", _("Offered"), kind="date", sort="created_at"),
            Column("decided_at", _("Answered"), kind="moment", sort="decided_at"),
        ]


class PartnerWords(Filters):
    search_fields = ("name",)
    search_hint = gettext_lazy("Partner")


class PartnerRows(Rows):
    filterset_class = PartnerWords
    default_sort = "name"

    @property
    def ids(self):
        return self.facts.filter(partner_id__isnull=False).order_by().values("partner_id")

    def rows(self):
        last = self.facts.filter(partner_id=OuterRef("pk")).order_by().values("partner_id").annotate(day=Max("on_date"))
        rows = Partner.objects.visible_to(self.request.user).filter(pk__in=self.ids)
        return rows.annotate(last_activity=Subquery(last.values("day")[:1]))

    def own_columns(self):
        return [
            Column("name", _("Partner"), kind="company", link=True, sort="name", phone="title"),
            Column("status", _("Status"), kind="status", sort="status", phone="status"),
            Column("last_activity", _("Last activity"), kind="date", sort="last_activity", phone="detail"),
        ]


def rows_of(metric: Metric, user: Any) -> type[Rows]:
    """The page of the records a metric counts, for this reader."""
    if metric.subject == "opportunity":
        return ParticipationRows if user.is_partner else OpportunityRows
    return {
        "registration": RegistrationRows,
        "conflict": ConflictRows,
        "lead_offer": LeadOfferRows,
        "partner": PartnerRows,
    }[metric.subject]
