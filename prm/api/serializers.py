"""What every resource's serializer has in common."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import DateRangeField
from django.utils.translation import gettext as _
from django_countries.fields import CountryField as CountryColumn
from rest_framework import serializers

from prm.api.fields import CountryField, ExternalIds, PeriodField, Reference
from prm.money import Money

SHARED = ("id", "created_at", "updated_at", "version", "external_ids")


class PlainSerializer(serializers.ModelSerializer):
    """Columns of a model as the API writes them; unknown input is refused, or with ``Prefer: handling=lenient`` noted on the view."""

    serializer_related_field = Reference
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        CountryColumn: CountryField,
        DateRangeField: PeriodField,
    }

    def build_standard_field(self, field_name: str, model_field: Any):
        if isinstance(model_field, CountryColumn):
            return CountryField, {"required": not model_field.blank, "allow_blank": model_field.blank}
        if isinstance(model_field, DateRangeField):
            return PeriodField, {"required": not model_field.null, "allow_null": model_field.null}
        return super().build_standard_field(field_name, model_field)

    def get_validators(self) -> list:
        return []  # rules across fields belong to the model, which says them in its own words

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown(self, data)
        values = super().to_internal_value(data)
        for name, field in self.fields.items():
            value = values.get(name)
            if isinstance(value, Money):
                values[field.source], values[field.currency] = value.amount, value.currency  # type: ignore[attr-defined]
            elif name in values and value is None and hasattr(field, "currency"):
                values[field.currency] = ""
        return values


class RecordSerializer(PlainSerializer):
    """A record: ``id, created_at, updated_at, version, external_ids`` and the fields of its own.

    ``Meta.fields`` begins with ``*SHARED``. ``Meta.vendor_fields`` read null for partners.
    """

    external_ids = ExternalIds()

    class Meta:
        fields = SHARED


def unknown(serializer: serializers.Serializer, data: Any) -> None:
    """Refuse, or note and leave aside, what the serializer cannot take; refuse values of another JSON type than documented."""
    if not isinstance(data, dict):
        return
    fields = serializer.fields
    names = [name for name in data if name not in fields or fields[name].read_only]
    view = serializer.context.get("view")
    if names and view is not None and view.is_lenient:
        view.ignored.extend(names)
        names = []
    wrong = {
        name: serializers.ErrorDetail(
            _("This field is set by the system.") if name in fields else _("There is no such field."),
            code="read_only" if name in fields else "unknown_field",
        )
        for name in names
    }
    for name, value in data.items():
        if name in fields and name not in wrong and not is_of_type(fields[name], value):
            wrong[name] = serializers.ErrorDetail(
                _("This is not the type of value the field takes."), code="wrong_type"
            )
    if wrong:
        raise serializers.ValidationError(wrong)


JSON_TYPES: tuple[tuple[type[serializers.Field], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.DecimalField, str),
    (serializers.CharField, str),
    (serializers.ChoiceField, str),
)


def is_of_type(field: serializers.Field, value: Any) -> bool:
    """DRF would take 1 for true and 7 for "7"; programs that send these have mixed something up."""
    if value is None or field.read_only:
        return True
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return all(is_of_type(field.child, one) for one in value)
    for kind, json in JSON_TYPES:
        if isinstance(field, kind):
            return isinstance(value, json) and (json is bool or not isinstance(value, bool))
    return True


class InputSerializer(serializers.Serializer):
    """The body of an action; unknown input is treated as in records."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown(self, data)
        return super().to_internal_value(data)


class NoInput(InputSerializer):
    """An action that takes nothing."""
