from __future__ import annotations

from typing import Any

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models, transaction
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_countries.fields import CountryField

from partners.querysets import PartnerGroupQuerySet, PartnerQuerySet, SupplyRelationQuerySet, TeamQuerySet
from prm import events
from prm.errors import RuleViolation
from prm.fields.columns import CustomValues
from prm.records import Record
from prm.rowpolicy import RowPolicy


class PartnerStatus(models.TextChoices):
    PROSPECT = "prospect", pgettext_lazy("partner status", "prospect")
    APPLICANT = "applicant", pgettext_lazy("partner status", "applicant")
    ONBOARDING = "onboarding", pgettext_lazy("partner status", "onboarding")
    ACTIVE = "active", pgettext_lazy("partner status", "active")
    SUSPENDED = "suspended", pgettext_lazy("partner status", "suspended")
    TERMINATED = "terminated", pgettext_lazy("partner status", "terminated")


class PartnerType(models.TextChoices):
    DISTRIBUTOR = "distributor", pgettext_lazy("partner type", "distributor")
    RESELLER = "reseller", pgettext_lazy("partner type", "reseller")
    VAR = "var", pgettext_lazy("partner type", "value-added reseller")
    MSP = "msp", pgettext_lazy("partner type", "managed service provider")
    INTEGRATOR = "integrator", pgettext_lazy("partner type", "system integrator")
    AGENT = "agent", pgettext_lazy("partner type", "agent")
    BROKER = "broker", pgettext_lazy("partner type", "broker")
    FRANCHISEE = "franchisee", pgettext_lazy("partner type", "franchisee")
    RETAILER = "retailer", pgettext_lazy("partner type", "retailer")
    MARKETPLACE = "marketplace", pgettext_lazy("partner type", "marketplace")
    REFERRAL = "referral", pgettext_lazy("partner type", "referral partner")


