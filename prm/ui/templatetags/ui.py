"""Money, numbers, dates, statuses and files in templates. A template builtin: no ``{% load %}`` is needed."""

import datetime
import zlib
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_currency_symbol,
)
from django import forms, template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

from prm.ui import status as statuses
from prm.ui import toasts

register = template.Library()

HUES = 6
WITH_STYLES = {"select.js"}


def reader_locale() -> Locale:
    """The locale numbers and dates are written in: English dates are day first, as everywhere outside the US."""
    language = get_language() or "en"
    return Locale.parse("en_GB" if language.startswith("en") else language.replace("-", "_"), sep="_")


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None or value == "" else Decimal(str(value))
    except InvalidOperation:
        return None


# Numbers and money ------------------------------------------------------------------------------------------------------
@register.filter
def num(value: Any) -> str:
    """A number with its separators."""
    number = _decimal(value)
    return "" if number is None else format_decimal(number, locale=reader_locale())


@register.filter
def percent(value: Any) -> str:
    """A ratio as a percentage: 0.874 is 87 %."""
    number = _decimal(value)
    return "" if number is None else format_percent(number, locale=reader_locale())


@register.filter
def money(amount: Any, currency: Any = "EUR") -> str:
    """A full amount (or a ``Money``). The minor unit is written as the currency has it, and left out when it is zero."""
    amount, currency = getattr(amount, "amount", amount), getattr(amount, "currency", currency)
    number = _decimal(amount)
    if number is None:
        return ""
    currency = str(currency or "EUR")
    locale = reader_locale()
    digits = 0 if number == number.to_integral_value() else get_currency_precision(currency)
    pattern = locale.currency_formats["standard"].pattern.split(";")[0]
    pattern = pattern.replace("0.00", "0" + ("." + "0" * digits if digits else ""))
    if pattern.startswith("¤") and get_currency_symbol(currency, locale=locale)[-1:].isalpha():
        pattern = pattern.replace("¤", "¤\u00a0")  # a code is set apart from its number: TND 12.345
    return format_currency(number, currency, format=pattern, locale=locale, currency_digits=False)


@register.filter
def money_short(amount: Any, currency: Any = "EUR") -> str:
    """An amount for tiles and column totals: three significant digits."""
    amount, currency = getattr(amount, "amount", amount), getattr(amount, "currency", currency)
    number = _decimal(amount)
    if number is None:
        return ""
    size = abs(number)
    unit = next((unit for unit in (10**12, 10**9, 10**6, 10**3) if size >= unit), 1)
    digits = 0 if unit == 1 or size / unit >= 100 else 1 if size / unit >= 10 else 2
    return format_compact_currency(number, str(currency or "EUR"), locale=reader_locale(), fraction_digits=digits)


