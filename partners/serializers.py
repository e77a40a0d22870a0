from django.contrib.auth import get_user_model
from rest_framework import serializers

from partners.models import Invitation, Membership, Partner, PartnerGroup, SupplyRelation
from partners.roles import PartnerRole
from prm.api.fields import CountryField, CustomField, Reference
from prm.api.serializers import SHARED, RecordSerializer


class PartnerSerializer(RecordSerializer):
    channel_manager = Reference(
        model=get_user_model(),
        rows=lambda user: get_user_model().objects.visible_to(user).channel_managers(),
        allow_null=True,
        required=False,
    )
    countries = serializers.ListField(child=CountryField(), required=False, max_length=250)
    custom = CustomField("partner")

    class Meta:
        model = Partner
        fields = (
            *SHARED,
            "name",
            "legal_name",
            "types",
            "status",
            "country",
            "countries",
            "languages",
            "domains",
            "specialities",
            "address",
            "city",
            "phone",
            "website",
            "group",
            "channel_manager",
            "custom",
        )


class PartnerGroupSerializer(RecordSerializer):
    class Meta:
        model = PartnerGroup
        fields = (*SHARED, "name", "head", "head_reads_deals")


class SupplyRelationSerializer(RecordSerializer):
    class Meta:
        model = SupplyRelation
        fields = (*SHARED, "distributor", "reseller", "country", "period")


class PartnerUserSerializer(RecordSerializer):
    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = (*SHARED, "partner", "name", "email", "role", "own_rows_only", "is_active", "joined_at")
        read_only_fields = ("partner", "is_active", "joined_at")


class InvitationSerializer(RecordSerializer):
    partner = Reference(model=Partner, required=False)
    role = serializers.ChoiceField(PartnerRole.choices)

    class Meta:
        model = Invitation
        fields = (*SHARED, "partner", "name", "email", "role", "language", "expires_at", "accepted_at", "withdrawn_at")
        read_only_fields = ("expires_at", "accepted_at", "withdrawn_at")
