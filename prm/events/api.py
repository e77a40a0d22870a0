from prm.api.filters import Filter, identity, instant, text
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet
from prm.events.models import Event
from prm.events.serializers import EventSerializer


@resource("events")
class EventViewSet(Reads, ScopedViewSet):
    """What happened, newest first: a partner reads what it was told, the vendor what its people may follow."""

    model = Event
    serializer_class = EventSerializer
    filters: dict[str, Filter] = {
        "subject_type": text("subject_type"),
        "subject_id": identity("subject_id"),
        "verb": text("verb"),
        "after": instant("at__gte"),
        "before": instant("at__lt"),
    }
    ordering_fields = {"at": "at"}
    default_ordering = "-at"
