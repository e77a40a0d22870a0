from django.utils.translation import gettext as _
from rest_framework import serializers

from partners.programs.models import Enrolment, Program, Tier
from prm.api.serializers import SHARED, RecordSerializer


class ProgramSerializer(RecordSerializer):
    class Meta:
        model = Program
        fields = (
            *SHARED,
            "name",
            "summary",
            "is_open",
            "protection_days",
            "extension_days",
            "extensions",
            "extension_window_days",
            "response_days",
            "decision_days",
            "return_days",
            "appeal_days",
        )


class TierSerializer(RecordSerializer):
    class Meta:
        model = Tier
        fields = (*SHARED, "program", "name", "rank", "description")


class EnrolmentSerializer(RecordSerializer):
    class Meta:
        model = Enrolment
        fields = (*SHARED, "partner", "program", "tier", "period")

    def validate(self, values):
        tier = values.get("tier") or getattr(self.instance, "tier", None)
        program = values.get("program") or getattr(self.instance, "program", None)
        if tier and program and tier.program_id != program.pk:
            raise serializers.ValidationError(
                {"tier": serializers.ErrorDetail(_("This tier belongs to another program."), "other_program")}
            )
        return values
