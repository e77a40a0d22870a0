from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy

from attribution.querysets import CampaignQuerySet
from prm import events
from prm.money import Money
from prm.money.fields import amount_field, currency_field
from prm.records import Record


class CampaignKind(models.TextChoices):
    EMAIL = "email", pgettext_lazy("campaign", "E-mail")
    EVENT = "event", pgettext_lazy("campaign", "Event")
    WEBINAR = "webinar", pgettext_lazy("campaign", "Webinar")
    CONTENT = "content", pgettext_lazy("campaign", "Content")
    ADVERTISING = "advertising", pgettext_lazy("campaign", "Advertising")
    TELEPHONE = "telephone", pgettext_lazy("campaign", "Telephone")
    JOINT = "joint", pgettext_lazy("campaign", "Joint campaign with partners")
    OTHER = "other", pgettext_lazy("campaign", "Other")


@pghistory.track()
class Campaign(Record):
    """Something the vendor does to win leads, over a period and at a cost."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    code = models.CharField(
        gettext_lazy("code"), max_length=60, help_text=gettext_lazy("Short and unique; other systems name it by this.")
    )
    kind = models.CharField(
        gettext_lazy("kind"), max_length=12, choices=CampaignKind.choices, default=CampaignKind.OTHER
    )
    period = DateRangeField(gettext_lazy("period"), null=True, blank=True)
    cost_amount = amount_field(gettext_lazy("cost"), null=True, blank=True, validators=[MinValueValidator(0)])
    cost_currency = currency_field(blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="campaign_recent")]
        constraints = [
            models.UniqueConstraint(
                Lower("code"),
                name="campaign_code",
                violation_error_message=gettext_lazy("Another campaign has this code."),
            ),
            models.CheckConstraint(
                condition=models.Q(cost_amount__isnull=True)
                | (models.Q(cost_amount__gte=0) & ~models.Q(cost_currency="")),
                name="campaign_cost",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attribution:campaign", args=[self.pk])

    @property
    def cost(self) -> Money | None:
        return Money(self.cost_amount, self.cost_currency) if self.cost_amount is not None else None

    @classmethod
    @transaction.atomic
    def start(cls, *, by, **values) -> Campaign:
        """Write down a campaign."""
        campaign = cls(**values)
        campaign.full_clean()
        campaign.save(force_insert=True)
        events.record(campaign, "created", by=by, name=campaign.name)
        return campaign

    @transaction.atomic
    def edit(self, *, by, version=None, **values) -> None:
        """Change what is known of it."""
        self.lock(version)
        changed = sorted(name for name, value in values.items() if getattr(self, name) != value)
        if changed:
            for name, value in values.items():
                setattr(self, name, value)
            self.full_clean()
            self.put(**values)
            events.record(self, "changed", by=by, fields=changed)
