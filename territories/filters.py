from __future__ import annotations

import django_filters
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from partners.models import Team
from prm.fields.filters import CustomFilters
from prm.ui.lists import CountryFilter, Filters
from territories.models import Customer, CustomerDomain, CustomerName
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
