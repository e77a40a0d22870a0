from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.errors import RuleViolation
from prm.ids import uuid7
from prm.money.amount import quantum
from prm.rowpolicy import EVERYONE_READS


class RateQuerySet(models.QuerySet):
    def convert(self, amount: Decimal, currency: str, on: date, to: str = "") -> Decimal:
        """The amount in the reporting currency (or ``to``), at the latest rate on or before ``on``.

        Raises RuleViolation ``missing_rate`` when there is none: a missing rate is an error, never 1.
        """
        to = to or settings.REPORTING_CURRENCY
        if currency == to:
            return amount
        rate = (
            self.filter(currency=currency, base=to, day__lte=on).order_by("-day").values_list("rate", flat=True).first()
        )
        if rate is None:
            raise RuleViolation(
                "missing_rate",
                _(
                    "There is no exchange rate from %(currency)s to %(to)s on %(day)s. Add it under Settings, Exchange rates."
                )
                % {"currency": currency, "to": to, "day": on.isoformat()},
                field="currency",
            )
        return (amount * rate).quantize(quantum(to))


class ExchangeRate(models.Model):
    """On ``day``, 1 ``currency`` is worth ``rate`` ``base``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.DateField(gettext_lazy("day"))
    currency = models.CharField(gettext_lazy("currency"), max_length=3)
    base = models.CharField(gettext_lazy("into"), max_length=3)
    rate = models.DecimalField(gettext_lazy("rate"), max_digits=20, decimal_places=10)
    source = models.CharField(gettext_lazy("source"), max_length=60, blank=True)

    objects = RateQuerySet.as_manager()
    row_policy = EVERYONE_READS

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "base", "day"], name="one_rate_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}/{self.base} {self.rate}"
