from __future__ import annotations

from typing import Any

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_countries.fields import CountryField

from attribution.models.lead import Lead, LeadStatus
from attribution.querysets import LeadOfferQuerySet
from deals.models import DealRegistration
from partners.models import Partner
from prm import events
from prm.errors import RuleViolation
from prm.events.record import enqueue
from prm.money import Money
from prm.money.fields import amount_field, currency_field
from prm.records import Part, Record
from prm.rowpolicy import RowPolicy

EXPIRE = "attribution.expire_offer"


class OfferStatus(models.TextChoices):
    OFFERED = "offered", pgettext_lazy("lead offer", "waiting for an answer")
    ACCEPTED = "accepted", pgettext_lazy("lead offer", "accepted")
    DECLINED = "declined", pgettext_lazy("lead offer", "declined")
    EXPIRED = "expired", pgettext_lazy("lead offer", "expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("lead offer", "withdrawn")


class FollowUp(models.TextChoices):
    """What the partner made of the lead it accepted."""

    NONE = "", pgettext_lazy("follow-up", "to contact")
    CONTACTED = "contacted", pgettext_lazy("follow-up", "contacted")
    CONVERTED = "converted", pgettext_lazy("follow-up", "converted")
    DISQUALIFIED = "disqualified", pgettext_lazy("follow-up", "disqualified")


class DeclineReason(models.TextChoices):
    NO_CAPACITY = "no_capacity", pgettext_lazy("decline", "No capacity now")
    TOO_FAR = "too_far", pgettext_lazy("decline", "Outside our area")
    NOT_OUR_TRADE = "not_our_trade", pgettext_lazy("decline", "Not what we sell")
    TOO_SMALL = "too_small", pgettext_lazy("decline", "Too small")
    OTHER = "other", pgettext_lazy("decline", "Other")


@pghistory.track()
class LeadOffer(Record):
    """A lead proposed to a partner: the partner's own row, with the summary it may know before it accepts.

    To the partner this row *is* the lead; its id, version and dates are what portal and API show. Verbs lock the
    offer before the lead.
    """

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="offers", verbose_name=gettext_lazy("lead"))
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="lead_offers", verbose_name=gettext_lazy("partner")
    )
    status = models.CharField(
        gettext_lazy("status"), max_length=9, choices=OfferStatus.choices, default=OfferStatus.OFFERED
    )
    respond_by = models.DateTimeField(gettext_lazy("answer by"))
    decided_at = models.DateTimeField(gettext_lazy("answered"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_constraint=False
    )
    decline_reason = models.CharField(gettext_lazy("reason"), max_length=14, choices=DeclineReason.choices, blank=True)
    decline_note = models.CharField(gettext_lazy("note"), max_length=500, blank=True)
    follow_up = models.CharField(
        gettext_lazy("follow-up"), max_length=12, choices=FollowUp.choices, default=FollowUp.NONE, blank=True
    )
    followed_up_at = models.DateTimeField(null=True, editable=False)

    country: Any = CountryField(gettext_lazy("country"), blank=True)
    region = models.CharField(gettext_lazy("region"), max_length=6, blank=True)
    industry = models.CharField(gettext_lazy("industry"), max_length=80, blank=True)
    need = models.TextField(gettext_lazy("need"), max_length=2000, blank=True)
    amount = amount_field(null=True, blank=True)
    currency = currency_field(blank=True)
    line_ids = ArrayField(models.UUIDField(), verbose_name=gettext_lazy("product lines"), default=list, blank=True)

    objects = LeadOfferQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner}",
        write="partner_id = {partner}",
        insert="",
        columns=(
            "status",
            "decided_at",
            "decided_by_id",
            "decline_reason",
            "decline_note",
            "follow_up",
            "followed_up_at",
            "version",
            "updated_at",
        ),
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="lead_offer_recent"),
            models.Index(fields=["partner", "-created_at", "-id"], name="lead_offer_own"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], name="one_holder_of_a_lead", condition=models.Q(status__in=("offered", "accepted"))
            )
        ]

    def __str__(self) -> str:
        """What may be said of it to the partner at any time."""
        return " · ".join(part for part in (self.country.name if self.country else "", self.industry) if part) or _(
            "Lead"
        )

    def get_absolute_url(self) -> str:
        return reverse("attribution:offer", args=[self.pk])

    # Questions ------------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.status == OfferStatus.OFFERED

    @property
    def is_accepted(self) -> bool:
        return self.status == OfferStatus.ACCEPTED

    @property
    def is_worked(self) -> bool:
        """Accepted, and nothing came of it yet."""
        return self.is_accepted and self.follow_up in (FollowUp.NONE, FollowUp.CONTACTED)

    @property
    def money(self) -> Money | None:
        return Money(self.amount, self.currency) if self.amount is not None else None

    # The partner's verbs ----------------------------------------------------------------------------------------------------

    @transaction.atomic
    def accept(self, *, by, version=None) -> LeadOffer:
        """Take the lead; from now on the partner reads who it is."""
        self.lock(version)
        self._refuse_answered()
        if self.respond_by <= timezone.now():
            raise RuleViolation("offer_expired", _("The time to answer is over."))
        now = timezone.now()
        self.put(status=OfferStatus.ACCEPTED, decided_at=now, decided_by=by)
        lead = self.locked_lead()
        lead.put(status=LeadStatus.ACCEPTED, partner_id=self.partner_id, accepted_at=now)
        events.record(self, "accepted", by=by, partner_id=self.partner_id)
        return self

    @transaction.atomic
    def decline(self, *, by, reason: str, note: str = "", version=None) -> LeadOffer:
        """Leave it to others, and why. The lead goes back in the background: it is out of the partner's reach."""
        self.lock(version)
        self._refuse_answered()
        if reason not in DeclineReason.values:
            raise RuleViolation("reason_missing", _("Choose a reason."), field="reason")
        self.put(
            status=OfferStatus.DECLINED,
            decided_at=timezone.now(),
            decided_by=by,
            decline_reason=reason,
            decline_note=note,
        )
        events.record(self, "declined", by=by, partner_id=self.partner_id, reason=reason)
        return self

    @transaction.atomic
    def contact(self, *, by, version=None) -> LeadOffer:
        """The partner spoke with them."""
        self.lock(version)
        self._refuse_unless_worked()
        lead = self.locked_lead()
        lead.put(status=LeadStatus.CONTACTED, contacted_at=lead.contacted_at or timezone.now())
        self.put_followed_up(FollowUp.CONTACTED, by=by)
        return self

    @transaction.atomic
    def disqualify(self, *, by, reason: str, note: str = "", version=None) -> LeadOffer:
        """The partner reports that nothing will come of it."""
        self.lock(version)
        self._refuse_unless_worked()
        self.locked_lead().put_disqualified(reason, note, by=by)
        self.put_followed_up(FollowUp.DISQUALIFIED, by=by)
        return self

    @transaction.atomic
    def register(self, *, by, version=None, lead_version=None, **values) -> DealRegistration:
        """Begin a deal registration with what the lead says; the partner completes and submits it."""
        self.lock(version)
        self._refuse_unless_worked()
        lead = self.locked_lead(lead_version)
        registration = DealRegistration.draft(partner=self.partner, by=by, **{**self.prefilled(lead), **values})
        lead.put_converted(by=by, registration=registration)
        self.put_followed_up(FollowUp.CONVERTED, by=by)
        return registration

    @staticmethod
    def prefilled(lead: Lead) -> dict[str, Any]:
        """What a registration takes from the lead."""
        return {
            "customer_name": lead.company_name,
            "customer_country": lead.country,
            "amount": lead.amount,
            "currency": lead.currency,
            "description": lead.need,
        }

    # The vendor's and time's ------------------------------------------------------------------------------------------------

    @transaction.atomic
    def withdraw(self, *, by, version=None) -> None:
        """Take the lead back from the partner; from now on it reads no more of it than the summary."""
        self.lock(version)
        if not (self.is_open or self.is_worked):
            raise RuleViolation("offer_answered", _("This offer can no longer be withdrawn. Reload the page."))
        lead = self.locked_lead()
        lead.put_free()
        self.put_withdrawn(by=by)

    @transaction.atomic
    def expire(self) -> bool:
        """End an offer nobody answered in time; safe to run again."""
        self.lock()
        if not self.is_open or self.respond_by > timezone.now():
            return False
        self.put(status=OfferStatus.EXPIRED, decided_at=timezone.now())
        self.locked_lead().put_free()
        events.record(self, "expired", partner_id=self.partner_id)
        return True

    def expire_in_time(self) -> None:
        enqueue(EXPIRE, due_at=self.respond_by, offer=str(self.pk))

    # The caller holds the lock ----------------------------------------------------------------------------------------------

    def put_withdrawn(self, *, by) -> None:
        self.put(status=OfferStatus.WITHDRAWN, decided_at=timezone.now())
        events.record(self, "withdrawn", by=by, partner_id=self.partner_id)

    def put_followed_up(self, what: str, *, by) -> None:
        self.put(follow_up=what, followed_up_at=timezone.now())
        events.record(self, str(what), by=by, partner_id=self.partner_id)

    def locked_lead(self, version=None) -> Lead:
        lead = Lead.objects.select_for_update(of=("self",)).get(pk=self.lead_id)
        lead.is_locked = True
        return lead.lock(version)

    def _refuse_answered(self) -> None:
        if not self.is_open:
            raise RuleViolation(
                "offer_answered",
                _("This offer is %(status)s; it can no longer be answered. Reload the page.")
                % {"status": self.get_status_display()},
            )

    def _refuse_unless_worked(self) -> None:
        if not self.is_worked:
            raise RuleViolation("lead_not_worked", _("This lead is no longer yours to work. Reload the page."))


class OfferGrounds(Part):
    """Why this partner was offered the lead, for the vendor alone: the sentence and what it rests on."""

    offer = models.OneToOneField(LeadOffer, models.CASCADE, related_name="grounds")
    explanation = models.TextField(gettext_lazy("explanation"), blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.explanation[:50]
