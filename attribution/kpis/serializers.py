"""Metrics and their values as the API shows them."""

from __future__ import annotations

from rest_framework import serializers


class MetricSerializer(serializers.Serializer):
    """A declared metric; name and definition in the reader's language."""

    key = serializers.CharField()
    name = serializers.CharField()
    definition = serializers.CharField()
    formula = serializers.CharField()
    unit = serializers.ChoiceField(choices=["money", "ratio", "count", "days", "hours"])
    kind = serializers.ChoiceField(choices=["flow", "stock", "now", "growth", "active"])
    grain = serializers.ChoiceField(choices=["month", "now"])
    additivity = serializers.ChoiceField(choices=["full", "time", "parts", "none"])
    dimensions = serializers.ListField(child=serializers.CharField())
    direction = serializers.ChoiceField(choices=["up", "down"], help_text="Which way is good.")


class ValueSerializer(serializers.Serializer):
    """One figure. `value` is exact, as text; of a ratio also what was divided by what."""

    metric = serializers.CharField()
    start = serializers.DateField()
    end = serializers.DateField(help_text="Exclusive.")
    key = serializers.CharField(allow_null=True, help_text="The month, or the id of the part; null: all.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the name of one
    value = serializers.CharField(allow_null=True)
    currency = serializers.CharField(help_text="Of money, else empty.")
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField(allow_null=True)
    unconverted = serializers.IntegerField(help_text="Amounts left out because an exchange rate is missing.")
