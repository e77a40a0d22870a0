from attribution.models.campaign import Campaign, CampaignKind
from attribution.models.credit import (
    ADDITIVE,
    AttributionRun,
    Credit,
    CreditDirty,
    CreditModel,
    CreditProblem,
    CreditRule,
)
from attribution.models.lead import DisqualifyReason, Lead, LeadStatus, LegalBasis
from attribution.models.offer import DeclineReason, FollowUp, LeadOffer, OfferGrounds, OfferStatus
from attribution.models.touchpoint import Touchpoint, TouchpointKind, TouchpointOrigin
from attribution.models.watched import (
    WatchedLead,
    WatchedOpportunity,
    WatchedParticipant,
    WatchedRate,
    WatchedRegistration,
    WatchedTouchpoint,
)

__all__ = [
    "ADDITIVE",
    "AttributionRun",
    "Campaign",
    "CampaignKind",
    "Credit",
    "CreditDirty",
    "CreditModel",
    "CreditProblem",
    "CreditRule",
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
    "WatchedLead",
    "WatchedOpportunity",
    "WatchedParticipant",
    "WatchedRate",
    "WatchedRegistration",
    "WatchedTouchpoint",
]
