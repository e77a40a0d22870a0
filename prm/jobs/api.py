from prm.api.filters import identity, instant, one_of, text
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet
from prm.jobs.models import Job, JobStatus
from prm.jobs.serializers import JobSerializer


@resource("jobs")
class JobViewSet(Reads, ScopedViewSet):
    """Long work and how far it is: one's own; the whole installation's for those who look after it."""

    model = Job
    serializer_class = JobSerializer
    filters = {
        "kind": text("kind"),
        "status": one_of("status", JobStatus),
        "subject_id": identity("subject_id"),
        "created_after": instant("created_at__gte"),
        "created_before": instant("created_at__lt"),
    }
    ordering_fields = {"created_at": "created_at"}
