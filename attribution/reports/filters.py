from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.models import Campaign, Credit, CreditModel, TouchpointKind
from deals.axes import Route
from deals.models import OpportunityLine
from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from prm.ui.lists import DateFilter, Filters, RecordFilter
from territories.models import Territory

SELECT = {"class": "form-select"}


def lying_in(territory: Any) -> QuerySet:
    """What the ledger of figures holds of won deals that lie in the territory of this id, with any of their product lines, on the day they closed."""
    facts = apps.get_model("kpis", "Fact")  # by name: the root of the app imports none of its sub-packages
    return facts._default_manager.filter(source="opportunity", measure="won", territory_id=territory)


class DealFilters(Filters):
    """Filters of the deals behind credits; the report has these alone."""

    route = django_filters.ChoiceFilter(
        field_name="opportunity__route",
        choices=Route.choices,
        label=_("Route"),
        empty_label=_("All routes"),
        widget=forms.Select(attrs=SELECT),
    )
    line = django_filters.ModelChoiceFilter(
        queryset=lambda request: ProductLine.objects.all(),
        method="with_line",
        label=_("Product line"),
        empty_label=_("All product lines"),
        widget=forms.Select(attrs=SELECT),
    )
    territory = django_filters.ModelChoiceFilter(
        queryset=lambda request: Territory.objects.visible_to(request.user),
        method="in_territory",
        label=_("Territory"),
        empty_label=_("All territories"),
        widget=forms.Select(attrs=SELECT),
    )

    def with_line(self, rows: QuerySet, name: str, value: ProductLine) -> QuerySet:
        return rows.filter(Exists(OpportunityLine.objects.filter(opportunity=OuterRef("opportunity"), line=value)))

    def in_territory(self, rows: QuerySet, name: str, value: Territory) -> QuerySet:
        return rows.filter(Exists(lying_in(value.pk).filter(source_id=OuterRef("opportunity"))))


class CreditFilters(DealFilters):
    search_fields = ("opportunity__name", "partner__name")
    search_hint = _("Opportunity or partner")
    model = django_filters.ChoiceFilter(choices=CreditModel.choices, label=_("Model"), empty_label=_("all"))
    partner = RecordFilter("partners", Partner.objects.visible_to, label=_("Partner"))
    team = django_filters.ModelChoiceFilter(
        queryset=lambda request: Team.objects.all(), label=_("Team"), empty_label=_("all")
    )
    campaign = django_filters.ModelChoiceFilter(
        queryset=lambda request: Campaign.objects.all(),
        label=_("Campaign"),
        empty_label=_("all"),
        null_label=_("none"),
    )
    kind = django_filters.ChoiceFilter(
        choices=TouchpointKind.choices,
        label=_("Touch"),
        empty_label=_("all"),
        null_label=_("none"),
        null_value="none",
        method="of_kind",
    )
    who = django_filters.ChoiceFilter(
        choices=[("other", _("neither partner nor team")), ("nobody", _("no touch on record"))],
        method="by_whom",
        label=_("Who"),
        empty_label=_("all"),
    )
    problem = django_filters.BooleanFilter(method="with_problem", label=_("Without exchange rate"))
    closed_from = DateFilter(field_name="closed_on", lookup_expr="gte", label=_("Closed from"))
    closed_to = DateFilter(field_name="closed_on", lookup_expr="lte", label=_("Closed to"))

    class Meta:
        model = Credit
        fields: list[str] = []

    def of_kind(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(kind="" if value == "none" else value)

    def by_whom(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == "nobody":
            return rows.filter(rule="unattributed")
        return rows.filter(partner=None, team=None).exclude(rule="unattributed")

    def with_problem(self, rows: QuerySet, name: str, value: bool) -> QuerySet:
        return rows.exclude(problem="") if value else rows.filter(problem="")


class OwnCreditFilters(Filters):
    """Filters of a partner's own list."""

    search_fields = ("participant__customer_name",)
    search_hint = _("Deal")
    kind = django_filters.ChoiceFilter(choices=TouchpointKind.choices, label=_("Act"), empty_label=_("all"))
    closed_from = DateFilter(field_name="closed_on", lookup_expr="gte", label=_("Won from"))
    closed_to = DateFilter(field_name="closed_on", lookup_expr="lte", label=_("Won to"))

    class Meta:
        model = Credit
        fields: list[str] = []
