"""Field kinds of the API beyond DRF's own: money, periods, countries, references one may see, values read by the page."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from babel.numbers import get_currency_precision
from django.core.exceptions import ValidationError as ModelError
from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from drf_spectacular.utils import extend_schema_field
from psycopg2.extras import DateRange
from rest_framework import serializers

from prm import fields as custom_fields
from prm.compiled import PLACE_ID, PLACE_IDS, array_of, compiled
from prm.externals.models import ExternalId
from prm.money import Money

digits_of = cache(get_currency_precision)


def money_json(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    if amount is None:
        return None
    return {"amount": f"{amount:.{digits_of(currency)}f}", "currency": currency}


@extend_schema_field(
    {
        "type": "object",
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "properties": {
            "amount": {"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$", "example": "1234.50"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "example": "EUR"},
        },
    }
)
class MoneyField(serializers.Field):
    """Two columns as ``{"amount": "1234.50", "currency": "EUR"}``; ``source`` names the amount's column."""

    default_error_messages = {
        "invalid": _('Give an object such as {{"amount": "1234.50", "currency": "EUR"}}.'),
        "negative": _("The amount must not be negative."),
    }

    def __init__(self, currency: str = "currency", **kwargs: Any):
        self.currency = currency
        super().__init__(**kwargs)

    def get_attribute(self, instance: Any) -> Any:
        for part in self.source_attrs[:-1]:
            instance = getattr(instance, part)
        currency = instance
        for part in self.currency.split("__"):
            currency = getattr(currency, part)
        return getattr(instance, self.source_attrs[-1]), currency

    def to_representation(self, value: tuple) -> dict | None:
        return money_json(*value)

    def to_internal_value(self, data: Any) -> Money:
        if not isinstance(data, dict) or set(data) != {"amount", "currency"} or not isinstance(data["currency"], str):
            self.fail("invalid")
        amount = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=None).run_validation(
            data["amount"]
        )
        if not isinstance(amount, Decimal):
            self.fail("invalid")
        if amount < 0:
            self.fail("negative")
        try:
            return Money(amount, data["currency"])
        except ModelError as error:
            raise serializers.ValidationError(error.messages, code="invalid_money") from None


@extend_schema_field(
    {
        "type": "object",
        "required": ["start"],
        "additionalProperties": False,
        "properties": {
            "start": {"type": ["string", "null"], "format": "date"},
            "end": {
                "type": ["string", "null"],
                "format": "date",
                "description": "The first day that no longer belongs to it.",
            },
        },
    }
)
class PeriodField(serializers.Field):
    """A half-open range of days: ``{"start": "2026-01-01", "end": null}``; ``end`` itself is not part of it."""

    default_error_messages = {
        "invalid": _('Give an object such as {{"start": "2026-01-01", "end": null}}.'),
        "order": _("The end must come after the start."),
    }

    def to_representation(self, value: Any) -> dict | None:
        return value and {"start": value.lower, "end": value.upper}

    def to_internal_value(self, data: Any) -> DateRange:
        if not isinstance(data, dict) or not {"start"} <= set(data) <= {"start", "end"}:
            self.fail("invalid")
        start, end = (
            serializers.DateField(allow_null=True).run_validation(data.get(name)) for name in ("start", "end")
        )
        if start and end and end <= start:
            self.fail("order")
        return DateRange(start, end)


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{2}$", "example": "FR"})
class CountryField(serializers.CharField):
    """An ISO 3166 code of two letters."""

    default_error_messages = {"unknown": _("“%(code)s” is not a country. Use its code of two letters, such as FR.")}

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=2, **kwargs)

    def to_representation(self, value: Any) -> str:
        return str(getattr(value, "code", value) or "")

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if code and code not in countries:
            raise serializers.ValidationError(self.error_messages["unknown"] % {"code": code}, code="unknown_country")
        return code


class Reference(serializers.PrimaryKeyRelatedField):
    """A reference by id, looked up among what its sender may see: another's row and a missing one read the same."""

    default_error_messages = {
        "does_not_exist": _("There is no such record."),
        "incorrect_type": _("Give the id of a record."),
    }

    def __init__(self, **kwargs: Any):
        self.model, self.rows = kwargs.pop("model", None), kwargs.pop("rows", None)
        if self.model is not None and not kwargs.get("read_only"):
            kwargs["queryset"] = self.model.objects.all()
        super().__init__(**kwargs)

    def get_queryset(self):
        queryset = super().get_queryset()
        if queryset is None:
            return None
        user = self.context["request"].user
        return self.rows(user) if self.rows else queryset.model.objects.visible_to(user)

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except ModelError:
            self.fail("incorrect_type")


