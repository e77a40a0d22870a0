from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet, Sum, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deals.axes import LostCause, RejectionReason, Stage
from deals.forms.fields import WebsiteField
from deals.models import (
    DealRegistration,
    Forecast,
    Opportunity,
    OpportunityLine,
    OpportunityParticipant,
    RegistrationLine,
)
from deals.models.approval import LONGEST
from deals.models.registration import EDITABLE_FIELDS
from partners.catalogue.models import Product, ProductLine
from partners.models import Partner, SupplyRelation
from prm.api.fields import CustomField, Linked, LinkedIds, MoneyField, Reference
from prm.api.serializers import SHARED, InputSerializer, RecordSerializer
from prm.calendar import business_today
from prm.compiled import PLACE_IDS

FURTHEST = 10  # years ahead a close may be expected


def suppliers(user):
    """The distributors one may name: a partner its own, the vendor all in its scope."""
    if user.is_partner:
        supplied = SupplyRelation.objects.visible_to(user).in_force().filter(reseller=user.acting_for_id)
        return Partner.objects.filter(pk__in=supplied.values("distributor"))
    return Partner.objects.visible_to(user).filter(types__contains=["distributor"])


class RegistrationSerializer(RecordSerializer):
    partner = Reference(model=Partner, required=False, help_text=_("Yours; the vendor says for whom it registers."))
    distributor = Reference(model=Partner, rows=suppliers, required=False, allow_null=True)
    products = LinkedIds(Product, RegistrationLine, "registration", "product", required=False)
    amount = MoneyField(required=False, allow_null=True)
    customer = serializers.UUIDField(
        source="customer_id", read_only=True, allow_null=True, help_text=_("Which customer it is; vendor only.")
    )
    rejection_reason = serializers.CharField(
        read_only=True, allow_null=True, help_text=_("The internal reason; vendor only.")
    )
    sales_stage = serializers.CharField(read_only=True, help_text=_("Of the opportunity it led to; empty before."))
    public_reason = serializers.CharField(read_only=True, help_text=_("Why it was refused; empty otherwise."))
    custom = CustomField("registration")

    class Meta:
        model = DealRegistration
        fields = (
            *SHARED,
            "partner",
            "type",
            "scope",
            "place_name",
            "customer_name",
            "customer_domain",
            "customer_country",
            "customer_number",
            "customer",
            "products",
            "amount",
            "recurring",
            "expected_close_date",
            "distributor",
            "description",
            "initiative",
            "initiative_evidence",
            "custom",
            "submission_status",
            "review_status",
            "protection_status",
            "protected_until",
            "sales_stage",
            "submitted_at",
            "respond_by",
            "decide_by",
            "decided_at",
            "answer_by",
            "appeal_by",
            "returned_fields",
            "public_reason",
            "rejection_reason",
            "message",
        )
        read_only_fields = (
            "submission_status",
            "review_status",
            "protection_status",
            "protected_until",
            "submitted_at",
            "respond_by",
            "decide_by",
            "decided_at",
            "answer_by",
            "appeal_by",
            "returned_fields",
            "message",
        )
        vendor_fields = ("customer", "rejection_reason")

    def validate_customer_domain(self, text):
        """As on the form: an address becomes its domain."""
        try:
            return WebsiteField(required=False).clean(text)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, "invalid") from None

    def validate_expected_close_date(self, day):
        if day and not business_today().year - 1 <= day.year <= business_today().year + FURTHEST:
            raise serializers.ValidationError(
                _("Check the year: the close is expected within the next %(n)s years.") % {"n": FURTHEST}, "year"
            )
        return day


class DecisionSerializer(InputSerializer):
    message = serializers.CharField(required=False, allow_blank=True, max_length=4000, help_text=_("To the partner."))


class ApprovalSerializer(DecisionSerializer):
    days = serializers.IntegerField(
        required=False, min_value=1, max_value=730, help_text=_("Length of the protection.")
    )
    opportunity = Reference(
        model=Opportunity, rows=lambda user: Opportunity.objects.editable_by(user).open(), required=False
    )


class RejectionSerializer(DecisionSerializer):
    reason = serializers.ChoiceField(choices=RejectionReason.choices)


class ReturnSerializer(InputSerializer):
    fields_to_complete = serializers.ListField(
        child=serializers.ChoiceField(choices=[(name, name) for name in (*EDITABLE_FIELDS, "products")]), min_length=1
    )
    message = serializers.CharField(max_length=4000)


class WithdrawalSerializer(InputSerializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class ExtensionSerializer(InputSerializer):
    days = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=_("How much longer; a partner leaves it out, its program says."),
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=500, help_text=_("The vendor's own; it needs one.")
    )


class ReleaseSerializer(DecisionSerializer):
    reason = serializers.CharField(max_length=500, help_text=_("The vendor's own; the partner does not read it."))


