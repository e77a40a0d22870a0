from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from deals.conflicts.models import Conflict, KeptSide, Ruling
from prm.api.fields import Derived
from prm.api.serializers import SHARED, InputSerializer, RecordSerializer


def explanation(row: dict) -> str:
    """The finding as a sentence, from what the row shows."""
    return Conflict(rule=row["rule"], evidence=row["evidence"]).explanation


class ConflictSerializer(RecordSerializer):
    explanation = Derived(explanation)

    class Meta:
        model = Conflict
        fields = (
            *SHARED,
            "kind",
            "rule",
            "rule_version",
            "status",
            "severity",
            "score",
            "registration",
            "other",
            "opportunity",
            "customer",
            "evidence",
            "explanation",
            "dismissed_reason",
            "ruling",
            "kept_side",
            "ruling_reason",
            "closed_at",
        )
        read_only_fields = fields


class ReasonSerializer(InputSerializer):
    reason = serializers.CharField(max_length=500, help_text=_("For us; no partner reads it."))


class SettlementSerializer(InputSerializer):
    ruling = serializers.ChoiceField(choices=Ruling.choices)
    kept_side = serializers.ChoiceField(
        choices=KeptSide.choices,
        required=False,
        help_text=_("Whom the customer has chosen; the other decisions say it."),
    )
    reason = serializers.CharField(max_length=2000, help_text=_("For us; no partner reads it."))
