from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from attribution.models import Campaign, DeclineReason, DisqualifyReason, Lead, LeadOffer, Touchpoint
from deals.models import DealRegistration, OpportunityParticipant, Stage
from partners.catalogue.models import ProductLine
from partners.models import Partner
from prm.api.fields import Attached, LinkedIds, MoneyField, Reference
from prm.api.serializers import SHARED, InputSerializer, RecordSerializer
from prm.money import Money


class CampaignSerializer(RecordSerializer):
    cost = MoneyField(source="cost_amount", currency="cost_currency", required=False, allow_null=True)

    class Meta:
        model = Campaign
        fields = (*SHARED, "name", "code", "kind", "period", "cost")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        if "cost_amount" in values:
            cost: Money | None = values["cost_amount"]
            values |= {"cost_amount": cost and cost.amount, "cost_currency": cost.currency if cost else ""}
        return values


class LeadSerializer(RecordSerializer):
    amount = MoneyField(required=False, allow_null=True)
    lines = LinkedIds(ProductLine, Lead.lines.through, "lead", "productline", required=False)
    referred_by = Reference(
        model=Partner, required=False, allow_null=True, help_text=_("The partner that passed the contact on.")
    )

    class Meta:
        model = Lead
        fields = (
            *SHARED,
            "company_name",
            "contact_name",
            "email",
            "phone",
            "country",
            "region",
            "postcode",
            "city",
            "industry",
            "need",
            "amount",
            "lines",
            "source",
            "campaign",
            "referred_by",
            "received_at",
            "legal_basis",
            "notice_at",
            "customer",
            "owner",
            "status",
            "partner",
            "accepted_at",
            "contacted_at",
            "converted_at",
            "converted_registration",
            "converted_opportunity",
            "disqualified_reason",
            "disqualified_note",
        )
        read_only_fields = (
            "status",
            "partner",
            "accepted_at",
            "contacted_at",
            "converted_at",
            "converted_registration",
            "converted_opportunity",
            "disqualified_reason",
            "disqualified_note",
        )


class NewLeadSerializer(LeadSerializer):
    """What a new lead must say: why its data may be kept."""

    class Meta(LeadSerializer.Meta):
        extra_kwargs = {"legal_basis": {"required": True}}


