"""What every form of the product shares: clean text, days within reason, periods by their last day, records found by typing."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, models, transaction
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from prm import events
from prm.errors import RuleViolation, StaleVersion
from prm.money import CURRENCIES
from prm.ui.toasts import say

FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2200, 1, 1)
DAY_BOUNDS: list[Callable[[Any], None]] = [
    MinValueValidator(FIRST_DAY, gettext_lazy("This date is too long ago; check the year.")),
    MaxValueValidator(LAST_DAY, gettext_lazy("This date is too far away; check the year.")),
]
# Marks that turn the reading direction: they can make one name look like another.
DIRECTION_MARKS = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def plain(text: str) -> str:
    """The text as it may be stored, or a ValidationError: no direction marks, no control characters but line ends and tabs."""
    if any(ord(char) in DIRECTION_MARKS for char in text):
        raise ValidationError(
            _("This text contains invisible marks that change the direction of reading. Type it again."),
            code="direction_marks",
        )
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\r\n\t" for char in text):
        raise ValidationError(
            _("This text contains characters that cannot be shown. Type it again."), code="control_characters"
        )
    return text


def short(amount: Decimal) -> Decimal:
    """The amount without the zeros that storing added: 3270.5000 is typed 3270.5."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class DayField(forms.DateField):
    widget = DayInput
    default_validators = DAY_BOUNDS


class PeriodWidget(forms.MultiWidget):
    def __init__(self, attrs=None):
        super().__init__(
            [
                DayInput({"aria-label": gettext_lazy("First day")}),
                DayInput({"aria-label": gettext_lazy("Last day; empty: no end")}),
            ],
            {"class": "w-auto d-inline-block me-2", **(attrs or {})},
        )

    def decompress(self, value):
        if not value:
            return [None, None]
        return [value.lower, value.upper - timedelta(days=1) if value.upper else None]


class PeriodField(forms.MultiValueField):
    """A half-open date range, typed as first and last day; without a last day it has no end."""

    widget = PeriodWidget

    def __init__(self, **kwargs):
        kwargs.pop("max_length", None)
        kwargs.setdefault("help_text", gettext_lazy("First and last day. Leave the last day empty for no end."))
        super().__init__([DayField(), DayField(required=False)], require_all_fields=False, **kwargs)

    def compress(self, values):
        if not values or not values[0]:
            return None
        first, last = values
        if last and last < first:
            raise ValidationError(_("The last day is before the first."), code="period_reversed")
        return DateRange(first, last + timedelta(days=1) if last else None)


class LongSelect(forms.Select):
    """A searchable list of many fixed choices, written in one go: a template for each option costs more than the page."""

    def __init__(self, attrs=None, choices=()):
        super().__init__({"data-select": "", **(attrs or {})}, choices)

    def render(self, name, value, attrs=None, renderer=None):
        chosen = set(self.format_value(value))
        marked = mark_safe(" selected")
        rows = ((key, marked if str(key) in chosen else "", label) for key, label in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', rows)
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})), options
        )


class CurrencyField(forms.ChoiceField):
    def __init__(self, **kwargs):
        kwargs.setdefault("label", gettext_lazy("Currency"))
        kwargs.setdefault("widget", LongSelect())
        super().__init__(choices=[("", "")] + [(code, code) for code in CURRENCIES], **kwargs)


class RecordSelect(forms.Select):
    """A list filled while one types, from ``source``; the page carries only what is chosen."""

    queryset: models.QuerySet

    def __init__(self, source: str, attrs=None):
        super().__init__({"data-select": "", "data-source": reverse_lazy("pick", args=[source]), **(attrs or {})})

    def optgroups(self, name, value, attrs=None):
        wanted = []
        for item in value:
            try:
                wanted.append(self.queryset.model._meta.pk.to_python(item))
            except ValidationError:
                continue
        chosen = self.queryset.filter(pk__in=[item for item in wanted if item])
        self.choices = [("", ""), *((item.pk, str(item)) for item in chosen)]
        return super().optgroups(name, value, attrs)


class RecordSelectMultiple(RecordSelect, forms.SelectMultiple):
    pass


class RecordField(forms.ModelChoiceField):
    """One of many records: ``RecordField("customers", Customer.objects.visible_to(user))``; see ``prm.ui.pick``."""

    def __init__(self, source: str, queryset: models.QuerySet, **kwargs):
        super().__init__(queryset, widget=RecordSelect(source), **kwargs)
        self.widget.queryset = queryset


