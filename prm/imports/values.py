"""From a cell to a value: each parser takes the cell and how the file writes things, and says what is wrong in words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from babel import Locale
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils import translation
from django.utils.translation import gettext as _
from django_countries import countries

from prm.calendar import business_zone
from prm.money import CURRENCIES
from prm.ui.forms import DAY_BOUNDS, plain

DATE_ORDERS = ("DMY", "MDY", "YMD")
AMOUNT_LIMIT = Decimal("999999999999999.9999")
SIGNS = "€$£¥\u00a0\u202f "  # currency signs and spaces around an amount
YES = {"true", "yes", "oui", "vrai", "1", "x", "y", "o"}
NO = {"false", "no", "non", "faux", "0", "n"}


@dataclass(frozen=True)
class Writing:
    """How a file writes days and numbers."""

    date_format: str = "YMD"
    decimal: str = "."


Parser = Callable[[Any, Writing], Any]


def wrong(code: str, message: str, /, **params: Any) -> ValidationError:
    return ValidationError(message, code=code, params=params)


def short(value: Any) -> str:
    """A value as a message quotes it."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def text(longest: int = 200) -> Parser:
    def parse(cell: Any, writing: Writing) -> str:
        value = plain(str(cell)).strip()
        if value[:1] == "'" and value[1:2] in tuple("=+-@|%"):  # how our own exports keep a text from being a formula
            value = value[1:].replace("\\|", "|")
        if len(value) > longest:
            raise wrong(
                "max_length", _("At most %(limit)s characters; this has %(count)s."), limit=longest, count=len(value)
            )
        return value

    return parse


def number(lowest: int | None = None, highest: int | None = None, whole: bool = False, negative: str = "") -> Parser:
    """A number; ``whole`` refuses a fraction."""

    def parse(cell: Any, writing: Writing) -> Decimal | int:
        value = decimal_of(cell, writing)
        if lowest is not None and value < lowest:
            if lowest == 0:
                raise wrong("negative", _("This must not be negative."))
            raise wrong("too_small", _("At least %(limit)s."), limit=lowest)
        if highest is not None and value > highest:
            raise wrong("too_large", _("At most %(limit)s."), limit=highest)
        if whole:
            if value != value.to_integral_value():
                raise wrong("invalid_number", _("“%(value)s” is not a whole number."), value=short(cell))
            return int(value)
        return value

    return parse


def amount(cell: Any, writing: Writing) -> Decimal:
    """An amount of money, zero or more."""
    value = decimal_of(cell, writing)
    if value < 0:
        raise wrong("negative", _("The amount must not be negative."))
    if value > AMOUNT_LIMIT:
        raise wrong("too_large", _("This amount is too large."))
    if value != value.quantize(Decimal("0.0001")):
        raise wrong("too_precise", _("At most four decimals."))
    return value


def decimal_of(cell: Any, writing: Writing) -> Decimal:
    """A number written with the file's decimal sign; groups of three may be set apart."""
    if isinstance(cell, bool):
        raise wrong("invalid_number", _("“%(value)s” is not a number."), value=cell)
    if isinstance(cell, (int, float)):
        return Decimal(str(cell))
    group = "." if writing.decimal == "," else ","
    written = str(cell).strip(SIGNS).replace("\u2212", "-")
    pattern = (
        rf"[-+]?\s*(\d+|\d{{1,3}}([\s\u00a0\u202f'’{re.escape(group)}]\d{{3}})+)({re.escape(writing.decimal)}\d*)?"
    )
    if not re.fullmatch(pattern, written, re.ASCII) or len(written) > 40:
        raise wrong("invalid_number", _("“%(value)s” is not a number."), value=short(cell))
    digits = re.sub(r"[^\d.+-]", "", written.replace(group, "").replace(writing.decimal, "."))
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise wrong("invalid_number", _("“%(value)s” is not a number."), value=short(cell)) from None


def day(cell: Any, writing: Writing) -> datetime.date:
    """A day in the file's order, or ISO; a time after it is left out."""
    written = re.split(r"[T ]", str(cell).strip(), maxsplit=1)[0]
    parts = re.split(r"[-/.]", written)
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise wrong("invalid_date", _("“%(value)s” is not a date."), value=short(cell))
    order = "YMD" if len(parts[0]) == 4 else writing.date_format
    values = dict(zip(order, parts, strict=True))
    if len(values["Y"]) != 4:
        raise wrong("invalid_date", _("“%(value)s”: write the year with four digits."), value=short(cell))
    try:
        found = datetime.date(int(values["Y"]), int(values["M"]), int(values["D"]))
    except ValueError:
        raise wrong(
            "invalid_date", _("“%(value)s” is not a date, read as %(order)s."), value=short(cell), order=ORDERS[order]()
        ) from None
    for check in DAY_BOUNDS:
        try:
            check(found)
        except ValidationError as error:
            raise wrong("out_of_range", str(error.messages[0])) from None
    return found


