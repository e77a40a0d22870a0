"""Who may reach which leads, offers, campaigns and touchpoints; which of them wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from attribution.models import Campaign, Lead, LeadOffer, Touchpoint  # noqa: F401


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user):
        """Campaigns are the vendor's."""
        return self if not user.is_partner and user.may("see_leads") else self.none()

    def editable_by(self, user):
        return self if not user.is_partner and user.may("manage_leads") else self.none()


class LeadQuerySet(models.QuerySet["Lead"]):
    def visible_to(self, user):
        """The vendor's leads. A partner reaches a lead through its accepted offer alone (``LeadOfferQuerySet``).

        Who looks after some partners sees the leads these hold or were offered, and those nobody holds.
        """
        if user.is_partner or not user.may("see_leads"):
            return self.none()
        scope = user.partner_scope_ids()
        if scope is None:
            return self
        return self.filter(Q(partner__isnull=True) | Q(partner__in=scope))

    def editable_by(self, user):
        return self.visible_to(user) if user.may("manage_leads") else self.none()

    def open(self):
        return self.exclude(status__in=("converted", "disqualified"))

    def unassigned(self):
        return self.filter(status="new")

    def of_partner(self, partner):
        """Those it holds, was ever offered or passed on; three ways, each by its own index."""
        held, referred = (
            self.model._base_manager.filter(**{name: partner}).order_by().values("pk")
            for name in ("partner", "referred_by")
        )
        offers = apps.get_model("attribution", "LeadOffer").objects.filter(partner=partner).order_by()
        return self.filter(pk__in=held.union(referred, offers.values("lead"), all=True))

    def with_names(self):
        """Fetch the names a page shows, in the same statement."""
        return self.select_related("campaign", "partner", "owner", "referred_by", "customer")


class LeadOfferQuerySet(models.QuerySet["LeadOffer"]):
    def visible_to(self, user):
        """A partner's own offers; to somebody limited to own rows the open ones and those they answered. The vendor's: by lead."""
        if not user.may("see_leads"):
            return self.none()
        if user.is_partner:
            own = self.filter(partner=user.acting_for_id)
            return own.filter(Q(status="offered") | Q(decided_by=user)) if user.membership.own_rows_only else own
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(partner__in=scope)

    def answerable_by(self, user):
        """The partner's own rows, for whoever works leads."""
        return self.visible_to(user) if user.is_partner and user.may("work_leads") else self.none()

    def withdrawable_by(self, user):
        return self.visible_to(user) if not user.is_partner and user.may("manage_leads") else self.none()

    def open(self):
        """Waiting for the partner's answer."""
        return self.filter(status="offered")

    def holding(self):
        """Offers that keep their lead: open or accepted."""
        return self.filter(status__in=("offered", "accepted"))

    def expire_due(self, now=None):
        return self.open().filter(respond_by__lte=now or timezone.now())

    def take_back(self) -> None:
        """End accepted offers whose lead the vendor takes up again; the caller holds the lead's lock."""
        for offer in self.select_for_update(of=("self",)):
            offer.put_withdrawn(by=None)


class TouchpointQuerySet(models.QuerySet["Touchpoint"]):
    def visible_to(self, user):
        """A partner's own touches; the vendor's view by partner scope."""
        if user.is_partner:
            return self.filter(partner=user.acting_for_id) if user.may("see_credit") else self.none()
        if not (user.may("see_leads") or user.may("see_credit")):
            return self.none()
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(Q(partner__isnull=True) | Q(partner__in=scope))

    def editable_by(self, user):
        """The vendor records, changes and takes back touches; a partner's acts are recorded for it."""
        return self.visible_to(user) if not user.is_partner and user.may("manage_leads") else self.none()

    def with_deal(self):
        """``deal``: the opportunity a touch leads to, by its own link or that of its lead or registration."""
        participants = apps.get_model("deals", "OpportunityParticipant").objects.filter(
            registrations=Coalesce(OuterRef("registration"), OuterRef("lead__converted_registration"))
        )
        return self.annotate(
            deal=Coalesce(
                "opportunity",
                "lead__converted_opportunity",
                models.Subquery(participants.values("opportunity")[:1]),
                output_field=models.UUIDField(),
            )
        )

    def towards(self, *opportunities):
        """The touches that lead to these opportunities: theirs, and those of the leads and registrations they came from."""
        return self.among(
            {"opportunity__in": opportunities},
            {"registration__participant__opportunity__in": opportunities},
            {"lead__converted_opportunity__in": opportunities},
            {"lead__converted_registration__participant__opportunity__in": opportunities},
        )

    def about_customer(self, customer):
        """The touches of a customer: its own, those of its deals and of its leads."""
        return self.among({"customer": customer}, {"opportunity__customer": customer}, {"lead__customer": customer})

    def among(self, *conditions: dict):
        """Rows that meet one of these; each is found by an index of its own, which one condition with OR would not use."""
        first, *others = (self.model._base_manager.filter(**one).order_by().values("pk") for one in conditions)
        return self.filter(pk__in=first.union(*others, all=True))

    def with_names(self):
        return self.select_related("partner", "team", "campaign", "lead", "opportunity", "customer", "registration")
