from deals.axes import (
    ProtectionStatus,
    PublicReason,
    RegistrationScope,
    RegistrationType,
    RejectionReason,
    ReviewStatus,
    Route,
    Stage,
    SubmissionStatus,
)
from deals.models.approval import Approval
from deals.models.comment import Comment
from deals.models.opportunity import Opportunity, OpportunityLine, OpportunityParticipant, StageChange
from deals.models.protection import Protection
from deals.models.registration import DealRegistration
from deals.models.registration_line import RegistrationLine

__all__ = [
    "Approval",
    "Comment",
    "DealRegistration",
    "Opportunity",
    "OpportunityLine",
    "OpportunityParticipant",
    "Protection",
    "ProtectionStatus",
    "PublicReason",
    "RegistrationLine",
    "RegistrationScope",
    "RegistrationType",
    "RejectionReason",
    "ReviewStatus",
    "Route",
    "Stage",
    "StageChange",
    "SubmissionStatus",
]
