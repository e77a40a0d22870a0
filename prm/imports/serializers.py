from prm.api.serializers import SHARED, RecordSerializer
from prm.imports.models import Import


class ImportSerializer(RecordSerializer):
    class Meta:
        model = Import
        fields = (
            *SHARED,
            "kind",
            "file_name",
            "source",
            "mapping",
            "all_or_none",
            "status",
            "total",
            "created",
            "updated",
            "unchanged",
            "failed",
            "finished_at",
        )
        read_only_fields = fields
