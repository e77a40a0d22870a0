"""The filters of a list, and their values in words."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import django_filters
from django import forms
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from prm.money import CURRENCIES
from prm.ui.forms import DAY_BOUNDS, DayInput, LongSelect, RecordField
from prm.ui.templatetags import ui


class Filters(django_filters.FilterSet):
    """Filters of a list. ``search_fields`` are looked through by the search box (``q``); the request's user is ``self.user``."""

    search_fields: tuple[str, ...] = ()
    search_hint: Any = gettext_lazy("Search")
    q = django_filters.CharFilter(method="search", label=gettext_lazy("Search"), max_length=200)

    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.user = getattr(request, "user", None)
        super().__init__(data, queryset, request=request, prefix=prefix)

    def search(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Every word is somewhere in the fields looked through."""
        for word in value.split()[:8]:
            found = Q()
            for field in self.search_fields:
                found |= Q(**{f"{field}__icontains": word})
            rows = rows.filter(found)
        return rows


class CountryFilter(django_filters.ChoiceFilter):
    """One of the world's countries, named in the reader's language."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label", gettext_lazy("Country"))
        kwargs.setdefault("empty_label", gettext_lazy("all"))
        super().__init__(*args, choices=lambda: list(countries), **kwargs)
        self.extra["widget"] = LongSelect()


class CurrencyFilter(django_filters.ChoiceFilter):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label", gettext_lazy("Currency"))
        super().__init__(*args, choices=[(code, code) for code in CURRENCIES], widget=LongSelect(), **kwargs)


class DateFilter(django_filters.DateFilter):
    """A day, chosen with the browser's calendar; years far away are refused."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("widget", DayInput())
        super().__init__(*args, validators=DAY_BOUNDS, **kwargs)


class RecordFilter(django_filters.Filter):
    """One of many records, found by typing: ``RecordFilter("customers", Customer.objects.visible_to, field_name="customer")``."""

    def __init__(self, source: str, rows_for: Callable[[Any], QuerySet], **kwargs):
        self.source, self.rows_for = source, rows_for
        super().__init__(**kwargs)

    @property
    def field(self):
        if not hasattr(self, "_field"):
            self._field = RecordField(self.source, self.rows_for(self.parent.user), label=self.label, required=False)
        return self._field


def said(field: forms.Field, value: Any) -> str:
    """A filter's value in words; nothing when the filter is not in force."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, QuerySet):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime.date):
        return ui.day(value)
    choices = {
        str(key): str(label) for key, label in getattr(field, "choices", ()) if not isinstance(label, (list, tuple))
    }
    if isinstance(value, (list, tuple, set)):
        return ", ".join(choices.get(str(item), str(item)) for item in value)
    return choices.get(str(value)) or str(value)
