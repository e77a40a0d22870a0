from __future__ import annotations

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from attribution.models import Campaign, CampaignKind, Lead, LeadStatus
from attribution.models.lead import OPEN
from partners.catalogue.models import ProductLine
from partners.models import Partner, User
from prm.ui.lists import CountryFilter, DateFilter, Filters, RecordFilter
from territories.models import Customer


class LeadFilters(Filters):
    search_fields = ("company_name", "contact_name", "email", "partner__name")
    search_hint = _("Company, contact or partner")
    state = django_filters.ChoiceFilter(
        choices=[("open", _("open")), ("closed", _("closed"))],
        method="in_state",
        label=_("Open or closed"),
        empty_label=_("all"),
    )
    status = django_filters.MultipleChoiceFilter(
        choices=LeadStatus.choices, widget=forms.CheckboxSelectMultiple, label=_("Status")
    )
    partner = RecordFilter("partners", Partner.objects.visible_to, field_name="partner", label=_("Partner"))
    offered_to = RecordFilter("partners", Partner.objects.visible_to, method="offered", label=_("Offered to"))
    campaign = RecordFilter("campaigns", Campaign.objects.visible_to, field_name="campaign", label=_("Campaign"))
    customer = RecordFilter("customers", Customer.objects.visible_to, field_name="customer", label=_("Customer"))
    source = django_filters.CharFilter(lookup_expr="iexact", label=_("Source"), max_length=80)
    country = CountryFilter(field_name="country")
    line = django_filters.ModelChoiceFilter(
        field_name="lines",
        queryset=lambda request: ProductLine.objects.visible_to(request.user),
        label=_("Product line"),
        empty_label=_("all"),
    )
    owner = django_filters.ModelChoiceFilter(
        queryset=lambda request: User.objects.vendor_people().filter(is_active=True),
        label=_("Owner"),
        empty_label=_("all"),
        null_label=_("nobody"),
    )
    received_from = DateFilter(field_name="received_at", lookup_expr="date__gte", label=_("Received from"))
    received_to = DateFilter(field_name="received_at", lookup_expr="date__lte", label=_("Received until"))

    class Meta:
        model = Lead
        fields: list[str] = []

    def in_state(self, rows, name, value):
        return rows.filter(status__in=OPEN) if value == "open" else rows.exclude(status__in=OPEN)

    def offered(self, rows, name, value):
        return rows.filter(offers__partner=value).distinct() if value else rows


class CampaignFilters(Filters):
    search_fields = ("name", "code")
    search_hint = _("Campaign or code")
    kind = django_filters.ChoiceFilter(choices=CampaignKind.choices, label=_("Kind"), empty_label=_("all"))

    class Meta:
        model = Campaign
        fields: list[str] = []