class TransferSerializer(ReleaseSerializer):
    partner = Reference(model=Partner, help_text=_("The partner that receives the protection."))


class CommentSerializer(InputSerializer):
    text = serializers.CharField(max_length=4000)


class CommentAnswerSerializer(serializers.Serializer):
    author_name = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class LineSerializer(InputSerializer):
    line = Reference(model=ProductLine)
    amount = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, allow_null=True)


@extend_schema_field(LineSerializer(many=True))
class LinesField(Linked, serializers.Field):
    """Amounts by product line, in the currency of the opportunity; what is sent takes the place of what was there."""

    default_error_messages = {
        "invalid": _("Give a list of objects with line and amount."),
        "twice": _("A product line is named twice."),
    }

    def links(self, user: Any) -> tuple[Hashable, Callable[[], QuerySet]]:
        def rows() -> QuerySet:
            kept = OpportunityLine.objects.filter(opportunity__in=[PLACE_IDS])
            lines = kept.annotate(row=F("opportunity_id"), first=Cast("line_id", TextField())).values("row", "first")
            return lines.annotate(second=Cast(Sum("amount"), TextField()))

        return (OpportunityLine,), rows

    def fold(self, first: str, second: str | None) -> dict[str, Any]:
        return {"line": first, "amount": second}

    def to_representation(self, value: Any) -> Any:
        return value

    def to_internal_value(self, data: Any) -> dict[ProductLine, Decimal | None]:
        if not isinstance(data, list):
            self.fail("invalid")
        sent = LineSerializer(data=data, many=True, context=self.context)
        sent.is_valid(raise_exception=True)
        lines = {row["line"]: row["amount"] for row in sent.validated_data}
        if len(lines) < len(data):
            self.fail("twice")
        return lines


class OpportunitySerializer(RecordSerializer):
    amount = MoneyField(
        required=False, allow_null=True, help_text=_("Where every product line has an amount, their sum.")
    )
    lines = LinesField(
        required=False, help_text=_("Amounts by product line, in the opportunity's currency; a list replaces all.")
    )
    customer_name = serializers.CharField(source="customer.name", read_only=True, allow_null=True)
    registration = Reference(
        model=DealRegistration,
        rows=DealRegistration.objects.visible_to,
        required=False,
        write_only=True,
        help_text=_("The deal registration that is this same deal: the two are linked and never compared."),
    )
    custom = CustomField("opportunity")

    class Meta:
        model = Opportunity
        fields = (
            *SHARED,
            "name",
            "customer",
            "customer_name",
            "registration",
            "route",
            "stage",
            "amount",
            "lines",
            "recurring",
            "expected_close_date",
            "opened_on",
            "closed_on",
            "lost_cause",
            "lost_reason",
            "forecast",
            "put_off",
            "team",
            "owner",
            "custom",
        )
        read_only_fields = ("stage", "lost_cause", "lost_reason", "forecast", "put_off")


class PartnerOpportunitySerializer(RecordSerializer):
    """The same noun as a partner sees it: its own participation is the record, with its id, version and dates."""

    name = serializers.CharField(source="customer_name", read_only=True)
    route = serializers.CharField(source="opportunity.route", read_only=True)
    stage = serializers.CharField(source="opportunity.stage", read_only=True)
    amount = MoneyField(source="opportunity.amount", read_only=True, allow_null=True)
    recurring = serializers.BooleanField(source="opportunity.recurring", read_only=True)
    expected_close_date = serializers.DateField(
        source="opportunity.expected_close_date", read_only=True, allow_null=True
    )
    closed_on = serializers.DateField(source="opportunity.closed_on", read_only=True, allow_null=True)

    class Meta:
        model = OpportunityParticipant
        fields = (
            *SHARED,
            "partner",
            "role",
            "share",
            "name",
            "route",
            "stage",
            "amount",
            "recurring",
            "expected_close_date",
            "closed_on",
        )


class ForecastSerializer(InputSerializer):
    forecast = serializers.ChoiceField(
        choices=Forecast.choices, allow_blank=True, help_text=_("How sure the deal is; empty leaves it to the stage.")
    )


class StageSerializer(InputSerializer):
    amount = MoneyField(required=False, help_text=_("The amount, where it changed with the stage."))
    expected_close_date = serializers.DateField(
        required=False, help_text=_("The expected close, where it changed with the stage.")
    )
    stage = serializers.ChoiceField(choices=Stage.choices)
    on = serializers.DateField(required=False, help_text=_("The day it closed; today when left out."))
    cause = serializers.ChoiceField(
        choices=LostCause.choices, required=False, help_text=_("Why it was lost, in a word.")
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text=_("Why it was lost, or is opened again, in words.")
    )
