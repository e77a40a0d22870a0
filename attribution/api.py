from __future__ import annotations

from attribution.models import (
    Campaign,
    CampaignKind,
    Lead,
    LeadOffer,
    LeadStatus,
    LegalBasis,
    OfferStatus,
    Touchpoint,
    TouchpointKind,
    TouchpointOrigin,
)
from attribution.reports import api as credit  # noqa: F401  (its resources are the app's)
from attribution.serializers import (
    CampaignSerializer,
    DeclineSerializer,
    DisqualificationSerializer,
    LeadOfferSerializer,
    LeadSerializer,
    NewLeadSerializer,
    OpportunityOfLeadSerializer,
    PartnerLeadOfferSerializer,
    PartnerTouchpointSerializer,
    TouchpointSerializer,
)
from prm.api.filters import CHANGED, identity, instant, one_of, text
from prm.api.problems import Problem
from prm.api.router import resource
from prm.api.viewsets import Creates, Deletes, Edits, Reads, ScopedViewSet, Upserts, action


@resource("campaigns")
class CampaignViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Campaign
    serializer_class = CampaignSerializer
    vendor_only = True
    may_create = "manage_leads"
    filters = {**CHANGED, "kind": one_of("kind", CampaignKind), "code": text("code__iexact", 60)}
    search_fields = ("name", "code")

    def create_row(self, **data):
        return Campaign.start(by=self.request.user, **data)

    def edit_row(self, row, **data):
        row.edit(by=self.request.user, version=self.version, **data)


@resource("leads")
class LeadViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    """Leads are the vendor's; a partner works with `lead-offers`."""

    model = Lead
    serializer_class = LeadSerializer
    vendor_only = True
    may_create = "manage_leads"
    filters = {
        **CHANGED,
        "status": one_of("status", LeadStatus),
        "legal_basis": one_of("legal_basis", LegalBasis),
        "partner": identity("partner"),
        "referred_by": identity("referred_by"),
        "campaign": identity("campaign"),
        "customer": identity("customer"),
        "owner": identity("owner"),
        "country": text("country", 2),
        "source": text("source__iexact", 80),
        "received_after": instant("received_at__gte"),
        "received_before": instant("received_at__lt"),
    }
    search_fields = ("company_name", "contact_name", "email")
    ordering_fields = {**ScopedViewSet.ordering_fields, "received_at": "received_at"}

    def checked(self, serializer_class, data=None, *, instance=None):
        """A new lead says why its data may be kept; a change need not repeat it."""
        if serializer_class is LeadSerializer and instance is None:
            serializer_class = NewLeadSerializer
        return super().checked(serializer_class, data, instance=instance)

    def create_row(self, *, lines=(), **data):
        return Lead.create(by=self.request.user, lines=lines, **data)

    def edit_row(self, row, **data):
        row.edit(by=self.request.user, version=self.version, **data)

    @action("contact", rows="editable_by")
    def contact(self, row):
        """Somebody spoke with them."""
        row.contact(by=self.request.user, version=self.version)

    @action("disqualification", rows="editable_by", input=DisqualificationSerializer)
    def disqualification(self, row, **data):
        """Nothing will come of it; an open offer is withdrawn."""
        row.disqualify(by=self.request.user, version=self.version, **data)

    @action("reopening", rows="editable_by")
    def reopening(self, row):
        """It was disqualified too early."""
        row.reopen(by=self.request.user, version=self.version)

    @action("registration", rows="editable_by")
    def registration(self, row):
        """Make a draft registration of the partner that accepted it."""
        if not self.request.user.may("see_registrations"):
            raise Problem("not_allowed")
        row.register(by=self.request.user, version=self.version)

    @action("opportunity", rows="editable_by", input=OpportunityOfLeadSerializer)
    def opportunity(self, row, **data):
        """Make an opportunity; the partner that referred it or took it takes part."""
        if not self.request.user.may("manage_opportunities"):
            raise Problem("not_allowed")
        row.convert_to_opportunity(by=self.request.user, version=self.version, **data)


