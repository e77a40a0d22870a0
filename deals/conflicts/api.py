from deals.conflicts.models import Conflict, ConflictKind, ConflictStatus
from deals.conflicts.serializers import ConflictSerializer
from prm.api.filters import CHANGED, identity, one_of
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet


@resource("conflicts")
class ConflictViewSet(Reads, ScopedViewSet):
    model = Conflict
    serializer_class = ConflictSerializer
    vendor_only = True
    filters = {
        **CHANGED,
        "status": one_of("status", ConflictStatus),
        "kind": one_of("kind", ConflictKind),
        "registration": identity("registration"),
        "customer": identity("customer"),
    }
