"""Money: Decimal(19,4) with its ISO currency, refused beyond the currency's minor unit; exchange rates, never guessed."""

from prm.money.amount import CURRENCIES, MOST_MINOR, Money, minor_units, quantum, split

__all__ = ["CURRENCIES", "MOST_MINOR", "Money", "minor_units", "quantum", "split"]