@resource("lead-offers")
class LeadOfferViewSet(Reads, Creates, ScopedViewSet):
    """For the vendor the offer and its lead; for a partner its own row, with who it is once accepted."""

    model = LeadOffer
    serializer_class, partner_serializer_class = LeadOfferSerializer, PartnerLeadOfferSerializer
    may_create = "manage_leads"
    vendor_filters = {
        **CHANGED,
        "status": one_of("status", OfferStatus),
        "partner": identity("partner"),
        "lead": identity("lead"),
        "respond_before": instant("respond_by__lt"),
    }
    partner_filters = {name: known for name, known in vendor_filters.items() if name not in ("partner", "lead")}
    filters = vendor_filters

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.user.is_partner:
            self.filters = self.partner_filters

    def serializer_for(self, user):
        return PartnerLeadOfferSerializer if user.is_partner else LeadOfferSerializer

    def create_row(self, *, lead, partner, respond_by, grounds=None):
        """Propose a lead to a partner."""
        explanation = (grounds or {}).get("explanation", "")
        return lead.offer_to(partner, by=self.request.user, respond_by=respond_by, explanation=explanation)

    @action("acceptance", rows="answerable_by")
    def acceptance(self, row):
        """Take the lead; the answer says who it is."""
        row.accept(by=self.request.user, version=self.version)

    @action("decline", rows="answerable_by", input=DeclineSerializer)
    def decline(self, row, **data):
        """Leave it to others."""
        row.decline(by=self.request.user, version=self.version, **data)

    @action("contact", rows="answerable_by")
    def contact(self, row):
        """Report that you are in touch with them."""
        row.contact(by=self.request.user, version=self.version)

    @action("registration", rows="answerable_by")
    def registration(self, row):
        """Make a draft registration, filled with what the lead says; `lead.registration` names it."""
        if not self.request.user.may("register_deals"):
            raise Problem("not_allowed")
        row.register(by=self.request.user, version=self.version)

    @action("disqualification", rows="answerable_by", input=DisqualificationSerializer)
    def disqualification(self, row, **data):
        """Report that nothing will come of it."""
        row.disqualify(by=self.request.user, version=self.version, **data)

    @action("withdrawal", rows="withdrawable_by")
    def withdrawal(self, row):
        """Take the lead back from the partner; the vendor does."""
        row.withdraw(by=self.request.user, version=self.version)


@resource("touchpoints")
class TouchpointViewSet(Reads, Creates, Edits, Deletes, Upserts, ScopedViewSet):
    """Dated acts of a channel; a partner reads its own."""

    model = Touchpoint
    serializer_class, partner_serializer_class = TouchpointSerializer, PartnerTouchpointSerializer
    may_create = "manage_leads"
    partner_filters = {
        "created_after": CHANGED["created_after"],
        "created_before": CHANGED["created_before"],
        "kind": one_of("kind", TouchpointKind),
        "after": instant("at__gte"),
        "before": instant("at__lt"),
    }
    vendor_filters = {
        **CHANGED,
        **partner_filters,
        "origin": one_of("origin", TouchpointOrigin),
        "partner": identity("partner"),
        "team": identity("team"),
        "campaign": identity("campaign"),
        "lead": identity("lead"),
        "opportunity": identity("opportunity"),
        "registration": identity("registration"),
        "customer": identity("customer"),
    }
    filters = vendor_filters
    ordering_fields = {**ScopedViewSet.ordering_fields, "at": "at"}

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.user.is_partner:
            self.filters = self.partner_filters
            self.ordering_fields = {"created_at": "created_at", "at": "at"}

    def serializer_for(self, user):
        return PartnerTouchpointSerializer if user.is_partner else TouchpointSerializer

    def create_row(self, **data):
        return Touchpoint.record(by=self.request.user, origin=TouchpointOrigin.API, **data)

    def edit_row(self, row, **data):
        row.edit(by=self.request.user, version=self.version, **data)

    def delete_row(self, row):
        row.remove(by=self.request.user, version=self.version)
