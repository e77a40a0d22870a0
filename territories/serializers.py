from prm.api.fields import CustomField
from prm.api.serializers import SHARED, RecordSerializer
from territories.models import Customer


class CustomerSerializer(RecordSerializer):
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
            "custom",
        )
