from rest_framework import serializers

from prm.api.fields import Derived
from prm.events.models import Event


class EventSerializer(serializers.ModelSerializer):
    name = Derived(lambda row: f"{row['subject_type']}.{row['verb']}")

    class Meta:
        model = Event
        fields = ("id", "verb", "subject_type", "subject_id", "name", "actor_side", "actor_name", "payload", "at")
        read_only_fields = fields
