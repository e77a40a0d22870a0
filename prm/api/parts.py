"""Rows that live with a record: read with it for a whole page at once, and sent as the list that is to be."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import models
from rest_framework import serializers

from prm.api.fields import Attached
from prm.api.serializers import PlainSerializer
from prm.compiled import PLACE_IDS, array_of, compiled


@cache
def serializer_of(model: type[models.Model], columns: tuple[str, ...]) -> type[PlainSerializer]:
    meta = type("Meta", (), {"model": model, "fields": columns})
    return type(f"{model.__name__}Serializer", (PlainSerializer,), {"Meta": meta})


def child(model: type[models.Model], columns: tuple[str, ...]) -> serializers.Field:
    """What one element of the list is: a plain value, or an object."""
    serializer = serializer_of(model, columns)()
    if len(columns) > 1:
        return serializer
    kind, given = serializer.build_standard_field(columns[0], model._meta.get_field(columns[0]))
    return kind(**given)


class Parts(Attached, serializers.ListField):
    """``Parts(CustomerDomain, "customer", "domain")``: a list of values; several columns make a list of objects.

    What is sent takes the place of what was there; rows that stay the same keep their identity.
    """

    def __init__(self, model: type[models.Model], owner: str, *columns: str, **kwargs: Any):
        self.model, self.owner, self.columns = model, owner, columns
        kwargs["child"] = child(model, columns)
        kwargs.setdefault("required", False)
        kwargs.setdefault("max_length", 100)
        super().__init__(**kwargs)

    def attach(self, ids: list, user: Any) -> dict:
        found: dict = {}
        owner = f"{self.owner}_id"

        def rows() -> models.QuerySet:
            kept = self.model._base_manager.filter(**{f"{owner}__in": [PLACE_IDS]})
            return kept.order_by(*self.columns, "pk").values_list(owner, *self.columns)

        query = compiled(("parts", self.model, self.columns), rows)
        for record, *values in query.tuples({PLACE_IDS: array_of(ids)}):
            found.setdefault(record, []).append(self.shown(values))
        return found

    def shown(self, values: list) -> Any:
        return values[0] if len(values) == 1 else dict(zip(self.columns, map(_text, values), strict=True))

    def to_representation(self, data: Any) -> Any:
        return data

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        values = super().to_internal_value(data)
        return [dict(value) if len(self.columns) > 1 else {self.columns[0]: value} for value in values]


def _text(value: Any) -> Any:
    return getattr(value, "code", value)


def replace_parts(record: models.Model, name: str, values: list[dict[str, Any]]) -> None:
    """Leave the record with these rows and no other; ``name`` is its reverse relation. Wrong values are named by their place."""
    relation: Any = record._meta.get_field(name)
    link, model = relation.field.name, relation.related_model
    columns = [field.attname for field in model._meta.concrete_fields if field.name not in (link, "id")]

    def key(part: models.Model) -> tuple:
        return tuple(_text(getattr(part, column)) for column in columns)

    wrong: dict[Any, Any] = {}  # by place
    wanted: dict[tuple, tuple[int, models.Model]] = {}
    for index, value in enumerate(values):
        part = model(**{link: record}, **value)
        try:
            part.clean_fields(exclude=[link])
            part.clean()
        except ModelError as error:
            wrong[index] = _details(error)
        else:
            wanted.setdefault(key(part), (index, part))
    there = {key(part): part for part in getattr(record, name).all()}
    gone = [part.pk for known, part in there.items() if known not in wanted]
    model.objects.filter(pk__in=gone).delete()
    for known, (index, part) in wanted.items():
        if known in there or wrong:
            continue
        try:
            part.validate_constraints()
        except ModelError as error:
            wrong[index] = _details(error)
        else:
            part.save(force_insert=True)
    if wrong:
        raise serializers.ValidationError({name: wrong})


def _details(error: ModelError) -> dict[str, list[serializers.ErrorDetail]]:
    named = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    return {
        "non_field_errors" if name == "__all__" else name: [
            serializers.ErrorDetail(" ".join(one.messages), code=one.code or "invalid") for one in errors
        ]
        for name, errors in named.items()
    }
