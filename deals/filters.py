from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from deals import health
from deals.axes import CLOSED_STAGES, LostCause, Route, Stage
from deals.health import Flag
from deals.models import Opportunity, OpportunityParticipant
from deals.models.forecast import Forecast, forecast_as
from partners.models import Partner, User
from prm.fields.filters import CustomFilters
from prm.ui.lists import CurrencyFilter, DateFilter, Filters, RecordFilter
from territories.models import Customer


class PartnerPartFilter(RecordFilter):
    """Opportunities in which this partner takes part."""

    def filter(self, rows, value):
        if not value:
            return rows
        return rows.filter(Exists(OpportunityParticipant.objects.filter(opportunity=OuterRef("pk"), partner=value)))


class OpportunityFilters(CustomFilters, Filters):
    custom_kind = "opportunity"
    search_fields = ("name", "customer__name")
    search_hint = _("Opportunity or customer")
    state = django_filters.ChoiceFilter(
        choices=[("open", _("open")), ("closed", _("closed"))],
        method="in_state",
        label=_("Open or closed"),
        empty_label=_("all"),
    )
    stage = django_filters.MultipleChoiceFilter(
        choices=Stage.choices, widget=forms.CheckboxSelectMultiple, label=_("Stage")
    )
    lost_cause = django_filters.MultipleChoiceFilter(
        choices=LostCause.choices, widget=forms.CheckboxSelectMultiple, label=_("Lost because")
    )
    route = django_filters.ChoiceFilter(choices=Route.choices, label=_("Route"), empty_label=_("all"))
    partner = PartnerPartFilter("partners", Partner.objects.visible_to, label=_("Partner"))
    customer = RecordFilter("customers", Customer.objects.visible_to, label=_("Customer"))
    owner = django_filters.ModelChoiceFilter(
        queryset=lambda request: User.objects.vendor_people().filter(is_active=True),
        label=_("Owner"),
        empty_label=_("all"),
        null_label=_("nobody"),
    )
    manager = django_filters.ModelChoiceFilter(
        queryset=lambda request: User.objects.vendor_people().filter(is_active=True),
        method="in_care_of",
        label=_("Channel manager"),
        empty_label=_("all"),
    )
    flag = django_filters.ChoiceFilter(
        choices=Flag.choices, method="with_flag", label=_("Attention"), empty_label=_("all")
    )
    forecast = django_filters.MultipleChoiceFilter(
        choices=Forecast.choices, method="in_forecast", widget=forms.CheckboxSelectMultiple, label=_("Forecast")
    )
    close_from = DateFilter(field_name="expected_close_date", lookup_expr="gte", label=_("Expected close from"))
    close_to = DateFilter(field_name="expected_close_date", lookup_expr="lte", label=_("Expected close to"))
    closed_from = DateFilter(field_name="closed_on", lookup_expr="gte", label=_("Closed from"))
    closed_to = DateFilter(field_name="closed_on", lookup_expr="lte", label=_("Closed to"))
    currency = CurrencyFilter(empty_label=_("all"))
    amount_from = django_filters.NumberFilter(
        field_name="amount", lookup_expr="gte", label=_("Amount from"), max_digits=19, decimal_places=4
    )
    amount_to = django_filters.NumberFilter(
        field_name="amount", lookup_expr="lte", label=_("Amount to"), max_digits=19, decimal_places=4
    )

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def in_care_of(self, rows, name, value):
        parts = OpportunityParticipant.objects.filter(opportunity=OuterRef("pk"), partner__channel_manager=value)
        return rows.filter(Exists(parts))

    def with_flag(self, rows, name, value):
        return health.flagged(rows, value)

    def in_forecast(self, rows, name, value):
        return rows.filter(forecast_as(value)) if value else rows

    def in_state(self, rows, name, value):
        return rows.exclude(stage__in=CLOSED_STAGES) if value == "open" else rows.filter(stage__in=CLOSED_STAGES)
