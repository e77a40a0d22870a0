from prm.api.filters import CHANGED, one_of, text
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet
from prm.imports.models import Import, ImportStatus
from prm.imports.serializers import ImportSerializer


@resource("imports")
class ImportViewSet(Reads, ScopedViewSet):
    """Files on their way into the product and what became of their rows; started on the screens or by command."""

    model = Import
    serializer_class = ImportSerializer
    vendor_only = True
    filters = {**CHANGED, "kind": text("kind"), "status": one_of("status", ImportStatus)}
