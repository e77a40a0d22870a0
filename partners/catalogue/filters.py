from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from partners.catalogue.models import DiscountRule, PriceList, Product, ProductLine
from partners.programs.models import Tier
from prm.ui.lists import CurrencyFilter, Filters

ACTIVE = [("true", _("active")), ("false", _("no longer offered"))]


def lines(request):
    return ProductLine.objects.visible_to(request.user)


class ActiveFilter(django_filters.ChoiceFilter):
    def __init__(self, **kwargs):
        super().__init__(choices=ACTIVE, label=_("Status"), empty_label=_("all"), **kwargs)

    def filter(self, rows, value):
        return rows.filter(is_active=value == "true") if value else rows


class LineFilters(Filters):
    search_fields = ("name",)
    search_hint = _("Product line")
    is_active = ActiveFilter()

    class Meta:
        model = ProductLine
        fields: list[str] = []


class ProductFilters(Filters):
    search_fields = ("name", "sku")
    search_hint = _("Name or SKU")
    line = django_filters.ModelChoiceFilter(queryset=lines, label=_("Product line"), empty_label=_("all"))
    is_active = ActiveFilter()

    class Meta:
        model = Product
        fields: list[str] = []


class PriceListFilters(Filters):
    search_fields = ("name",)
    search_hint = _("Price list")
    currency = CurrencyFilter(empty_label=_("all"))

    class Meta:
        model = PriceList
        fields: list[str] = []


class DiscountFilters(Filters):
    tier = django_filters.ModelChoiceFilter(
        queryset=lambda request: Tier.objects.visible_to(request.user).select_related("program"),
        label=_("Tier"),
        empty_label=_("all"),
    )
    line = django_filters.ModelChoiceFilter(
        queryset=lines, label=_("Product line"), empty_label=_("all"), null_label=_("all lines")
    )

    class Meta:
        model = DiscountRule
        fields: list[str] = []
