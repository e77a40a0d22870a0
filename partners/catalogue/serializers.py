from partners.catalogue.models import PriceList, Product, ProductLine
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