# Dates ------------------------------------------------------------------------------------------------------------------
def _date(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value if isinstance(value, datetime.date) else None


@register.filter
def day(value: Any) -> str:
    """A date: 14 Feb 2027."""
    date = _date(value)
    return format_date(date, "d MMM y", locale=reader_locale()) if date else ""


@register.filter
def weekday(value: Any) -> str:
    """A date in full: Sunday 14 February 2027."""
    date = _date(value)
    return format_date(date, "EEEE d MMMM y", locale=reader_locale()) if date else ""


@register.filter
def clock(value: Any) -> str:
    """A time of day in the reader's time zone: 15:05, 15 h 05."""
    if not isinstance(value, datetime.datetime):
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    if (get_language() or "").startswith("fr"):
        return local.strftime("%-H\u00a0h") if local.minute == 0 else local.strftime("%-H\u00a0h\u00a0%M")
    return format_time(local.time(), "HH:mm", locale=reader_locale())


@register.filter
def moment(value: Any) -> str:
    """A date and time: 14 Feb 2027, 15:05."""
    return f"{day(value)}, {clock(value)}" if isinstance(value, datetime.datetime) else day(value)


def _bounds(value: Any) -> tuple[datetime.date | None, datetime.date | None]:
    """First and last day of a half-open range (a range object or a pair)."""
    lower, upper = (value.lower, value.upper) if hasattr(value, "lower") and hasattr(value, "upper") else tuple(value)
    lower, upper = _date(lower), _date(upper)
    return lower, upper - datetime.timedelta(days=1) if upper else None


@register.filter
def last_day(value: Any) -> str:
    """The last day of a half-open range, or the day before an exclusive end."""
    if not value:
        return ""
    if isinstance(value, datetime.date):
        end = _date(value)
        return day(end - datetime.timedelta(days=1)) if end else ""
    return day(_bounds(value)[1])


@register.filter
def period(value: Any) -> str:
    """A half-open date range by its first and last day."""
    if not value:
        return ""
    first, last = _bounds(value)
    if first and last:
        if first == last:
            return day(first)
        if first.year == last.year:
            return f"{format_date(first, 'd MMM', locale=reader_locale())} – {day(last)}"
        return f"{day(first)} – {day(last)}"
    if first:
        return gettext("since %(day)s") % {"day": day(first)}
    return gettext("until %(day)s") % {"day": day(last)} if last else gettext("always")


def time_left(moment_due: datetime.datetime, now: datetime.datetime) -> tuple[str, str]:
    """How long is left in words, and how pressing that is (tone)."""
    seconds = (moment_due - now).total_seconds()
    if seconds < 0:
        late = int(-seconds)
        if late < 3600:
            return gettext("just late"), "bad"
        if late < 86400:
            return ngettext("%(n)s h late", "%(n)s h late", late // 3600) % {"n": late // 3600}, "bad"
        return ngettext("%(n)s day late", "%(n)s days late", late // 86400) % {"n": late // 86400}, "bad"
    if seconds < 3600:
        return gettext("under 1 h left"), "warn"
    due_day, today = timezone.localtime(moment_due).date(), timezone.localtime(now).date()
    if seconds < 8 * 3600:
        hours = int(seconds // 3600)
        return ngettext("%(n)s h left", "%(n)s h left", hours) % {"n": hours}, "warn"
    if due_day == today:
        return gettext("today, %(time)s") % {"time": clock(moment_due)}, "neutral"
    if due_day == today + datetime.timedelta(days=1):
        return pgettext("due date", "tomorrow"), "neutral"
    return format_date(due_day, "EEE d MMM", locale=reader_locale()), "neutral"


@register.simple_tag
def due(value: Any) -> str:
    """A deadline as time left, with the exact moment on hover and for machines."""
    if not value:
        return ""
    if not isinstance(value, datetime.datetime):
        return day(value)
    words, tone = time_left(value, timezone.now())
    weight = " fw-medium" if tone in ("bad", "warn") else ""
    return format_html(
        '<time class="nowrap tone-{}{}" datetime="{}" title="{}">{}</time>',
        tone,
        weight,
        value.isoformat(),
        moment(value),
        words,
    )


# Looks ------------------------------------------------------------------------------------------------------------------
@register.filter
def status_icon(value: Any) -> str:
    """The icon of a status value."""
    return statuses.look(value).icon


@register.filter
def status_tone(value: Any) -> str:
    """The tone of a status value."""
    return statuses.look(value).tone


@register.filter
def message_tone(message: Any) -> str:
    """The tone of a Django message."""
    return toasts.tone_of(message.level)


@register.filter
def message_undo(message: Any) -> str:
    """The address that takes the message's act back, if it has one."""
    tags = message.extra_tags or ""
    return tags if tags.startswith("/") else ""


@register.filter
def initials(name: Any) -> str:
    """Up to two letters for an avatar."""
    parts = [part for part in str(name or "").replace("-", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts[:1])).upper()


@register.filter
def hue(name: Any) -> int:
    """A stable number for an avatar's colour."""
    return zlib.crc32(str(name or "").encode()) % HUES


@register.filter
def sparkline(values: Any) -> str:
    """The points of a polyline in a box of 80 by 32 units."""
    numbers = [float(value) for value in values or []]
    if len(numbers) < 2:
        return ""
    low, high = min(numbers), max(numbers)
    spread = (high - low) or 1
    step = 76 / (len(numbers) - 1)
    return " ".join(
        f"{2 + index * step:.1f},{29 - (number - low) / spread * 26:.1f}" for index, number in enumerate(numbers)
    )


@register.filter
def pairs(left: Any, right: Any) -> list[tuple[Any, Any]]:
    """Two lists side by side."""
    return list(zip(left or [], right or [], strict=False))


@register.filter
def at(values: Any, index: int) -> Any:
    """The item of a list at a place."""
    try:
        return values[int(index)]
    except (IndexError, TypeError, ValueError):
        return ""


@register.filter
def times(count: Any) -> range:
    """A range to loop over."""
    return range(int(count))


@register.filter
def unlocalized(value: Any) -> str:
    """A number as machines read it, for attributes."""
    return "" if value is None else str(value)


# Form fields ------------------------------------------------------------------------------------------------------------
@register.filter
def is_checkbox(field: Any) -> bool:
    """A single box to tick, whose label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def control(field: Any) -> str:
    """The control of a bound field with the classes of the design, tied to its error."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        css = ""  # the class would also land on the group
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    attrs = {"class": f"{widget.attrs.get('class', '')} {css}".strip()}
    if field.errors:
        attrs["class"] += " is-invalid"
        attrs["aria-describedby"] = f"{field.id_for_label}_error"
        if field.help_text:
            attrs["aria-describedby"] += f" {field.id_for_label}_helptext"
    return field.as_widget(attrs=attrs)


# Files ------------------------------------------------------------------------------------------------------------------
@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file."""
    return static(f"dist/{name}")


@register.simple_tag
def asset_script(name: str) -> str:
    """The script tag of a built file, with its stylesheet if it has one."""
    script = format_html('<script src="{}" defer></script>', static(f"dist/{name}"))
    if name in WITH_STYLES:
        return format_html(
            '<link rel="stylesheet" href="{}">{}', static(f"dist/{name.removesuffix('.js')}.css"), script
        )
    return script


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> str:
    """An icon of the sprite; without a label it is decoration."""
    kind = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    css = {"sm": "icon icon-sm", "lg": "icon icon-lg"}.get(size, "icon")
    return format_html(
        '<svg class="{}" {} focusable="false"><use href="{}#{}"></use></svg>', css, kind, static("dist/icons.svg"), name
    )
