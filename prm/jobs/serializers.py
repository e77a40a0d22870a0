from rest_framework import serializers

from prm.jobs.models import Job


class JobSerializer(serializers.ModelSerializer):
    class Meta:
        model = Job
        fields = (
            "id",
            "kind",
            "title",
            "status",
            "done",
            "total",
            "subject_id",
            "created_at",
            "started_at",
            "ended_at",
        )
        read_only_fields = fields
