"""The two columns of an amount, declared once per model."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


def amount_field(verbose_name: Any = None, **kwargs: Any) -> models.DecimalField:
    return models.DecimalField(verbose_name or _("amount"), max_digits=19, decimal_places=4, **kwargs)


def currency_field(**kwargs: Any) -> models.CharField:
    return models.CharField(_("currency"), max_length=3, **kwargs)
