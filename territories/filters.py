from __future__ import annotations

import django_filters
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from prm.fields.filters import CustomFilters
from prm.ui.lists import CountryFilter, Filters, RecordFilter
from territories.models import Customer, CustomerDomain, CustomerName, Territory, TerritoryAssignment, TerritoryRule
from territories.models.customer import CustomerLevel


class CustomerFilters(CustomFilters, Filters):
    custom_kind = "customer"
    search_fields = ("name",)
    search_hint = _("Name, other spelling or domain")
    level = django_filters.ChoiceFilter(choices=CustomerLevel.choices, label=_("Level"), empty_label=_("all"))
    country = CountryFilter()
    industry = django_filters.CharFilter(lookup_expr="icontains", max_length=80, label=_("Industry"))
    segment = django_filters.CharFilter(lookup_expr="icontains", max_length=40, label=_("Segment"))
    house_account = django_filters.BooleanFilter(label=_("Reserved for direct sales"))
    team = django_filters.ModelChoiceFilter(
        queryset=lambda request: Team.objects.visible_to(request.user), label=_("Team"), empty_label=_("all")
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def search(self, rows, name, value):
        """Every word is in the name, or the whole text in another spelling or at the start of a domain."""
        words = Q()
        for word in value.split()[:8]:
            words &= Q(name__icontains=word)
        spelling = CustomerName.objects.filter(customer=OuterRef("pk"), name__icontains=value)
        domain = CustomerDomain.objects.filter(customer=OuterRef("pk"), domain__istartswith=value)
        return rows.filter(words | Q(Exists(spelling)) | Q(Exists(domain)))


class TerritoryFilters(Filters):
    search_fields = ("name", "code")
    search_hint = _("Name or code")
    held = django_filters.ChoiceFilter(
        choices=[
            ("exclusive", _("held exclusively")),
            ("shared", _("shared")),
            ("open", _("open: nobody holds it")),
        ],
        label=_("Held"),
        empty_label=_("all"),
        method="held_so",
    )
    partner = RecordFilter("partners", Partner.objects.visible_to, label=_("Partner"), method="held_by")
    country = CountryFilter(method="with_rules_on")
    line = django_filters.ModelChoiceFilter(
        queryset=lambda request: ProductLine.objects.visible_to(request.user),
        label=_("Product line"),
        empty_label=_("all"),
        method="with_rules_on",
    )
    active = django_filters.BooleanFilter(label=_("In use"))

    class Meta:
        model = Territory
        fields: list[str] = []

    def held_so(self, rows, name, value):
        held = TerritoryAssignment.objects.in_force().filter(territory=OuterRef("pk"))
        if value == "open":
            return rows.filter(~Exists(held.filter(kind__in=["exclusive", "shared"])))
        return rows.filter(Exists(held.filter(kind=value)))

    def held_by(self, rows, name, value):
        return rows.filter(
            Exists(TerritoryAssignment.objects.in_force().filter(territory=OuterRef("pk"), partner=value))
        )

    def with_rules_on(self, rows, name, value):
        column = {"country": "country", "line": "product_line"}[name]
        rules = TerritoryRule.objects.in_force().filter(territory=OuterRef("pk"), **{column: value})
        return rows.filter(Exists(rules)) if value else rows
