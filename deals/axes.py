"""The words a deal is in: four axes of a registration, the stages of an opportunity, the reasons of a refusal."""

from django.db import models
from django.utils.translation import pgettext_lazy


class SubmissionStatus(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("submission", "draft")
    SUBMITTED = "submitted", pgettext_lazy("submission", "submitted")
    RECALLED = "recalled", pgettext_lazy("submission", "recalled")


class ReviewStatus(models.TextChoices):
    NONE = "none", pgettext_lazy("review", "not in review")
    PENDING = "pending", pgettext_lazy("review", "waiting for a decision")
    IN_REVIEW = "in_review", pgettext_lazy("review", "in review")
    ACTION_REQUIRED = "action_required", pgettext_lazy("review", "information needed")
    APPROVED = "approved", pgettext_lazy("review", "approved")
    REJECTED = "rejected", pgettext_lazy("review", "rejected")
    EXPIRED = "expired", pgettext_lazy("review", "expired")
    CANCELLED = "cancelled", pgettext_lazy("review", "withdrawn")


class ProtectionStatus(models.TextChoices):
    NONE = "none", pgettext_lazy("protection", "not protected")
    ACTIVE = "active", pgettext_lazy("protection", "protected")
    EXTENDED = "extended", pgettext_lazy("protection", "protected, extended")
    LAPSED = "lapsed", pgettext_lazy("protection", "lapsed")
    RELEASED = "released", pgettext_lazy("protection", "released")


RUNNING = (ProtectionStatus.ACTIVE, ProtectionStatus.EXTENDED)
OPEN_REVIEW = (ReviewStatus.PENDING, ReviewStatus.IN_REVIEW, ReviewStatus.ACTION_REQUIRED)
AWAITING_VENDOR = (ReviewStatus.PENDING, ReviewStatus.IN_REVIEW)


class Stage(models.TextChoices):
    PROSPECT = "prospect", pgettext_lazy("stage", "Prospect")
    QUALIFIED = "qualified", pgettext_lazy("stage", "Qualified")
    TECHNICAL = "technical_validation", pgettext_lazy("stage", "Technical validation")
    BUSINESS = "business_validation", pgettext_lazy("stage", "Business validation")
    COMMITTED = "committed", pgettext_lazy("stage", "Committed")
    WON = "won", pgettext_lazy("stage", "Won")
    LOST = "lost", pgettext_lazy("stage", "Lost")


CLOSED_STAGES = (Stage.WON, Stage.LOST)
OPEN_STAGES = tuple(stage for stage in Stage if stage not in CLOSED_STAGES)


class LostCause(models.TextChoices):
    """Why a deal was lost, in a word; the reason in words stands beside it."""

    PRICE = "price", pgettext_lazy("lost", "Price")
    COMPETITOR = "competitor", pgettext_lazy("lost", "A competitor's offer")
    PRODUCT = "product", pgettext_lazy("lost", "The product does not fit")
    BUDGET = "no_budget", pgettext_lazy("lost", "No budget")
    NO_DECISION = "no_decision", pgettext_lazy("lost", "No decision, or put off")
    OTHER = "other", pgettext_lazy("lost", "Other")


class Route(models.TextChoices):
    DIRECT = "direct", pgettext_lazy("route", "direct")
    PARTNER = "partner", pgettext_lazy("route", "partner")
    MARKETPLACE = "marketplace", pgettext_lazy("route", "marketplace")


class ParticipantRole(models.TextChoices):
    SOURCING = "sourcing", pgettext_lazy("participant", "sourcing")
    INFLUENCING = "influencing", pgettext_lazy("participant", "influencing")
    SELLING = "selling", pgettext_lazy("participant", "selling")
    FULFILLING = "fulfilling", pgettext_lazy("participant", "fulfilling")
    IMPLEMENTING = "implementing", pgettext_lazy("participant", "implementing")


class RegistrationType(models.TextChoices):
    NEW = "new", pgettext_lazy("registration type", "New business")
    EXPANSION = "expansion", pgettext_lazy("registration type", "Expansion")
    RENEWAL = "renewal", pgettext_lazy("registration type", "Renewal")
    REPLACEMENT = "replacement", pgettext_lazy("registration type", "Replacement")
    TENDER = "tender", pgettext_lazy("registration type", "Call for tenders")


class RegistrationScope(models.TextChoices):
    WHOLE = "whole", pgettext_lazy("registration scope", "Whole customer")
    SITE = "site", pgettext_lazy("registration scope", "One site")
    PROJECT = "project", pgettext_lazy("registration scope", "One project")


class Initiative(models.TextChoices):
    """Who began: limits of a territory bind the partner who goes looking, not the one who is asked."""

    ACTIVE = "active", pgettext_lazy("initiative", "We approached the customer")
    PASSIVE = "passive", pgettext_lazy("initiative", "The customer asked us of its own accord")


class RejectionReason(models.TextChoices):
    """What the vendor knows and keeps."""

    DUPLICATE = "duplicate", pgettext_lazy("rejection", "Registered by another partner")
    EXISTING_CUSTOMER = "existing_customer", pgettext_lazy("rejection", "Existing customer")
    DIRECT_ENGAGED = "direct_engaged", pgettext_lazy("rejection", "Direct sales is engaged")
    OUTSIDE_TERRITORY = "outside_territory", pgettext_lazy("rejection", "Outside the partner's territory")
    NOT_QUALIFIED = "not_qualified", pgettext_lazy("rejection", "Not a qualified project")
    INCOMPLETE = "incomplete", pgettext_lazy("rejection", "Incomplete")
    INELIGIBLE = "ineligible_partner", pgettext_lazy("rejection", "Partner not eligible")
    POLICY = "policy_excluded", pgettext_lazy("rejection", "Excluded by policy")
    OTHER = "other", pgettext_lazy("rejection", "Other")


class PublicReason(models.TextChoices):
    """What the partner reads; never who, never whether there is somebody."""

    NOT_AVAILABLE = "not_available", pgettext_lazy("public reason", "Not available for registration")
    INCOMPLETE = "incomplete", pgettext_lazy("public reason", "Incomplete")
    NOT_ELIGIBLE = "not_eligible", pgettext_lazy("public reason", "Not eligible")
    OUTSIDE_TERRITORY = "outside_territory", pgettext_lazy("public reason", "Outside your territory")
    OTHER = "other", pgettext_lazy("public reason", "Other")


# The reason a partner reads for each internal code: several causes share one text, so that none can be told apart.
PUBLIC_REASON = {
    RejectionReason.DUPLICATE: PublicReason.NOT_AVAILABLE,
    RejectionReason.EXISTING_CUSTOMER: PublicReason.NOT_AVAILABLE,
    RejectionReason.DIRECT_ENGAGED: PublicReason.NOT_AVAILABLE,
    RejectionReason.POLICY: PublicReason.NOT_AVAILABLE,
    RejectionReason.OUTSIDE_TERRITORY: PublicReason.OUTSIDE_TERRITORY,
    RejectionReason.NOT_QUALIFIED: PublicReason.NOT_ELIGIBLE,
    RejectionReason.INELIGIBLE: PublicReason.NOT_ELIGIBLE,
    RejectionReason.INCOMPLETE: PublicReason.INCOMPLETE,
    RejectionReason.OTHER: PublicReason.OTHER,
}
