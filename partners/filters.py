from __future__ import annotations

import django_filters
from django import forms
from django.apps import apps
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, PartnerGroup, PartnerStatus, Team, User
from partners.models.partner import PartnerType
from prm.calendar import business_today
from prm.fields.filters import CustomFilters
from prm.registries import partner_situations
from prm.ui.lists import CountryFilter, DateFilter, Filters


def tiers(request):
    return (
        apps.get_model("programs", "Tier")
        .objects.visible_to(request.user)
        .select_related("program")
        .order_by("program__name", "-rank")
    )


class TierFilter(django_filters.ModelChoiceFilter):
    """Partners that hold this tier today."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, queryset=tiers, **kwargs)

    def filter(self, rows, value):
        if not value:
            return rows
        held = apps.get_model("programs", "Enrolment").objects.filter(tier=value, period__contains=business_today())
        return rows.filter(pk__in=held.values("partner"))


class PartnerFilters(CustomFilters, Filters):
    custom_kind = "partner"
    search_fields = ("name", "legal_name", "city", "domains")
    search_hint = _("Name, city, domain")
    status = django_filters.MultipleChoiceFilter(
        choices=PartnerStatus.choices, widget=forms.CheckboxSelectMultiple, label=_("Status")
    )
    type = django_filters.ChoiceFilter(
        choices=PartnerType.choices, label=_("Type"), method="of_type", empty_label=_("all")
    )
    tier = TierFilter(label=_("Tier"), empty_label=_("all"))
    country = CountryFilter()
    manager = django_filters.ModelChoiceFilter(
        field_name="channel_manager",
        queryset=lambda request: User.objects.channel_managers(),
        label=_("Channel manager"),
        empty_label=_("all"),
        null_label=_("nobody"),
    )
    group = django_filters.ModelChoiceFilter(
        queryset=lambda request: PartnerGroup.objects.visible_to(request.user), label=_("Group"), empty_label=_("all")
    )
    situation = django_filters.ChoiceFilter(
        choices=lambda: [(item.key, item.label) for item in partner_situations],
        method="in_situation",
        label=_("Situation"),
        empty_label=_("all"),
    )
    since = DateFilter(field_name="created_at", method="added_since", label=_("Added since"))

    class Meta:
        model = Partner
        fields: list[str] = []

    def of_type(self, rows, name, value):
        return rows.filter(types__contains=[value])

    def in_situation(self, rows, name, value):
        return next(item for item in partner_situations if item.key == value).rows(rows)

    def added_since(self, rows, name, value):
        start = timezone.datetime(value.year, value.month, value.day, tzinfo=timezone.get_current_timezone())
        return rows.filter(created_at__gte=start)


class GroupFilters(Filters):
    search_fields = ("name", "head__name")
    search_hint = _("Group or head")

    class Meta:
        model = PartnerGroup
        fields: list[str] = []


class TeamFilters(Filters):
    search_fields = ("name",)
    search_hint = _("Team")

    class Meta:
        model = Team
        fields: list[str] = []


def search_partners(rows, text: str):
    """Partners whose name, city or domain holds the text; those that begin with it first."""
    found = rows.filter(
        Q(name__icontains=text) | Q(legal_name__icontains=text) | Q(city__istartswith=text) | Q(domains__icontains=text)
    )
    return sorted(
        found[:30],
        key=lambda partner: (not partner.name.casefold().startswith(text.casefold()), partner.name.casefold()),
    )
