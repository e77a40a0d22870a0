from deals.conflicts.models import Conflict
from prm.api.fields import Derived
from prm.api.serializers import SHARED, RecordSerializer


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
        )
        read_only_fields = fields
