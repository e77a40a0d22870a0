"""The fast path: a serializer read as a list of columns, so that lists and single reads build no model objects.

``serializer_class`` stays the one definition; a field this cannot read from columns stops the start, not a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework import serializers

from prm.api.fields import (
    Attached,
    CountryField,
    CustomField,
    Derived,
    Linked,
    MoneyField,
    PeriodField,
    attach_linked,
    digits_of,
)

PLAIN = (
    serializers.BooleanField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.IntegerField,
    serializers.JSONField,
    serializers.ListField,
    serializers.UUIDField,
    CountryField,
    CustomField,
)


class Shape:
    """Names, columns and finishing steps of one serializer, for the vendor or for partners."""

    def __init__(self, serializer_class: type[serializers.Serializer], for_partner: bool):
        self.names: list[str] = []
        self.columns: list[str] = []
        self.steps: list[tuple[str, Callable[[Any], Any]]] = []
        self.money: list[tuple[str, int]] = []
        self.attached: list[tuple[str, Any]] = []
        self.constants: dict[str, Any] = {}
        self.custom: CustomField | None = None
        self.derived: list[tuple[str, Any]] = []
        hidden = getattr(serializer_class.Meta, "vendor_fields", ()) if for_partner else ()  # type: ignore[attr-defined]
        extra: list[str] = []
        for name, field in serializer_class().fields.items():
            if field.write_only:
                continue
            if name in hidden:
                self.constants[name] = None
            elif isinstance(field, Attached):
                self.attached.append((name, field))
            elif isinstance(field, Derived):
                self.derived.append((name, field.make))
            else:
                if isinstance(field, CustomField):
                    self.custom = field
                self.names.append(name)
                self.columns.append(self.column(name, field))
                if isinstance(field, MoneyField):
                    extra.append("__".join([*field.source_attrs[:-1], field.currency]))
                    self.money.append((name, len(extra)))
        if self.names[:1] != ["id"]:
            raise ImproperlyConfigured(f"{serializer_class.__name__}: the first field must be id.")
        self.money = [(name, len(self.columns) + at - 1) for name, at in self.money]
        self.columns += extra
        repeated = {column for column in self.columns if self.columns.count(column) > 1}
        if repeated:
            raise ImproperlyConfigured(f"{serializer_class.__name__} reads twice: {', '.join(sorted(repeated))}")

    def column(self, name: str, field: serializers.Field) -> str:
        """The look-up of a field, noting what must still be done to its value."""
        column = "__".join(field.source_attrs)
        if isinstance(field, serializers.PrimaryKeyRelatedField):
            return f"{column}_id"
        if isinstance(field, (PeriodField, serializers.DecimalField)):
            self.steps.append((name, field.to_representation))
        elif not isinstance(field, (*PLAIN, MoneyField)) or type(field) is serializers.SerializerMethodField:
            raise ImproperlyConfigured(f"{field.parent.__class__.__name__}.{name} cannot be read from a column.")
        return column

    def rows(self, tuples: list[tuple], user: Any) -> list[dict[str, Any]]:
        """Tuples of ``columns`` as what the API shows."""
        names, steps, money, constants = self.names, self.steps, self.money, self.constants
        out = []
        for values in tuples:
            row = dict(zip(names, values, strict=False))
            for name, at in money:
                amount = row[name]
                if amount is not None:
                    currency = values[at]
                    row[name] = {"amount": f"{amount:.{digits_of(currency)}f}", "currency": currency}
            for name, step in steps:
                if row[name] is not None:
                    row[name] = step(row[name])
            if constants:
                row.update(constants)
            for name, make in self.derived:
                row[name] = make(row)
            out.append(row)
        if self.custom is not None:
            self._hide_custom(out, user)
        if out:
            ids = [row["id"] for row in out]
            for name, nothing, found in self._attached_to(ids, user):
                for row in out:
                    row[name] = found.get(row["id"]) or nothing()
        return out

    def _attached_to(self, ids: list, user: Any) -> Iterator[tuple[str, Callable[[], Any], dict]]:
        linked = [(name, field) for name, field in self.attached if isinstance(field, Linked)]
        if linked:
            found = attach_linked([field for _name, field in linked], ids, user)
            for (name, field), values in zip(linked, found, strict=True):
                yield name, field.nothing, values
        for name, field in self.attached:
            if not isinstance(field, Linked):
                yield name, field.nothing, field.attach(ids, user)

    def _hide_custom(self, rows: list[dict[str, Any]], user: Any) -> None:
        """Leave of the custom values those the reader may see; no query where there are none."""
        if not user.is_partner or not any(row["custom"] for row in rows):
            return
        keys = self.custom.visible(user)
        for row in rows:
            row["custom"] = {key: value for key, value in row["custom"].items() if key in keys}

    def of(self, instance: Any, user: Any, **known: Any) -> dict[str, Any]:
        """The same from an object just written; ``known`` gives attached values that need no query."""
        values = tuple(_value(instance, column) for column in self.columns)
        attached = self.attached
        self_like = Shape.__new__(Shape)
        self_like.__dict__.update(self.__dict__, attached=[pair for pair in attached if pair[0] not in known])
        (row,) = self_like.rows([values], user)
        return row | known


def _value(instance: Any, column: str) -> Any:
    for part in column.split("__"):
        if instance is None:
            return None
        instance = getattr(instance, part)
    if isinstance(instance, datetime):
        return instance.astimezone(UTC)
    return instance


@cache
def shape_of(serializer_class: type[serializers.Serializer], for_partner: bool) -> Shape:
    return Shape(serializer_class, for_partner)
