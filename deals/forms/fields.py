"""Fields that take what people paste and type: names, amounts as their language writes them, web addresses."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.core import get_global
from babel.numbers import NumberFormatError, get_currency_name, get_territory_currencies, parse_decimal
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django_countries import countries

from prm.money.amount import CURRENCIES
from prm.ui.templatetags.ui import reader_locale
from territories.matching.normalise import domain_of

PLAIN = re.compile(r"^-?\d+(\.\d+)?$")
SPACES = re.compile(r"[\s\u00a0\u2009\u202f']")


class LineField(forms.CharField):
    """A line of text in one spelling: composed letters, single spaces."""

    def to_python(self, value):
        return " ".join(unicodedata.normalize("NFC", super().to_python(value)).split())


class WebsiteField(LineField):
    """A web or mail address, kept as its domain: "https://www.acme.com/fr" → "acme.com"."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return ""
        domain = domain_of(text)
        if not domain or len(domain) > 253 or not re.fullmatch(r"[\w.-]+\.[\w-]+", domain):
            raise ValidationError(
                _("This is not a web address. Give it like customer.com, or leave it empty."), code="invalid"
            )
        return domain


class AmountField(forms.CharField):
    """An amount written as in the reader's language (100,000.50 or 100 000,50) or plainly (100000.50)."""

    def prepare_value(self, value):
        if isinstance(value, Decimal):
            value = value.normalize()
            text = f"{value:f}"
            return text.replace(".", ",") if reader_locale().language == "fr" else text
        return value

    def clean(self, value):
        text = SPACES.sub("", super().clean(value))
        if not text:
            return None
        try:
            amount = Decimal(text) if PLAIN.match(text) else parse_decimal(text, locale=reader_locale(), strict=True)
        except (NumberFormatError, InvalidOperation):
            amount = Decimal("NaN")
        if not amount.is_finite():
            raise ValidationError(_("Write the amount in digits, for example 12500."), code="invalid")
        if amount < 0:
            raise ValidationError(_("The amount cannot be below zero."), code="negative")
        if amount.adjusted() > 14:
            raise ValidationError(_("This amount is too large."), code="too_large")
        return amount


@cache
def currencies_in_use() -> frozenset[str]:
    """Currencies that are legal tender somewhere today."""
    rows = get_global("territory_currencies").values()
    return frozenset(
        code for territory in rows for code, _start, end, tender in territory if end is None and tender
    ) & frozenset(CURRENCIES)


def currency_choices(likely: list[str], language_locale) -> list:
    """The currencies this partner probably means, then all the others by name."""
    first = [code for code in dict.fromkeys(likely) if code in currencies_in_use()]
    named = sorted(
        ((get_currency_name(code, locale=language_locale), code) for code in currencies_in_use() - set(first)),
        key=lambda pair: pair[0].casefold(),
    )
    return [
        *((code, code) for code in first),
        (_("Other currencies"), [(code, f"{code} · {name}") for name, code in named]),
    ]


def likely_currencies(partner) -> list[str]:
    local = get_territory_currencies(partner.country.code) if partner.country else []
    return [*local, settings.REPORTING_CURRENCY, "EUR", "USD", "GBP"]


def country_choices(likely: list[str]) -> list:
    """The countries this partner sells in, then all of them by name."""
    first = [code for code in dict.fromkeys(likely) if countries.name(code)]
    rest = [(code, name) for code, name in countries if code not in first]
    return (
        [("", _("Choose a country")), *((code, countries.name(code)) for code in first), (_("Other countries"), rest)]
        if first
        else [
            ("", _("Choose a country")),
            *rest,
        ]
    )
