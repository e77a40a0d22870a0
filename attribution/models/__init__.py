from attribution.models.campaign import Campaign, CampaignKind
from attribution.models.lead import DisqualifyReason, Lead, LeadStatus, LegalBasis
from attribution.models.offer import DeclineReason, FollowUp, LeadOffer, OfferGrounds, OfferStatus
from attribution.models.touchpoint import Touchpoint, TouchpointKind, TouchpointOrigin

__all__ = [
    "Campaign",
    "CampaignKind",
    "DeclineReason",
    "DisqualifyReason",
    "FollowUp",
    "Lead",
    "LeadOffer",
    "LeadStatus",
    "LegalBasis",
    "OfferGrounds",
    "OfferStatus",
    "Touchpoint",
    "TouchpointKind",
    "TouchpointOrigin",
]
