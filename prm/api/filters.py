"""Which rows of a list: an allow-list of parameters per resource; anything else is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Choices, Q, QuerySet
from django.utils.translation import gettext as _

from prm.api.problems import Problem
from prm.fields import kind_of

CUSTOM = re.compile(r"custom\[([^\[\]]+)\]")
OF_ALL = {"cursor", "limit", "ordering", "search"}


@dataclass(frozen=True)
class Filter:
    """``?name=value`` compares ``lookup`` with what ``read`` makes of the value; ValueError means it is not valid."""

    lookup: str
    read: Callable[[str], Any] = str
    schema: dict | None = None
    description: str = ""

    def parameter(self, name: str) -> dict:
        return {
            "name": name,
            "in": "query",
            "schema": self.schema or {"type": "string"},
            "description": self.description,
        }


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _instant(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def one_of(lookup: str, choices: type[Choices]) -> Filter:
    """One of the words of a TextChoices class."""

    def read(text: str) -> str:
        if text not in choices.values:
            raise ValueError
        return text

    return Filter(lookup, read, {"type": "string", "enum": [value for value in choices.values if value]})


def identity(lookup: str) -> Filter:
    return Filter(lookup, UUID, {"type": "string", "format": "uuid"})


def yes_or_no(lookup: str) -> Filter:
    return Filter(lookup, _boolean, {"type": "boolean"})


def day(lookup: str) -> Filter:
    return Filter(lookup, date.fromisoformat, {"type": "string", "format": "date"})


def instant(lookup: str) -> Filter:
    return Filter(lookup, _instant, {"type": "string", "format": "date-time"})


def text(lookup: str, most: int = 200) -> Filter:
    def read(value: str) -> str:
        if len(value) > most:
            raise ValueError
        return value

    return Filter(lookup, read, {"type": "string", "maxLength": most})


CHANGED = {
    "created_after": instant("created_at__gte"),
    "created_before": instant("created_at__lt"),
    "updated_after": instant("updated_at__gte"),
    "updated_before": instant("updated_at__lt"),
}


class FilterBackend:
    def filter_queryset(self, request, queryset: QuerySet, view) -> QuerySet:
        known = view.filters
        for name, value in request.GET.items():
            if name in known:
                queryset = queryset.filter(**{known[name].lookup: self.read(known[name], name, value)})
            elif match := CUSTOM.fullmatch(name):
                queryset = self.custom(queryset, view, name, match[1], value)
            elif name == "search" and view.search_fields:
                queryset = queryset.filter(self.search(view, value))
            elif name not in OF_ALL or (name == "search" and not view.search_fields):
                raise self.unknown(name)
        return queryset

    @staticmethod
    def unknown(name: str) -> Problem:
        return Problem("unknown_parameter", _("There is no parameter “%(name)s” here.") % {"name": name[:60]})

    def custom(self, queryset: QuerySet, view, name: str, field: str, value: str) -> QuerySet:
        """By a field that a program owner added, among the rows that show it to the reader."""
        from prm.fields import asked

        kind, user = kind_of(queryset.model), view.request.user
        wanted = Filter("", lambda text: asked.condition(kind, user, field, text))
        try:
            return view.showing_custom(queryset).filter(self.read(wanted, name, value))
        except LookupError:
            raise self.unknown(name) from None

    @staticmethod
    def read(known: Filter, name: str, value: str) -> Any:
        try:
            if "\0" in value or len(value) > 200:
                raise ValueError
            return known.read(value)
        except (ValueError, KeyError, OverflowError):
            raise Problem(
                "invalid_parameter", _("“%(name)s” does not understand this value.") % {"name": name}
            ) from None

    @staticmethod
    def search(view, value: str) -> Q:
        if "\0" in value or len(value) > 200:
            raise Problem("invalid_parameter", _("“%(name)s” does not understand this value.") % {"name": "search"})
        found = Q()
        for field in view.search_fields:
            found |= Q(**{f"{field}__icontains": value})
        return found

    def get_schema_operation_parameters(self, view) -> list[dict]:
        parameters = [known.parameter(name) for name, known in view.filters.items()]
        if view.search_fields:
            parameters.append(
                {
                    "name": "search",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 200},
                    "description": "Contains this text.",
                }
            )
        if kind_of(view.model):
            parameters.append(
                {
                    "name": "custom",
                    "in": "query",
                    "style": "deepObject",
                    "explode": True,
                    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": "By custom field: `custom[beds]=12`; numbers and dates also by `custom[beds.from]` "
                    "and `custom[beds.to]`.",
                }
            )
        orders = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        parameters.append(
            {
                "name": "ordering",
                "in": "query",
                "schema": {"type": "string", "enum": orders, "default": view.default_ordering},
            }
        )
        return parameters
