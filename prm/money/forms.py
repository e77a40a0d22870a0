from __future__ import annotations

from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.validators import MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm import events
from prm.calendar import business_today
from prm.money.models import ExchangeRate
from prm.ui.forms import Clean, CurrencyField, DayField


class RateForm(Clean, forms.ModelForm):
    """What one unit of a currency is worth in another, from a day on."""

    day = DayField(label=gettext_lazy("From"), initial=business_today)
    currency = CurrencyField()
    base = CurrencyField(label=gettext_lazy("Into"))
    rate = forms.DecimalField(
        label=gettext_lazy("Rate"),
        max_digits=20,
        decimal_places=10,
        validators=[MinValueValidator(Decimal("0.0000000001"))],
        help_text=gettext_lazy("What one unit of the first currency is worth in the second."),
    )

    class Meta:
        model = ExchangeRate
        fields = ["day", "currency", "base", "rate", "source"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("base", settings.REPORTING_CURRENCY)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("currency") and cleaned.get("currency") == cleaned.get("base"):
            self.add_error("base", _("Choose two different currencies."))
        return cleaned

    def save_by(self, user) -> ExchangeRate:
        is_new = self.instance._state.adding
        rate = self.save()
        events.record(rate, "created" if is_new else "changed", by=user, rate=str(rate))
        return rate