class References(serializers.ListField):
    """Several references, found by one query."""

    def __init__(self, model: Any, **kwargs: Any):
        self.model = model
        kwargs.setdefault("child", serializers.UUIDField())
        kwargs.setdefault("max_length", 100)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> list:
        ids = super().to_internal_value(data)
        if not ids:
            return []
        found = {row.pk: row for row in self.model.objects.visible_to(self.context["request"].user).filter(pk__in=ids)}
        wrong: dict[Any, Any] = {
            index: [
                serializers.ErrorDetail(str(Reference.default_error_messages["does_not_exist"]), code="does_not_exist")
            ]
            for index, pk in enumerate(ids)
            if pk not in found
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return list({pk: found[pk] for pk in ids}.values())

    def to_representation(self, data: Any) -> list:
        return [row if not hasattr(row, "pk") else row.pk for row in data]


class Attached:
    """Mixed into a field whose values are read for a whole page at once: one query more, however many rows."""

    def attach(self, ids: list, user: Any) -> dict:
        """``{id: value}``; rows left out get ``nothing()``."""
        raise NotImplementedError

    @staticmethod
    def nothing() -> Any:
        return []

    def get_attribute(self, instance: Any) -> Any:
        return self.attach([instance.pk], self.context["request"].user).get(instance.pk, self.nothing())  # type: ignore[attr-defined]


class Linked(Attached):
    """Attached values that stand as texts in rows of another table; a page reads those of all its fields at once."""

    def links(self, user: Any) -> tuple[Hashable, Callable[[], QuerySet]]:
        """What the query depends on, and the query: ``(row, text, text)`` of the rows PLACE_IDS, PLACE_ID being the reader's company."""
        raise NotImplementedError

    def fold(self, first: str, second: str) -> Any:
        """One value of the list that a row shows."""
        raise NotImplementedError

    def attach(self, ids: list, user: Any) -> dict:
        return attach_linked([self], ids, user)[0]


def attach_linked(fields: list[Linked], ids: Iterable, user: Any) -> list[dict]:
    """For each of these fields ``{id: values}``, by one statement."""
    asked = [field.links(user) for field in fields]

    def links() -> QuerySet:
        first, *others = [
            rows().annotate(field=Value(at)).values_list("field", "row", "first", "second").order_by()
            for at, (_key, rows) in enumerate(asked)
        ]
        return first.union(*others, all=True).order_by("first", "second")

    found: list[dict] = [{} for _ in fields]
    query = compiled(("linked", *(key for key, _rows in asked)), links)
    for at, row, first, second in query.tuples({PLACE_ID: user.acting_for_id, PLACE_IDS: array_of(ids)}):
        found[at].setdefault(row, []).append(fields[at].fold(first, second))
    return found


class LinkedIds(Linked, References):
    """Ids reached through rows of a linking table: ``LinkedIds(Product, RegistrationLine, "registration", "product")``."""

    def __init__(self, model: Any, through: Any, here: str, there: str, **kwargs: Any):
        self.through, self.here, self.there = through, f"{here}_id", f"{there}_id"
        super().__init__(model, **kwargs)

    def links(self, user: Any) -> tuple[Hashable, Callable[[], QuerySet]]:
        def rows() -> QuerySet:
            linked = self.through._base_manager.filter(**{f"{self.here}__in": [PLACE_IDS]})
            return linked.annotate(row=F(self.here), first=Cast(self.there, TextField()), second=Value(""))

        return (self.through, self.here, self.there), rows

    def fold(self, first: str, second: str) -> str:
        return first


@extend_schema_field(
    {
        "type": "array",
        "readOnly": True,
        "items": {
            "type": "object",
            "required": ["source", "external_id"],
            "properties": {"source": {"type": "string"}, "external_id": {"type": "string"}},
        },
    }
)
class ExternalIds(Linked, serializers.Field):
    """Under which ids the reader's own systems know the record."""

    def __init__(self, **kwargs: Any):
        super().__init__(read_only=True, **kwargs)

    def links(self, user: Any) -> tuple[Hashable, Callable[[], QuerySet]]:
        owner = user.acting_for_id and PLACE_ID

        def rows() -> QuerySet:
            known = ExternalId.objects.owned_by(owner).filter(subject_id__in=[PLACE_IDS])
            return known.annotate(row=F("subject_id"), first=F("source"), second=F("external_id"))

        return ("external ids", owner), rows

    def fold(self, first: str, second: str) -> dict[str, str]:
        return {"source": first, "external_id": second}

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class CustomField(serializers.Field):
    """The values of the fields a program owner added, by key; checked against their declarations, joined with what is there."""

    def __init__(self, kind: str, **kwargs: Any):
        self.kind = kind
        super().__init__(required=False, **kwargs)

    def to_internal_value(self, data: Any) -> dict:
        if not isinstance(data, dict):
            raise serializers.ValidationError(_("Give an object: the values by field key."), code="not_a_dict")
        before = getattr(self.parent.instance, "custom", None)
        try:
            values = custom_fields.validate(self.kind, data, self.context["request"].user, partial=before is not None)
        except ModelError as error:
            raise serializers.ValidationError(
                {
                    name.removeprefix("custom."): [
                        serializers.ErrorDetail(" ".join(one.messages), one.code or "invalid") for one in errors
                    ]
                    for name, errors in error.error_dict.items()
                }
            ) from None
        return custom_fields.merge(before, values)

    def visible(self, user: Any) -> frozenset[str] | None:
        """The keys this reader may see; None: all."""
        return frozenset(field.key for field in custom_fields.declared(self.kind, user)) if user.is_partner else None

    def to_representation(self, value: Any) -> dict:
        keys = self.visible(self.context["request"].user) if value else None
        return value if keys is None else {key: one for key, one in value.items() if key in keys}


class Derived(serializers.CharField):
    """A text made from other shown values of the row: ``Derived(lambda row: …)``."""

    def __init__(self, make: Callable[[dict], Any], **kwargs: Any):
        self.make = make
        super().__init__(read_only=True, source="*", **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        shown: dict[str, Any] = self.parent.fields  # type: ignore[attr-defined]
        texts: Any = (serializers.CharField, serializers.JSONField)
        return {
            name: field.to_representation(field.get_attribute(instance))
            for name, field in shown.items()
            if isinstance(field, texts) and field is not self
        }

    def to_representation(self, value: Any) -> Any:
        return self.make(value)
