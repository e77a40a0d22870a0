from deals.conflicts.models import Conflict, ConflictKind, ConflictStatus
from deals.conflicts.serializers import ConflictSerializer, ReasonSerializer, SettlementSerializer
from prm.api.filters import CHANGED, identity, one_of
from prm.api.router import resource
from prm.api.viewsets import Reads, ScopedViewSet, action


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

    @action("dismissal", rows="dismissable_by", input=ReasonSerializer, scope="decide")
    def dismissal(self, row, *, reason):
        """Not a conflict, and why; the rules leave it alone from now on."""
        row.dismiss(by=self.request.user, reason=reason, version=self.version)

    @action("settlement", rows="settleable_by", input=SettlementSerializer, scope="decide")
    def settlement(self, row, **data):
        """Decide who goes on, with the reason; settled stays settled."""
        row.settle(by=self.request.user, version=self.version, **data)

    @action("reopening", rows="settleable_by", input=ReasonSerializer, scope="decide")
    def reopening(self, row, *, reason):
        """Look again at what a person closed."""
        row.reopen(by=self.request.user, reason=reason, version=self.version)
