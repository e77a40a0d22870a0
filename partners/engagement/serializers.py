from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from partners.engagement.models import Activity
from prm.api.fields import Reference
from prm.api.serializers import SHARED, RecordSerializer


def people(user):
    from partners.engagement.registrations import people_for

    return people_for(user)


class ActivitySerializer(RecordSerializer):
    subject_type = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        help_text=_("What it is about: customer, opportunity, participant, registration …; empty: the partner itself."),
    )
    assignee = Reference(model=get_user_model(), rows=people, allow_null=True, required=False)

    class Meta:
        model = Activity
        fields = (
            *SHARED,
            "kind",
            "title",
            "text",
            "subject_type",
            "subject_id",
            "partner",
            "side",
            "at",
            "due_on",
            "assignee",
            "reminder_days",
            "done_at",
            "shared",
        )
        read_only_fields = ("side", "done_at")
