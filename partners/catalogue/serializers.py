from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from partners.catalogue.models import DiscountRule, Price, PriceList, Product, ProductLine
from prm.api.fields import MoneyField
from prm.api.serializers import SHARED, RecordSerializer


class ProductLineSerializer(RecordSerializer):
    class Meta:
        model = ProductLine
        fields = (*SHARED, "name", "description", "is_active")


class ProductSerializer(RecordSerializer):
    class Meta:
        model = Product
        fields = (*SHARED, "line", "sku", "name", "is_active")


class PriceListSerializer(RecordSerializer):
    class Meta:
        model = PriceList
        fields = (*SHARED, "name", "currency", "period")


class PriceSerializer(RecordSerializer):
    amount = MoneyField(currency="price_list__currency")

    class Meta:
        model = Price
        fields = (*SHARED, "price_list", "product", "amount")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """A price is in its list's currency."""
        given = data.pop("price_list__currency", None)
        price_list = data.get("price_list") or self.instance.price_list
        if given and given != price_list.currency:
            message = _("The prices of this list are in %(currency)s.") % {"currency": price_list.currency}
            raise serializers.ValidationError({"amount": message}, code="other_currency")
        return data


class DiscountRuleSerializer(RecordSerializer):
    class Meta:
        model = DiscountRule
        fields = (*SHARED, "tier", "line", "percent", "registration_percent", "period")
