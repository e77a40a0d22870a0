from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from deals.models import Appeal
from deals.models.appeal import AppealStatus
from prm.api.filters import CHANGED, identity, instant, one_of
from prm.api.router import resource
from prm.api.serializers import SHARED, InputSerializer, RecordSerializer
from prm.api.viewsets import Reads, ScopedViewSet, action


class AppealSerializer(RecordSerializer):
    """A second review of a refusal; who answered and the notes are the vendor's."""

    decided_by = serializers.CharField(
        source="decision.decided_by.name", read_only=True, allow_null=True, help_text=_("Who answered; vendor only.")
    )
    first_decided_by = serializers.CharField(
        source="decision.first_decided_by.name",
        read_only=True,
        allow_null=True,
        help_text=_("Who refused, once there is an answer; vendor only."),
    )
    notes = serializers.CharField(
        source="decision.notes", read_only=True, allow_null=True, help_text=_("Private notes; vendor only.")
    )

    class Meta:
        model = Appeal
        fields = (
            *SHARED,
            "registration",
            "partner",
            "text",
            "status",
            "decide_by",
            "decided_at",
            "answer",
            "decided_by",
            "first_decided_by",
            "notes",
        )
        read_only_fields = fields
        vendor_fields = ("decided_by", "first_decided_by", "notes")


class AppealTextSerializer(InputSerializer):
    text = serializers.CharField(max_length=4000, help_text=_("What should be looked at again."))


class AppealAnswerSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=AppealStatus.choices)
    decide_by = serializers.DateTimeField()


class AppealDecisionSerializer(InputSerializer):
    outcome = serializers.ChoiceField(
        choices=[
            (AppealStatus.UPHELD, AppealStatus.UPHELD.label),
            (AppealStatus.OVERTURNED, AppealStatus.OVERTURNED.label),
        ]
    )
    message = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=4000,
        default="",
        help_text=_("To the partner; needed where the refusal stands."),
    )
    notes = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, default="", help_text=_("For us; no partner reads it.")
    )


@resource("appeals")
class AppealViewSet(Reads, ScopedViewSet):
    """Second reviews of refusals: a partner's own, the vendor's to answer."""

    model = Appeal
    serializer_class = AppealSerializer
    filters = {
        **CHANGED,
        "status": one_of("status", AppealStatus),
        "registration": identity("registration"),
        "partner": identity("partner"),
        "decide_before": instant("decide_by__lt"),
    }

    @action("decision", rows="decided_or_decidable_by", input=AppealDecisionSerializer, scope="decide")
    def decision(self, row, *, outcome, **data):
        """Let the refusal stand, or take it back; never by the person who took the first decision."""
        verb = row.uphold if outcome == AppealStatus.UPHELD else row.overturn
        verb(by=self.request.user, version=self.version, **data)

    @action("withdrawal", rows="editable_by")
    def withdrawal(self, row):
        """No longer ask for it; it cannot be asked for again."""
        row.withdraw(by=self.request.user, version=self.version)
