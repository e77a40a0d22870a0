from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

LARGEST = Decimal("999999999999999.9999")
MOST_MINOR = (
    10**15
)  # of one amount that figures add up; beyond it, a slip of the keyboard would overflow the sums of all others
# Currencies in use today, as Babel's CLDR lists them; historic ones are left out by their territory data.
CURRENCIES = tuple(
    sorted(
        code
        for code in map(str, Locale("en").currencies)
        if len(code) == 3 and code.isascii() and code.isupper() and code not in {"XXX", "XTS"}
    )
)


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 EUR, 1 JPY, 0.001 TND."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount in the currency's smallest unit: what rollups add up."""
    return int((amount / quantum(currency)).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True)
class Money:
    """An amount and its ISO currency; refuses unknown currencies, fractions below the minor unit and sums across currencies."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise ValidationError(
                _("“%(code)s” is not an ISO currency. Use a code such as EUR or USD."), params={"code": self.currency}
            )
        if not self.amount.is_finite() or abs(self.amount) > LARGEST:
            raise ValidationError(_("This amount is too large."))
        if self.amount != self.amount.quantize(quantum(self.currency)):
            raise ValidationError(
                _("%(currency)s has %(digits)s decimals; give the amount with no more."),
                params={"currency": self.currency, "digits": get_currency_precision(self.currency)},
            )

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError("amounts in two currencies cannot be added; convert them first")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return format_currency(self.amount, self.currency, locale=get_language() or "en")


def split(amount: Decimal, currency: str, shares: Sequence[Fraction | Decimal | int]) -> list[Decimal]:
    """Split an amount by shares so that the parts sum to the whole (largest remainder; ties go to the earlier share)."""
    total = sum(Fraction(share) for share in shares)
    if not shares or total <= 0:
        raise ValueError("shares must be positive")
    unit = quantum(currency)
    whole = Fraction(amount) / Fraction(unit)
    exact = [whole * Fraction(share) / total for share in shares]
    parts = [value.numerator // value.denominator for value in exact]
    missing = round(whole) - sum(parts)
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[:missing]:
        parts[i] += 1
    return [part * unit for part in parts]
