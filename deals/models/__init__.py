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
from deals.models.appeal import Appeal, AppealDecision
from deals.models.approval import Approval
from deals.models.comment import Comment
from deals.models.delegation import Delegation
from deals.models.escalation import Escalation
from deals.models.forecast import Forecast, ForecastChange
from deals.models.opportunity import Opportunity, OpportunityLine, StageChange
from deals.models.participant import OpportunityParticipant
from deals.models.private_note import PrivateNote
from deals.models.protection import Protection
from deals.models.registration import DealRegistration
from deals.models.registration_line import RegistrationLine
from deals.models.stage_rule import StageRule

__all__ = [
    "Appeal",
    "AppealDecision",
    "Approval",
    "Comment",
    "DealRegistration",
    "Delegation",
    "Escalation",
    "Forecast",
    "ForecastChange",
    "Opportunity",
    "OpportunityLine",
    "OpportunityParticipant",
    "PrivateNote",
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
    "StageRule",
    "SubmissionStatus",
]