class DisqualificationSerializer(InputSerializer):
    reason = serializers.ChoiceField(choices=DisqualifyReason.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class OpportunityOfLeadSerializer(InputSerializer):
    stage = serializers.ChoiceField(
        choices=[choice for choice in Stage.choices if choice[0] not in ("won", "lost")], required=False
    )
    name = serializers.CharField(required=False, max_length=200)


class LeadOfferSerializer(RecordSerializer):
    """An offer as the vendor reads and makes it."""

    partner = Reference(model=Partner, rows=lambda user: Partner.objects.visible_to(user).that_can_sell())
    lead = Reference(model=Lead, rows=lambda user: Lead.objects.editable_by(user))
    amount = MoneyField(read_only=True, allow_null=True)
    product_lines = serializers.ListField(source="line_ids", child=serializers.UUIDField(), read_only=True)
    explanation = serializers.CharField(
        source="grounds.explanation", required=False, max_length=500, help_text=_("Why this partner; vendor only.")
    )

    class Meta:
        model = LeadOffer
        fields = (
            *SHARED,
            "lead",
            "partner",
            "status",
            "respond_by",
            "decided_at",
            "decline_reason",
            "decline_note",
            "follow_up",
            "followed_up_at",
            "country",
            "region",
            "industry",
            "need",
            "amount",
            "product_lines",
            "explanation",
        )
        read_only_fields = (
            "status",
            "decided_at",
            "decline_reason",
            "decline_note",
            "follow_up",
            "followed_up_at",
            "country",
            "region",
            "industry",
            "need",
        )


@extend_schema_field(
    {
        "type": ["object", "null"],
        "readOnly": True,
        "description": "Who it is: only once the offer is accepted.",
        "properties": {
            name: {"type": ["string", "null"]}
            for name in ("company_name", "contact_name", "email", "phone", "postcode", "city", "registration")
        },
    }
)
class AcceptedLead(Attached, serializers.Field):
    """The lead itself, for the partner that accepted it."""

    NAMES = ("company_name", "contact_name", "email", "phone", "postcode", "city")

    def __init__(self, **kwargs: Any):
        super().__init__(read_only=True, **kwargs)

    def attach(self, ids: list, user: Any) -> dict:
        accepted = LeadOffer.objects.filter(pk__in=ids, partner=user.acting_for_id, status="accepted")
        rows = accepted.values_list("pk", "lead__converted_registration_id", *(f"lead__{name}" for name in self.NAMES))
        return {
            pk: {**dict(zip(self.NAMES, values, strict=True)), "registration": registration and str(registration)}
            for pk, registration, *values in rows
        }

    @staticmethod
    def nothing() -> None:
        return None

    def to_representation(self, value: Any) -> Any:
        return value


class PartnerLeadOfferSerializer(RecordSerializer):
    """An offer as its partner reads it: the summary, and who it is once accepted."""

    amount = MoneyField(read_only=True, allow_null=True)
    product_lines = serializers.ListField(source="line_ids", child=serializers.UUIDField(), read_only=True)
    lead = AcceptedLead()

    class Meta:
        model = LeadOffer
        fields = (
            *tuple(name for name in LeadOfferSerializer.Meta.fields if name not in ("lead", "explanation")),
            "lead",
        )
        read_only_fields = fields


class DeclineSerializer(InputSerializer):
    reason = serializers.ChoiceField(choices=DeclineReason.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class TouchpointSerializer(RecordSerializer):
    registration = Reference(
        model=DealRegistration,
        rows=lambda user: DealRegistration.objects.visible_to(user).exclude(submission_status="draft"),
        required=False,
        allow_null=True,
    )

    class Meta:
        model = Touchpoint
        fields = (
            *SHARED,
            "kind",
            "at",
            "partner",
            "team",
            "campaign",
            "lead",
            "opportunity",
            "registration",
            "customer",
            "origin",
            "weight",
            "note",
        )
        read_only_fields = ("origin",)


@extend_schema_field({"type": ["string", "null"], "format": "uuid", "readOnly": True})
class OwnRow(Attached, serializers.Field):
    """The partner's own row that a touch is about: ``find(touches, partner_id)`` yields (touch, id)."""

    def __init__(self, find: Any, **kwargs: Any):
        self.find = find
        super().__init__(read_only=True, **kwargs)

    def attach(self, ids: list, user: Any) -> dict:
        return dict(self.find(Touchpoint.objects.filter(pk__in=ids), user.acting_for_id))

    @staticmethod
    def nothing() -> None:
        return None

    def to_representation(self, value: Any) -> Any:
        return value


def own_part(touches, partner_id):
    """Of an opportunity a partner knows its own part alone."""
    parts = OpportunityParticipant.objects.filter(partner=partner_id, opportunity__touchpoints__in=touches)
    return parts.order_by("-created_at").values_list("opportunity__touchpoints", "pk")


def own_registration(touches, partner_id):
    rows = touches.filter(registration__partner=partner_id)
    return rows.values_list("pk", "registration")


class PartnerTouchpointSerializer(RecordSerializer):
    """A touch of one's own: what and when, and the own rows it was about.

    Its version and last change are the vendor's: they would tell of notes and links the partner does not read.
    """

    opportunity = OwnRow(own_part, help_text=_("Your part in it."))
    registration = OwnRow(own_registration)

    class Meta:
        model = Touchpoint
        fields = ("id", "created_at", "external_ids", "kind", "at", "opportunity", "registration", "weight")
        read_only_fields = fields
