"""The column that holds a record's custom values."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class CustomValues(models.Model):
    """A record a program owner may add fields to: values by field key, checked by ``CustomField`` declarations."""

    custom = models.JSONField(_("custom fields"), default=dict, blank=True)

    class Meta:
        abstract = True
