from __future__ import annotations

from datetime import date

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import DateRangeField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import CLOSED_STAGES, ParticipantRole, Route, Stage
from deals.querysets import OpportunityQuerySet, ParticipantQuerySet
from partners.catalogue.models import Product, ProductLine
from partners.models import Partner, Team
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.fields.columns import CustomValues
from prm.money.fields import amount_field, currency_field
from prm.records import Part, Record
from prm.rowpolicy import OWN_READ, RowPolicy
from territories.models import Customer

REACHED = "id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})"


@pghistory.track()
class Opportunity(CustomValues, Record):
    """A sale in progress or closed. A partner reaches it only through its own OpportunityParticipant."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=gettext_lazy("customer"),
    )
    route = models.CharField(gettext_lazy("route"), max_length=11, choices=Route.choices, default=Route.PARTNER)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="opportunities", verbose_name=gettext_lazy("team")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=gettext_lazy("owner"),
    )
    stage = models.CharField(gettext_lazy("stage"), max_length=20, choices=Stage.choices, default=Stage.PROSPECT)
    amount = amount_field(null=True, blank=True)
    currency = currency_field(blank=True)
    recurring = models.BooleanField(gettext_lazy("recurring"), default=False)
    expected_close_date = models.DateField(gettext_lazy("expected close"), null=True, blank=True)
    opened_on = models.DateField(gettext_lazy("opened on"), null=True, blank=True)
    closed_on = models.DateField(gettext_lazy("closed on"), null=True, blank=True)
    lost_reason = models.CharField(gettext_lazy("reason lost"), max_length=200, blank=True)

    objects = OpportunityQuerySet.as_manager()
    row_policy = RowPolicy(read=REACHED)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "opportunities"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="opportunity_recent"),
            models.Index(fields=["stage", "closed_on"], name="opportunity_stage"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=CLOSED_STAGES, closed_on__isnull=False)
                | (~models.Q(stage__in=CLOSED_STAGES) & models.Q(closed_on__isnull=True)),
                name="closed_has_its_day",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | (models.Q(amount__gte=0) & ~models.Q(currency="")),
                name="opportunity_amount",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deals:opportunity", args=[self.pk])

    @property
    def is_closed(self) -> bool:
        return self.stage in CLOSED_STAGES

    @transaction.atomic
    def move_to(self, stage: str, *, by, version=None, on: date | None = None, reason: str = "") -> None:
        """Change the stage and write its history; closing sets the day (today on the vendor's calendar unless ``on`` says)."""
        self.lock(version)
        if stage not in Stage.values:
            raise RuleViolation("unknown_stage", _("This stage does not exist."), field="stage")
        if stage == self.stage:
            return
        if stage == Stage.LOST and not reason:
            raise RuleViolation("reason_missing", _("Say why the opportunity was lost."), field="reason")
        closed = (on or business_today()) if stage in CLOSED_STAGES else None
        StageChange.objects.create(opportunity=self, old=self.stage, new=stage, by=by if by else None)
        old = self.stage
        self.put(stage=stage, closed_on=closed, lost_reason=reason if stage == Stage.LOST else "")
        events.record(self, "stage_changed", by=by, old=old, new=stage)
        from deals.models.registration import DealRegistration

        DealRegistration.objects.filter(participant__opportunity=self).follow_stage(stage, by=by)


class OpportunityLine(Part):
    """The amount of an opportunity on one product line, and the product where it is known."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines")
    line = models.ForeignKey(ProductLine, models.PROTECT, related_name="+", verbose_name=gettext_lazy("product line"))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("product")
    )
    amount = amount_field(null=True, blank=True)

    row_policy = RowPolicy(
        read="opportunity_id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})"
    )

    def __str__(self) -> str:
        return f"{self.line} {self.amount}"


@pghistory.track()
class OpportunityParticipant(Record):
    """A partner's or team's part in an opportunity: its role, share and period. To a partner this row *is* the deal."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="participants")
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="participations",
        verbose_name=gettext_lazy("partner"),
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="participations", verbose_name=gettext_lazy("team")
    )
    role = models.CharField(
        gettext_lazy("role"), max_length=12, choices=ParticipantRole.choices, default=ParticipantRole.SELLING
    )
    share = models.DecimalField(
        gettext_lazy("share, %"),
        max_digits=7,
        decimal_places=4,
        default=100,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    customer_name = models.CharField(gettext_lazy("customer, as the partner writes it"), max_length=200, blank=True)
    period = DateRangeField(gettext_lazy("period"), null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()
    row_policy = OWN_READ

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(partner__isnull=False, team__isnull=True)
                | models.Q(partner__isnull=True, team__isnull=False),
                name="participant_one_side",
            ),
            models.UniqueConstraint(
                fields=["opportunity", "partner", "role"],
                name="participant_once",
                condition=models.Q(partner__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["partner", "-created_at", "-id"], name="participant_recent")]

    def __str__(self) -> str:
        return f"{self.partner or self.team} · {self.get_role_display()}"


class StageChange(Part):
    """One step of an opportunity's stage history."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="stage_changes")
    old = models.CharField(max_length=20, choices=Stage.choices, blank=True)
    new = models.CharField(max_length=20, choices=Stage.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    row_policy = RowPolicy(
        read="opportunity_id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})"
    )

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
