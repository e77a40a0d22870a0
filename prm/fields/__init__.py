"""Fields that a program owner adds to partners, customers, opportunities and deal registrations.

``declared`` names them, ``validate`` and ``merge`` check and join values, ``shown`` words them; ``prm.fields.forms`` has them in
forms, ``prm.fields.filters`` in the filters of lists, ``list_columns`` in lists and files. Values stand in the record's
``custom`` column by key. Partners see and write only the fields marked ``visible_to_partners``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prm.fields.models import CustomField
    from prm.ui.lists import Column

__all__ = ["declared", "kind_of", "list_columns", "merge", "shown", "validate"]

KINDS = {"DealRegistration": "registration"}


def kind_of(model: Any) -> str:
    """The kind under which a model's fields are declared; empty when it has no ``custom`` column."""
    from prm.fields.columns import CustomValues

    found = model if isinstance(model, type) else type(model)
    return KINDS.get(found.__name__, found.__name__.lower()) if issubclass(found, CustomValues) else ""


def declared(kind: str, user: Any = None) -> list[CustomField]:
    """The fields of this kind that ``user`` may see (nobody given: whom the transaction works for), in order; one query."""
    from prm.fields.models import CustomField

    return list(CustomField.objects.in_use(kind, user)) if kind else []


def validate(
    kind: str, values: dict[str, Any], user: Any = None, partial: bool = True, fields: list[CustomField] | None = None
) -> dict[str, Any]:
    """The values as they are stored, by key; None marks one to be emptied.

    ``partial`` looks only at the keys given; else every required field must be there. ``fields`` saves the query when the
    caller already has the declarations. Raises a ValidationError keyed ``custom.<key>``; an unknown key, and one its sender may not see,
    is refused alike. Join the answer with what the record holds by ``merge``.
    """
    from django.core.exceptions import ValidationError
    from django.utils.translation import gettext as _

    known = {field.key: field for field in (declared(kind, user) if fields is None else fields)}
    errors: dict[str, Any] = {}
    clean = {}
    for key, value in values.items():
        if key not in known:
            errors[f"custom.{key}"] = ValidationError(_("There is no such field."), code="unknown_field")
            continue
        try:
            clean[key] = known[key].clean_value(value)
        except ValidationError as error:
            errors[f"custom.{key}"] = error
    for key, field in known.items():
        is_missing = clean.get(key) is None and f"custom.{key}" not in errors
        if field.required and is_missing and (not partial or key in clean):
            errors[f"custom.{key}"] = ValidationError(_("A value is needed."), code="required")
    if errors:
        raise ValidationError(errors)
    return clean


def merge(before: dict[str, Any] | None, values: dict[str, Any]) -> dict[str, Any]:
    """What a record holds after these checked values: others stay, also those the writer may not see; None empties."""
    merged = {**(before or {}), **values}
    return {key: value for key, value in merged.items() if value is not None}


def shown(kind: str, record: Any, user: Any = None) -> list[tuple[str, str]]:
    """Label and value, in words, of each field of this record (or dict of values) that has one."""
    values = record if isinstance(record, dict) else record.custom
    if not values:
        return []
    return [(field.label, words) for field in declared(kind, user) if (words := field.words(values.get(field.key)))]


def list_columns(model: Any, user: Any = None) -> list[Column]:
    """The fields as columns of a list page and of its files."""
    from prm.ui.lists import Column

    kinds = {"number": "number", "date": "date", "boolean": "flag"}

    def column(field: CustomField) -> Column:
        def value(row: Any) -> Any:
            stored = row.custom.get(field.key)
            return field.words(stored) if field.type == "choice" else field.typed(stored)

        return Column(
            field.name, field.label, kind=kinds.get(field.type, "text"), value=value, sort=f"custom__{field.key}"
        )

    return [column(field) for field in declared(kind_of(model), user)]
