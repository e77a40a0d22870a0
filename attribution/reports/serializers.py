from __future__ import annotations

from rest_framework import serializers

from attribution.models import AttributionRun, Credit
from prm.api.fields import Derived, MoneyField

STORED = ("model", "kind", "at", "weight", "closed_on", "position", "of", "rule")


def explanation(row: dict) -> str:
    """The row as a sentence, from what it shows."""
    return Credit(**{name: row[name] for name in STORED}).explanation


class CreditSerializer(serializers.ModelSerializer):
    """A part of a won opportunity. A partner reads its own, under its own participation."""

    amount = MoneyField(read_only=True)
    explanation = Derived(explanation)

    class Meta:
        model = Credit
        fields = (
            "id",
            "model",
            "opportunity",
            "participant",
            "partner",
            "team",
            "campaign",
            "touchpoint",
            "kind",
            "at",
            "weight",
            "amount",
            "reporting_minor",
            "problem",
            "closed_on",
            "position",
            "of",
            "sourced",
            "rule",
            "rule_version",
            "explanation",
        )
        read_only_fields = fields
        vendor_fields = (
            "opportunity",
            "team",
            "campaign",
            "reporting_minor",
            "problem",
            "position",
            "of",
            "rule",
            "explanation",
        )


class AttributionRunSerializer(serializers.ModelSerializer):
    class Meta:
        model = AttributionRun
        fields = (
            "id",
            "rule_version",
            "lookback_days",
            "currency",
            "started_at",
            "ended_at",
            "opportunities",
            "credits",
            "changed",
        )
        read_only_fields = fields
