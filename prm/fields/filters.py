"""Custom fields among the filters of a list page."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext as _

from prm.fields import declared
from prm.fields.models import CustomField, FieldType
from prm.ui.lists import DateFilter


class Stored(django_filters.Filter):
    """Compare with the value as JSON has it."""

    def filter(self, rows: Any, value: Any) -> Any:
        if value in (None, ""):
            return rows
        return super().filter(rows, value.isoformat() if hasattr(value, "isoformat") else value)


class StoredNumber(Stored, django_filters.NumberFilter):
    def filter(self, rows: Any, value: Any) -> Any:
        return super().filter(rows, None if value is None else float(value))


class StoredDate(Stored, DateFilter):
    pass


class StoredChoice(Stored, django_filters.ChoiceFilter):
    pass


class StoredFlag(Stored, django_filters.BooleanFilter):
    pass


def filters_of(field: CustomField) -> dict[str, django_filters.Filter]:
    """The filters of one declared field, by parameter."""
    path = f"custom__{field.key}"
    match field.type:
        case FieldType.NUMBER | FieldType.DATE:
            made = StoredNumber if field.type == FieldType.NUMBER else StoredDate
            labels = {"gte": _("%(field)s from"), "lte": _("%(field)s to")}
            return {
                f"{field.name}_{end}": made(
                    field_name=path, lookup_expr=lookup, label=labels[lookup] % {"field": field.label}
                )
                for lookup, end in (("gte", "from"), ("lte", "to"))
            }
        case FieldType.CHOICE:
            return {field.name: StoredChoice(field_name=path, choices=field.labelled_choices, label=field.label)}
        case FieldType.BOOLEAN:
            return {field.name: StoredFlag(field_name=path, label=field.label)}
    return {
        field.name: django_filters.CharFilter(
            field_name=path, lookup_expr="icontains", max_length=200, label=field.label
        )
    }


class CustomFilters:
    """Mixed into a ``Filters`` set, before it: filters for the declared fields of ``custom_kind``."""

    custom_kind = ""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in declared(self.custom_kind, self.user):
            for name, made in filters_of(field).items():
                made.parent, made.model = self, self.queryset.model
                self.filters[name] = made
