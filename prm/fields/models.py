"""A field that a program owner adds: no migration, its values stand in the record's ``custom`` column."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from prm import events
from prm.fields.querysets import CustomFieldQuerySet
from prm.records import Record
from prm.rowpolicy import RowPolicy
from prm.ui.forms import DAY_BOUNDS, plain
from prm.ui.templatetags import ui

LONGEST_TEXT = 2000
LARGEST_NUMBER = Decimal(10) ** 15


class FieldKind(models.TextChoices):
    PARTNER = "partner", gettext_lazy("Partner")
    CUSTOMER = "customer", gettext_lazy("Customer")
    OPPORTUNITY = "opportunity", gettext_lazy("Opportunity")
    REGISTRATION = "registration", gettext_lazy("Deal registration")


class FieldType(models.TextChoices):
    TEXT = "text", pgettext_lazy("field type", "text")
    NUMBER = "number", pgettext_lazy("field type", "number")
    DATE = "date", pgettext_lazy("field type", "date")
    CHOICE = "choice", pgettext_lazy("field type", "choice")
    BOOLEAN = "boolean", pgettext_lazy("field type", "yes or no")


@pghistory.track()
class CustomField(Record):
    """One added field: to which records, of which type, what is accepted."""

    kind = models.CharField(gettext_lazy("records"), max_length=12, choices=FieldKind.choices)
    key = models.CharField(
        gettext_lazy("key"),
        max_length=40,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9_]*\Z", gettext_lazy("Small letters, digits and _ only, a letter first."))
        ],
        help_text=gettext_lazy("Its name in the API and in import mappings. It cannot change later."),
    )
    label_en = models.CharField(gettext_lazy("name in English"), max_length=80)
    label_fr = models.CharField(gettext_lazy("name in French"), max_length=80, blank=True)
    type = models.CharField(gettext_lazy("type"), max_length=8, choices=FieldType.choices, default=FieldType.TEXT)
    choices = models.JSONField(gettext_lazy("choices"), default=list, blank=True)
    required = models.BooleanField(gettext_lazy("required"), default=False)
    visible_to_partners = models.BooleanField(gettext_lazy("partners see it and fill it in"), default=False)
    position = models.PositiveSmallIntegerField(gettext_lazy("position"), default=50)
    archived = models.BooleanField(gettext_lazy("archived"), default=False, editable=False)

    objects = CustomFieldQuerySet.as_manager()
    row_policy = RowPolicy(read="visible_to_partners")

    class Meta:
        ordering = ["kind", "position", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                name="custom_field_key",
                violation_error_message=gettext_lazy("These records have a field with this key."),
            )
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return reverse("fields:field", args=[self.pk])

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return (self.label_fr if get_language() == "fr" else "") or self.label_en

    @property
    def name(self) -> str:
        """Its name in forms, filters and mappings, apart from the record's own columns."""
        return f"custom_{self.key}"

    @transaction.atomic
    def archive(self, *, by, version=None) -> None:
        """Take the field out of forms, lists and files; the values stay in the records."""
        self.lock(version)
        if not self.archived:
            self.put(archived=True)
            events.record(self, "archived", by=by, key=self.key)

    @transaction.atomic
    def restore(self, *, by, version=None) -> None:
        """Bring an archived field back, with the values it had."""
        self.lock(version)
        if self.archived:
            self.put(archived=False)
            events.record(self, "restored", by=by, key=self.key)

    def clean_value(self, value: Any) -> Any:
        """The value as it is stored (JSON), None for nothing; raises ValidationError with a code and a remedy."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return getattr(self, f"_clean_{self.type}")(value)

    def _clean_text(self, value: Any) -> str:
        text = plain(str(value)).strip()
        if isinstance(value, (dict, list, bool)):
            raise ValidationError(_("Give a text."), code="invalid")
        if len(text) > LONGEST_TEXT:
            raise ValidationError(_("At most %(limit)s characters."), code="max_length", params={"limit": LONGEST_TEXT})
        return text

    def _clean_number(self, value: Any) -> int | float:
        try:
            number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValidationError(
                _("“%(value)s” is not a number."), code="invalid_number", params={"value": str(value)[:50]}
            )
        if abs(number) >= LARGEST_NUMBER:
            raise ValidationError(_("This number is too large."), code="too_large")
        return int(number) if number == number.to_integral_value() else float(number)

    def _clean_date(self, value: Any) -> str:
        try:
            day = value if isinstance(value, date) else parse_date(value) if isinstance(value, str) else None
        except ValueError:
            day = None
        if day is None:
            raise ValidationError(
                _("“%(value)s” is not a date."), code="invalid_date", params={"value": str(value)[:50]}
            )
        for check in DAY_BOUNDS:
            check(day)
        return day.isoformat()

    def _clean_choice(self, value: Any) -> str:
        wanted = str(value).strip().casefold()
        for choice in self.choices:
            if wanted in {word.casefold() for word in choice.values()}:
                return choice["value"]
        raise ValidationError(
            _("“%(value)s” is not one of: %(choices)s."),
            code="invalid_choice",
            params={"value": str(value)[:50], "choices": ", ".join(label for _value, label in self.labelled_choices)},
        )

    def _clean_boolean(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().casefold()
        if word in {"true", "yes", "oui", "vrai", "1", "x"}:
            return True
        if word in {"false", "no", "non", "faux", "0"}:
            return False
        raise ValidationError(_("Give yes or no."), code="invalid_boolean")

    @property
    def labelled_choices(self) -> list[tuple[str, str]]:
        language = get_language() or "en"
        return [(choice["value"], choice.get(language) or choice["value"]) for choice in self.choices]

    def typed(self, stored: Any) -> Any:
        """The stored value as Python has it: dates are dates."""
        return parse_date(stored) if self.type == FieldType.DATE and isinstance(stored, str) else stored

    def words(self, stored: Any) -> str:
        """The stored value as its reader reads it."""
        if stored is None or stored == "":
            return ""
        match self.type:
            case FieldType.NUMBER:
                return ui.num(stored) if isinstance(stored, (int, float)) and math.isfinite(stored) else str(stored)
            case FieldType.DATE:
                return ui.day(self.typed(stored))
            case FieldType.CHOICE:
                return dict(self.labelled_choices).get(stored, str(stored))
            case FieldType.BOOLEAN:
                return _("yes") if stored else _("no")
        return str(stored)
