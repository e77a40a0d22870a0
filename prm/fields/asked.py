"""Custom fields among the parameters of an API list: ``custom[beds]=12``, ``custom[beds.from]=10``, ``custom[beds.to]=20``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from prm.fields import declared
from prm.fields.models import FieldType

ENDS = {"": "", ".from": "__gte", ".to": "__lte"}


def condition(kind: str, user: Any, name: str, value: str) -> Q:
    """Which records hold this value. LookupError: no such field among those ``user`` sees; ValueError: not a value it takes."""
    for field in declared(kind, user):
        ends = ENDS if field.type in (FieldType.NUMBER, FieldType.DATE) else {"": ""}
        for end, lookup in ends.items():
            if name == field.key + end:
                return Q(**{f"custom__{field.key}{lookup}": stored(field, value)})
    raise LookupError(name)


def stored(field: Any, value: str) -> Any:
    try:
        typed = field.clean_value(value)
    except ValidationError as error:
        raise ValueError(value) from error
    if typed is None:
        raise ValueError(value)
    return typed