@pghistory.track()
class PartnerGroup(Record):
    """Companies under one owner. Its head may read their deals where ``head_reads_deals`` says so."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    head = models.ForeignKey(
        "partners.Partner",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="heads",
        verbose_name=gettext_lazy("head"),
    )
    head_reads_deals = models.BooleanField(gettext_lazy("the head reads the deals of its companies"), default=False)

    objects = PartnerGroupQuerySet.as_manager()
    row_policy = RowPolicy(read="head_id = {partner}")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="group_name", violation_error_message=gettext_lazy("This group exists.")
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Partner(CustomValues, Record):
    """A company through which the vendor sells. It may be of several types at once."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    legal_name = models.CharField(gettext_lazy("legal name"), max_length=200, blank=True)
    types = ArrayField(
        models.CharField(max_length=20, choices=PartnerType.choices),
        verbose_name=gettext_lazy("types"),
        default=list,
        blank=True,
    )
    status = models.CharField(
        gettext_lazy("status"), max_length=12, choices=PartnerStatus.choices, default=PartnerStatus.PROSPECT
    )
    country: Any = CountryField(gettext_lazy("country"), blank=True)
    countries = ArrayField(
        models.CharField(max_length=2), verbose_name=gettext_lazy("sells in"), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=5), verbose_name=gettext_lazy("languages"), default=list, blank=True
    )
    domains = ArrayField(
        models.CharField(max_length=253), verbose_name=gettext_lazy("domains"), default=list, blank=True
    )
    specialities = ArrayField(
        models.CharField(max_length=80), verbose_name=gettext_lazy("specialities"), default=list, blank=True
    )
    official_ids = models.JSONField(gettext_lazy("official ids"), default=dict, blank=True)
    address = models.CharField(gettext_lazy("address"), max_length=300, blank=True)
    city = models.CharField(gettext_lazy("city"), max_length=100, blank=True)
    phone = models.CharField(gettext_lazy("telephone"), max_length=40, blank=True)
    website = models.URLField(gettext_lazy("website"), blank=True)
    group = models.ForeignKey(
        PartnerGroup,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="companies",
        verbose_name=gettext_lazy("group"),
    )
    channel_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_partners",
        verbose_name=gettext_lazy("channel manager"),
    )

    objects = PartnerQuerySet.as_manager()
    # Its own row, those of companies it heads, and the other end of its supply relations: both know each other.
    row_policy = RowPolicy(
        read="id = {readable} OR id IN (SELECT distributor_id FROM partners_supplyrelation WHERE reseller_id = {partner}"
        " UNION ALL SELECT reseller_id FROM partners_supplyrelation WHERE distributor_id = {partner})"
    )
    TRANSITIONS = {
        PartnerStatus.PROSPECT: {
            PartnerStatus.APPLICANT,
            PartnerStatus.ONBOARDING,
            PartnerStatus.ACTIVE,
            PartnerStatus.TERMINATED,
        },
        PartnerStatus.APPLICANT: {PartnerStatus.ONBOARDING, PartnerStatus.ACTIVE, PartnerStatus.TERMINATED},
        PartnerStatus.ONBOARDING: {PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED, PartnerStatus.TERMINATED},
        PartnerStatus.ACTIVE: {PartnerStatus.SUSPENDED, PartnerStatus.TERMINATED},
        PartnerStatus.SUSPENDED: {PartnerStatus.ACTIVE, PartnerStatus.TERMINATED},
        PartnerStatus.TERMINATED: {PartnerStatus.ONBOARDING},
    }

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="partner_recent"),
            models.Index(fields=["name", "id"], name="partner_by_name"),
            GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="partner_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("partners:partner", args=[self.pk])

    @property
    def is_suspended(self) -> bool:
        return self.status == PartnerStatus.SUSPENDED

    @property
    def type_labels(self) -> list[str]:
        return [str(PartnerType(value).label) for value in self.types]

    @transaction.atomic
    def move_to(self, status: str, *, by, version=None) -> None:
        """Change the status; refuses a move the table does not allow."""
        self.lock(version)
        if status not in self.TRANSITIONS[PartnerStatus(self.status)]:
            raise RuleViolation(
                "status_not_allowed",
                _("A partner that is %(old)s cannot become %(new)s.")
                % {"old": self.get_status_display(), "new": PartnerStatus(status).label},
                field="status",
            )
        self.put(status=status)
        events.record(self, "status_changed", by=by, partner_id=self.pk, status=status)

    @transaction.atomic
    def assign_to(self, manager, *, by, version=None) -> None:
        """Give the partner another channel manager."""
        self.lock(version)
        self.put(channel_manager=manager)
        events.record(self, "assigned", by=by, partner_id=self.pk, manager=manager.name if manager else "")


@pghistory.track()
class Team(Record):
    """The vendor's own sellers: direct or overlay."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    is_overlay = models.BooleanField(gettext_lazy("overlay"), default=False)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="teams", blank=True, verbose_name=gettext_lazy("members")
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="team_name", violation_error_message=gettext_lazy("This team exists.")
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class SupplyRelation(Record):
    """Which distributor supplies which reseller, where and since when."""

    distributor = models.ForeignKey(
        Partner, models.PROTECT, related_name="supplies", verbose_name=gettext_lazy("distributor")
    )
    reseller = models.ForeignKey(
        Partner, models.PROTECT, related_name="supplied_by", verbose_name=gettext_lazy("reseller")
    )
    country: Any = CountryField(gettext_lazy("country"), blank=True)
    period = DateRangeField(gettext_lazy("period"))

    objects = SupplyRelationQuerySet.as_manager()
    row_policy = RowPolicy(read="distributor_id = {partner} OR reseller_id = {partner}")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(distributor=models.F("reseller")), name="supply_between_two"),
            ExclusionConstraint(
                name="supply_once",
                expressions=[
                    ("distributor", RangeOperators.EQUAL),
                    ("reseller", RangeOperators.EQUAL),
                    ("country", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=gettext_lazy("This distributor already supplies this reseller in that period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.distributor} → {self.reseller}"
