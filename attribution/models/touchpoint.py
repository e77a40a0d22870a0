from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from attribution.models.campaign import Campaign
from attribution.models.lead import Lead
from attribution.querysets import TouchpointQuerySet
from deals.models import DealRegistration, Opportunity
from partners.models import Partner, Team
from prm import events
from prm.errors import RuleViolation
from prm.externals.models import ExternalId
from prm.records import Record
from prm.rowpolicy import OWN_READ
from territories.models import Customer


class TouchpointKind(models.TextChoices):
    LEAD_SOURCE = "lead_source", pgettext_lazy("touchpoint", "Source of the lead")
    REFERRAL = "referral", pgettext_lazy("touchpoint", "Referral")
    REGISTRATION = "registration", pgettext_lazy("touchpoint", "Deal registration")
    INTRODUCTION = "introduction", pgettext_lazy("touchpoint", "Introduction")
    MEETING = "meeting", pgettext_lazy("touchpoint", "Meeting")
    DEMO = "demo", pgettext_lazy("touchpoint", "Demonstration")
    PROOF_OF_CONCEPT = "proof_of_concept", pgettext_lazy("touchpoint", "Proof of concept")
    TECHNICAL = "technical_validation", pgettext_lazy("touchpoint", "Technical validation")
    MDF_ACTIVITY = "mdf_activity", pgettext_lazy("touchpoint", "Funded marketing activity")
    CONTENT_SHARE = "content_share", pgettext_lazy("touchpoint", "Content shared")
    EVENT = "event", pgettext_lazy("touchpoint", "Event")
    MARKETPLACE = "marketplace", pgettext_lazy("touchpoint", "Marketplace")
    IMPLEMENTATION = "implementation", pgettext_lazy("touchpoint", "Implementation")
    RENEWAL_ASSIST = "renewal_assist", pgettext_lazy("touchpoint", "Help with a renewal")


class TouchpointOrigin(models.TextChoices):
    PRODUCT = "product", pgettext_lazy("touchpoint origin", "recorded by the system")
    PERSON = "person", pgettext_lazy("touchpoint origin", "recorded by a person")
    IMPORT = "import", pgettext_lazy("touchpoint origin", "imported")
    API = "api", pgettext_lazy("touchpoint origin", "through the API")


ABOUT = ("lead", "opportunity", "registration", "customer")
EDITABLE = ("kind", "at", "partner", "team", "campaign", *ABOUT, "weight", "note")


@pghistory.track()
class Touchpoint(Record):
    """A dated act of a channel towards a customer; credit is computed from these rows.

    It names who acted (a partner, a team, a campaign) and what it was about. A touch of a lead follows it to the
    opportunity by link (``objects.towards``), never by copy. ``event_id`` names the event from which the product recorded it, so that
    the same event told twice makes one touch.
    """

    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=TouchpointKind.choices)
    at = models.DateTimeField(gettext_lazy("when"))
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="touchpoints",
        verbose_name=gettext_lazy("partner"),
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="touchpoints", verbose_name=gettext_lazy("team")
    )
    campaign = models.ForeignKey(
        Campaign,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="touchpoints",
        verbose_name=gettext_lazy("campaign"),
    )
    lead = models.ForeignKey(
        Lead, models.CASCADE, null=True, blank=True, related_name="touchpoints", verbose_name=gettext_lazy("lead")
    )
    opportunity = models.ForeignKey(
        Opportunity,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="touchpoints",
        verbose_name=gettext_lazy("opportunity"),
    )
    registration = models.ForeignKey(
        DealRegistration,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="touchpoints",
        verbose_name=gettext_lazy("deal registration"),
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="touchpoints",
        verbose_name=gettext_lazy("customer"),
    )
    origin = models.CharField(
        gettext_lazy("origin"), max_length=7, choices=TouchpointOrigin.choices, default=TouchpointOrigin.PERSON
    )
    event_id = models.UUIDField(null=True, unique=True, editable=False)
    weight = models.DecimalField(
        gettext_lazy("weight"),
        max_digits=6,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1000))],
    )
    note = models.CharField(gettext_lazy("note"), max_length=500, blank=True)

    objects = TouchpointQuerySet.as_manager()
    row_policy = OWN_READ

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="touchpoint_recent"),
            models.Index(fields=["partner", "-at", "-id"], name="touchpoint_partner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(partner__isnull=True) | models.Q(team__isnull=True), name="touchpoint_one_side"
            ),
            models.CheckConstraint(condition=models.Q(weight__gte=0), name="touchpoint_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.partner or self.team or self.campaign or ''}"

    @property
    def actor(self) -> Any:
        """Who acted: partner, team or campaign."""
        return self.partner or self.team or self.campaign

    @property
    def subject(self) -> Any:
        """What it was about, the nearest to the sale first."""
        return self.opportunity or self.registration or self.lead or self.customer

    @classmethod
    @transaction.atomic
    def record(cls, *, kind: str, at, by=None, origin: str = TouchpointOrigin.PERSON, **values) -> Touchpoint:
        """Write down an act; who did it and what it was about."""
        touch = cls(kind=kind, at=at, origin=origin, **values)
        touch.refuse_nonsense()
        touch.save(force_insert=True)
        events.record(touch, "recorded", by=by, **touch.told())
        return touch

    @classmethod
    def note_once(cls, event_id: uuid.UUID, *, kind: str, at, **values) -> Touchpoint | None:
        """What the product notices by itself; the same event makes one touch however often it is told."""
        if cls.objects.filter(event_id=event_id).exists():
            return None
        return cls.record(kind=kind, at=at, origin=TouchpointOrigin.PRODUCT, event_id=event_id, **values)

    @transaction.atomic
    def edit(self, *, by, version=None, **values) -> None:
        """Correct what was written down."""
        self.lock(version)
        changed = sorted(name for name, value in values.items() if getattr(self, name) != value)
        if not changed:
            return
        before = self.told()
        for name, value in values.items():
            setattr(self, name, value)
        self.refuse_nonsense()
        self.put(**values)
        events.record(self, "changed", by=by, fields=changed, before=before, **self.told())

    @transaction.atomic
    def remove(self, *, by, version=None) -> None:
        """Take back what was written down; its history keeps it."""
        self.lock(version)
        events.record(self, "deleted", by=by, **self.told())
        ExternalId.objects.about(self, [self.pk]).delete()
        self.delete()

    def refuse_nonsense(self) -> None:
        if self.partner_id and self.team_id:
            raise RuleViolation("two_actors", _("Name a partner or a team, not both."), field="team")
        if not (self.partner_id or self.team_id or self.campaign_id):
            raise RuleViolation("actor_missing", _("Say who acted: a partner, a team or a campaign."), field="partner")
        if not any(getattr(self, f"{name}_id") for name in ABOUT):
            raise RuleViolation(
                "subject_missing",
                _("Say what it was about: a lead, an opportunity, a registration or a customer."),
                field="opportunity",
            )
        if self.at > timezone.now() + timedelta(minutes=5):
            raise RuleViolation("in_the_future", _("A touchpoint has happened; give a time that is past."), field="at")

    def told(self) -> dict[str, str]:
        """What its events carry; only the vendor reads them."""
        names = ("partner", "team", "campaign", *ABOUT)
        ids = {name: str(getattr(self, f"{name}_id")) for name in names if getattr(self, f"{name}_id")}
        return {"kind": str(self.kind), "on": self.at.isoformat(), **ids}