class RecordsField(forms.ModelMultipleChoiceField):
    """Several of many records."""

    def __init__(self, source: str, queryset: models.QuerySet, **kwargs):
        super().__init__(queryset, widget=RecordSelectMultiple(source), **kwargs)
        self.widget.queryset = queryset


class Clean:
    """Mixin of all forms: text fields take plain text, dates stay within reason, an empty choice is empty."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.empty_label = "" if field.empty_label == "---------" else field.empty_label
            elif isinstance(field, forms.ChoiceField) and not callable(field.choices):
                field.choices = [(value, "" if value == "" else label) for value, label in field.choices]
        for name, value in list(self.initial.items()):
            if isinstance(value, Decimal):
                self.initial[name] = short(value)

    def _clean_fields(self):
        super()._clean_fields()
        for name, value in list(self.cleaned_data.items()):
            try:
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str):
                        plain(text)
                    elif isinstance(text, date) and not isinstance(text, datetime.datetime):
                        for check in DAY_BOUNDS:
                            check(text)
            except ValidationError as error:
                self.add_error(name, error)


class Form(Clean, forms.Form):
    """A form of one question; ``user`` is who answers."""

    def __init__(self, *args, user=None, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)


class RecordForm(Clean, forms.ModelForm):
    """Create or change one record by its owner's hand.

    The form carries the version that was read; ``save_by(user)`` writes the changed columns under lock, tells the event, and
    raises StaleVersion when somebody was faster. ``told`` names the partner that may read the event. ``fixed`` are columns
    set by the view that constraints must still look at.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    fixed: tuple[str, ...] = ()

    def __init__(self, *args, user=None, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        if "version" in self.fields:
            self.initial["version"] = "" if self.is_new else self.instance.version
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField) and not isinstance(field, DayField):
                field.widget = DayInput()
                field.validators += DAY_BOUNDS
            if name == "country" and isinstance(field.widget, forms.Select):
                field.widget = LongSelect(choices=[("", ""), *((code, name) for code, name in field.choices if code)])

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - set(self.fixed)

    def told(self) -> Any:
        """The partner that may read the event; nobody but the vendor unless a form says so."""
        return None

    @transaction.atomic
    def save_by(self, user: Any) -> Any:
        record = self.instance
        if self.is_new:
            record.save(force_insert=True)
            self._save_m2m()
            events.record(record, "created", by=user, partner_id=self.told())
            return record
        columns = {field.name for field in record._meta.concrete_fields}
        changed = [name for name in self.changed_data if name != "version"]
        values = {name: getattr(record, name) for name in self.changed_columns() if name in columns}
        record.lock(self.cleaned_data.get("version"))
        if values or changed:
            record.put(**values)
            self._save_m2m()
            events.record(record, "changed", by=user, partner_id=self.told(), fields=sorted({*values, *changed}))
        return record

    def changed_columns(self) -> list[str]:
        """Names of the columns to write; a form that sets more than its fields adds them."""
        return [name for name in self.changed_data if name != "version"]


SAVED = gettext_lazy("Saved.")


def posted(request: HttpRequest) -> Any:
    """What was sent, however empty; None when the form is only shown."""
    return request.POST if request.method == "POST" else None


def posted_files(request: HttpRequest) -> Any:
    """The files sent with it; a form given even no files at all takes itself for sent."""
    return request.FILES if request.method == "POST" else None


def handle(
    request: HttpRequest,
    form: forms.BaseForm,
    act: Callable[[], Any],
    *,
    template: str = "lists/form.html",
    said: Any = SAVED,
    to: Callable[[Any], str] | str | None = None,
    **context: Any,
) -> HttpResponse:
    """Show a form, and when it is sent and right, act and go on; a rule that refuses is said at its field, the form kept (422).

    ``act`` does the work and returns the record; ``to`` says where to go (default: the record's page).
    """
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                record = act()
        except IntegrityError:
            form.add_error(
                None,
                _("Somebody else saved the same at this moment, or what you chose is gone. Reload the page and look."),
            )
        except RuleViolation as error:
            refuse(form, error)
        else:
            target = to(record) if callable(to) else to or record.get_absolute_url()
            return say(request, redirect(target), str(said))
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound and form.errors else 200)


def refuse(form: forms.BaseForm, error: RuleViolation) -> None:
    """Say a rule's refusal in the form: at its field when the form has it, else on top."""
    if isinstance(error, StaleVersion):
        form.stale = True
    form.add_error(error.field if error.field in form.fields else None, error.message)
