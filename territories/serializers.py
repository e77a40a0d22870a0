from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from partners.models.partner import PartnerType
from prm.api.fields import CountryField, CustomField, LinkedIds, Reference, References
from prm.api.parts import Parts
from prm.api.serializers import SHARED, InputSerializer, RecordSerializer
from territories.models import (
    Customer,
    CustomerAddress,
    CustomerDomain,
    CustomerIdentifier,
    CustomerName,
    Territory,
    TerritoryAssignment,
    TerritoryRule,
)


class CustomerSerializer(RecordSerializer):
    names = Parts(CustomerName, "customer", "name")
    domains = Parts(CustomerDomain, "customer", "domain")
    identifiers = Parts(CustomerIdentifier, "customer", "scheme", "value")
    addresses = Parts(CustomerAddress, "customer", "street", "postcode", "city", "region", "country")
    parents = LinkedIds(Customer, Customer.parents.through, "from_customer", "to_customer", required=False)
    custom = CustomField("customer")

    class Meta:
        model = Customer
        fields = (
            *SHARED,
            "name",
            "level",
            "country",
            "industry",
            "segment",
            "employees",
            "annual_revenue",
            "founded",
            "website",
            "phone",
            "house_account",
            "team",
            "names",
            "domains",
            "identifiers",
            "addresses",
            "parents",
            "custom",
        )

    def validate_parents(self, parents: list[Customer]) -> list[Customer]:
        """Nothing is part of itself, at one remove or none."""
        if self.instance and any(
            self.instance in (parent, *parent.parents.filter(pk=self.instance.pk)) for parent in parents
        ):
            raise serializers.ValidationError(_("One of these is itself part of this customer."), code="circle")
        return parents


class TerritorySerializer(RecordSerializer):
    parent = Reference(model=Territory, required=False, allow_null=True)  # type: ignore[assignment]  # a field, not the form it is in

    class Meta:
        model = Territory
        fields = (*SHARED, "name", "code", "parent", "path", "holders", "active")
        read_only_fields = ("path",)


class TerritoryRuleSerializer(RecordSerializer):
    territory = Reference(model=Territory)
    product_line = Reference(model=ProductLine, required=False, allow_null=True)
    customer = Reference(model=Customer, required=False, allow_null=True)

    class Meta:
        model = TerritoryRule
        fields = (
            *SHARED,
            "territory",
            "include",
            "country",
            "region",
            "postal_prefix",
            "industry",
            "segment",
            "product_line",
            "customer",
            "partner_role",
            "priority",
            "period",
        )


class TerritoryAssignmentSerializer(RecordSerializer):
    territory = Reference(model=Territory)
    partner = Reference(model=Partner, required=False, allow_null=True)
    team = Reference(model=Team, required=False, allow_null=True)

    class Meta:
        model = TerritoryAssignment
        fields = (*SHARED, "territory", "partner", "team", "kind", "period")


class EndSerializer(InputSerializer):
    end = serializers.DateField(help_text=_("The first day that no longer belongs to it."))


class ResolveSerializer(InputSerializer):
    """Who may sell to a customer, or in a place."""

    customer = Reference(model=Customer, required=False)
    country = CountryField(required=False)
    region = serializers.CharField(required=False, max_length=10)
    postcode = serializers.CharField(required=False, max_length=20)
    industry = serializers.CharField(required=False, max_length=80)
    segment = serializers.CharField(required=False, max_length=40)
    lines = References(ProductLine, required=False)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=PartnerType.choices), required=False)
    on = serializers.DateField(required=False)

    def validate(self, data: dict) -> dict:
        if not data.get("customer") and not data.get("country"):
            raise serializers.ValidationError(
                {"customer": serializers.ErrorDetail(str(_("Give a customer or a country.")), code="required")}
            )
        return data


class MergeSerializer(InputSerializer):
    other = Reference(
        model=Customer, rows=lambda user: Customer.objects.editable_by(user), help_text=_("The row that goes.")
    )


class UnmergeSerializer(InputSerializer):
    absorbed = serializers.UUIDField(help_text=_("The id of the row that went."))
