from django.utils.translation import gettext as _
from rest_framework import serializers

from prm.api.fields import CustomField, LinkedIds
from prm.api.parts import Parts
from prm.api.serializers import SHARED, RecordSerializer
from territories.models import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName


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