def moment(cell: Any, writing: Writing) -> datetime.datetime:
    """A day and time, aware; a day alone is its noon where the vendor works."""
    written = str(cell).strip()
    try:
        found = datetime.datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or len(written) <= len("2026-01-01"):
        return datetime.datetime.combine(day(cell, writing), datetime.time(12), business_zone())
    day(found.date().isoformat(), writing)  # within reason
    return found if found.tzinfo else found.replace(tzinfo=business_zone())


ORDERS = {
    "DMY": lambda: _("day, month, year"),
    "MDY": lambda: _("month, day, year"),
    "YMD": lambda: _("year, month, day"),
}


@cache
def country_codes() -> dict[str, str]:
    """Names of countries in every language of the product, and their codes, to the code."""
    codes = {}
    for code, name in list(countries):
        codes[code.casefold()] = codes[str(name).casefold()] = code
    for language in ("en", "fr"):
        codes.update(
            {name.casefold(): code for code, name in Locale(language).territories.items() if code in countries}
        )
    return codes


def country(cell: Any, writing: Writing) -> str:
    """A country by its code of two letters or its name."""
    code = country_codes().get(str(cell).strip().casefold())
    if code is None:
        raise wrong(
            "unknown_country",
            _("“%(value)s” is not a country. Use its code of two letters, such as FR."),
            value=short(cell),
        )
    return code


def currency(cell: Any, writing: Writing) -> str:
    code = str(cell).strip().upper()
    if code not in CURRENCIES:
        raise wrong(
            "unknown_currency", _("“%(code)s” is not an ISO currency. Use a code such as EUR or USD."), code=short(cell)
        )
    return code


def choice(choices: Any) -> Parser:
    """One of a model's choices, by value or by its word in any language of the product."""

    @cache
    def known() -> dict[str, str]:
        found = {}
        for language in ("en", "fr"):
            with translation.override(language):
                found.update({str(label).casefold(): value for value, label in choices.choices})
        return {**found, **{value.casefold(): value for value in choices.values}}

    def parse(cell: Any, writing: Writing) -> str:
        value = known().get(str(cell).strip().casefold())
        if value is None:
            raise wrong(
                "invalid_choice",
                _("“%(value)s” is not one of: %(choices)s."),
                value=short(cell),
                choices=", ".join(choices.values),
            )
        return value

    return parse


def flag(cell: Any, writing: Writing) -> bool:
    word = str(cell).strip().casefold()
    if word not in YES | NO:
        raise wrong("invalid_boolean", _("Give yes or no."))
    return word in YES


def several(one: Parser, most: int = 50) -> Parser:
    """A list in one cell, separated by semicolons, commas or line ends."""

    def parse(cell: Any, writing: Writing) -> list:
        parts = [part for part in re.split(r"[;,\n]", str(cell)) if part.strip()]
        if len(parts) > most:
            raise wrong("too_many", _("At most %(limit)s values."), limit=most)
        return list(dict.fromkeys(one(part, writing) for part in parts))

    return parse


def url(cell: Any, writing: Writing) -> str:
    value = text(200)(cell, writing)
    value = value if "://" in value else f"https://{value}"
    try:
        URLValidator(["http", "https"])(value)
    except ValidationError:
        raise wrong("invalid_url", _("“%(value)s” is not an internet address."), value=short(cell)) from None
    return value


def domain(cell: Any, writing: Writing) -> str:
    """An internet domain; an address or e-mail is cut down to it."""
    value = str(cell).strip().lower().split("://")[-1].split("/")[0].split("@")[-1].removeprefix("www.")
    if not re.fullmatch(
        r"(?=.{4,253}\Z)([a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?\.)+[a-z\u00a1-\uffff][a-z0-9\u00a1-\uffff-]{1,62}",
        plain(value),
    ):
        raise wrong("invalid_domain", _("“%(value)s” is not an internet domain."), value=short(cell))
    return value


def email(cell: Any, writing: Writing) -> str:
    value = str(cell).strip().lower()
    try:
        validate_email(value)
    except ValidationError:
        raise wrong("invalid_email", _("“%(value)s” is not an e-mail address."), value=short(cell)) from None
    return value
