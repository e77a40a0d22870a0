"""Custom fields in the forms of records, and the form that declares one."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.fields import declared, kind_of, merge
from prm.fields.models import LONGEST_TEXT, CustomField, FieldType
from prm.ui.forms import DayField, RecordForm

MOST_CHOICES = 200


def form_field(field: CustomField) -> forms.Field:
    """The form's field for a declared one."""
    common: dict[str, Any] = {"label": field.label, "required": field.required}
    match field.type:
        case FieldType.NUMBER:
            return forms.DecimalField(**common)
        case FieldType.DATE:
            return DayField(**common)
        case FieldType.CHOICE:
            return forms.ChoiceField(choices=[("", ""), *field.labelled_choices], **common)
        case FieldType.BOOLEAN:
            return forms.TypedChoiceField(
                choices=[("", ""), ("true", _("yes")), ("false", _("no"))],
                coerce=lambda word: word == "true",
                empty_value=None,
                **common,
            )
    return forms.CharField(max_length=LONGEST_TEXT, **common)


class CustomFieldsForm:
    """Mixed into a RecordForm, before it: the declared fields of the record appear after its own and are saved with it.

    Which fields: those the form's ``user`` may see. Values of the others stay as they are.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.declared = declared(kind_of(self.instance), getattr(self, "user", None))
        for field in self.declared:
            self.fields[field.name] = form_field(field)
            stored = field.typed((self.instance.custom or {}).get(field.key))
            self.initial.setdefault(field.name, str(stored).lower() if isinstance(stored, bool) else stored)

    def _post_clean(self) -> None:
        values = {}
        for field in self.declared:
            if field.name in self.cleaned_data:
                try:
                    values[field.key] = field.clean_value(self.cleaned_data[field.name])
                except ValidationError as error:
                    self.add_error(field.name, error)
        self.instance.custom = merge(self.instance.custom, values)
        super()._post_clean()

    def changed_columns(self) -> list[str]:
        own = {field.name for field in self.declared}
        return [*super().changed_columns(), *(["custom"] if own & set(self.changed_data) else [])]

    @property
    def custom_fields(self) -> list[forms.BoundField]:
        """The bound custom fields, for a form that draws them apart."""
        return [self[field.name] for field in self.declared]  # type: ignore[index]


class ChoicesField(forms.CharField):
    """The choices of a field, one a line: ``English`` or ``English | French``."""

    widget = forms.Textarea(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(" | ".join(filter(None, (choice["value"], choice.get("fr")))) for choice in value)

    def to_python(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        choices = []
        for line in (value or "").splitlines():
            english, _bar, french = (part.strip() for part in line.partition("|"))
            if english:
                choices.append({"value": english, "fr": french} if french else {"value": english})
        if len({choice["value"].casefold() for choice in choices}) < len(choices):
            raise ValidationError(_("Two choices are the same."), code="repeated_choice")
        if len(choices) > MOST_CHOICES:
            raise ValidationError(_("At most %(limit)s choices."), code="too_many", params={"limit": MOST_CHOICES})
        return choices

    def validate(self, value: Any) -> None:
        """Whether choices are needed depends on the type; the form says so."""

    def run_validators(self, value: Any) -> None:
        """Checked when read."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != (initial or [])
        except ValidationError:
            return True


class CustomFieldForm(RecordForm):
    """Declare a field. Records, key and type are settled once: values depend on them."""

    choices = ChoicesField(
        required=False,
        label=gettext_lazy("Choices"),
        help_text=gettext_lazy(
            "One a line; write “English | French” to name a choice in both languages. Only for the type “choice”."
        ),
    )

    class Meta:
        model = CustomField
        fields = [
            "kind",
            "label_en",
            "label_fr",
            "key",
            "type",
            "choices",
            "required",
            "visible_to_partners",
            "position",
        ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.is_new:
            self.fields["key"].required = False
            self.fields["key"].help_text = _(
                "Its name in the API and in import mappings. Empty: made from the English name."
            )
        else:
            for name in ("kind", "key", "type"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("key") and "key" not in self.errors and cleaned.get("label_en"):
            cleaned["key"] = re.sub(r"^[^a-z]+", "", slugify(cleaned["label_en"]).replace("-", "_"))[:40] or "field"
        is_choice = cleaned.get("type") == FieldType.CHOICE
        if is_choice and not cleaned.get("choices") and "choices" not in self.errors:
            self.add_error("choices", ValidationError(_("List the choices, one a line."), code="required"))
        if not is_choice:
            cleaned["choices"] = []
        return cleaned
