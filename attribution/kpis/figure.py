"""One number of a metric, exact, with its words and the way to its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attribution.kpis import links
from attribution.kpis.metrics import Kind, Metric, Unit
from prm.money import quantum
from prm.periods import Period
from prm.ui.templatetags import ui


class UnknownQuestion(ValueError):
    """A metric, part or filter that does not exist."""


@dataclass(frozen=True)
class Figure:
    """One number of a metric, exact; ``key`` is what it is about: a month, the id of a part, or nothing."""

    metric: Metric
    period: Period
    key: Any = None
    label: str = ""
    top: int = 0
    bottom: int | None = None
    unconverted: int = 0
    filters: Mapping[str, str] | None = None

    @property
    def value(self) -> Decimal | None:
        """In units a person reads: money, ratio, number, days, hours. None where there is nothing to divide by."""
        if self.bottom == 0:
            return None
        number = Decimal(self.top) / Decimal(self.bottom or 1) / self.metric.scale
        if self.metric.unit == Unit.MONEY:
            unit = quantum(settings.REPORTING_CURRENCY)
            return (number * unit).quantize(unit)
        if self.metric.unit == Unit.COUNT:
            return number
        return number.quantize(Decimal("0.0001"))

    @property
    def currency(self) -> str:
        return settings.REPORTING_CURRENCY if self.metric.unit == Unit.MONEY else ""

    @property
    def text(self) -> str:
        return words(self.metric, self.value)

    @property
    def short(self) -> str:
        return words(self.metric, self.value, short=True)

    @property
    def url(self) -> str:
        """The list of exactly the rows behind it."""
        return links.rows_url(self.metric.key, self.period, self.filters)

    @property
    def problem(self) -> str:
        """What keeps the number from being whole: amounts without an exchange rate, or beyond all measure."""
        if not self.unconverted:
            return ""
        return ngettext(
            "%(n)s amount has no exchange rate into %(currency)s, or is too large, and is left out.",
            "%(n)s amounts have no exchange rate into %(currency)s, or are too large, and are left out.",
            self.unconverted,
        ) % {"n": ui.num(self.unconverted), "currency": settings.REPORTING_CURRENCY}


def words(metric: Metric, value: Decimal | None, *, short: bool = False) -> str:
    """A value as its reader reads it."""
    if value is None:
        return "–"
    if metric.unit == Unit.MONEY:
        return (ui.money_short if short else ui.money)(value, settings.REPORTING_CURRENCY)
    if metric.unit == Unit.RATIO:
        return ui.percent(value)
    if metric.unit == Unit.COUNT:
        return ui.num(value)
    number = ui.num(value.quantize(Decimal("0.1")))
    return (_("%(n)s days") if metric.unit == Unit.DAYS else _("%(n)s hours")) % {"n": number}


def change(now: Figure, before: Figure) -> tuple[str, str]:
    """Words for the change between two figures, and its tone: good, bad or none."""
    if now.value is None or before.value is None or now.metric.kind == Kind.NOW:
        return "", ""
    difference = now.value - before.value
    if now.metric.unit == Unit.RATIO:
        points = (difference * 100).quantize(Decimal(1))
        text = ngettext("%(n)s point", "%(n)s points", abs(int(points))) % {"n": signed(points)}
    elif now.metric.unit == Unit.COUNT:
        text = signed(difference)
    elif before.value == 0:
        return "", ""
    else:
        text = ("+" if difference > 0 else "") + ui.percent((difference / before.value).quantize(Decimal("0.01")))
    if difference == 0:
        return _("no change"), ""
    return text.replace("-", "−"), "good" if (difference > 0) == now.metric.up_is_good else "bad"


def signed(number: Decimal) -> str:
    return ("+" if number > 0 else "") + ui.num(number).replace("-", "−")
