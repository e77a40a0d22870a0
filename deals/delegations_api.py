from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from deals.models import Delegation
from partners.models import User
from prm.api.fields import Reference
from prm.api.filters import CHANGED, identity
from prm.api.problems import Flaw, Problem
from prm.api.renderers import answer
from prm.api.router import resource
from prm.api.serializers import SHARED, RecordSerializer
from prm.api.viewsets import Creates, Reads, ScopedViewSet, action


def colleagues(user):
    return User.objects.none() if user.is_partner else User.objects.vendor_people().filter(is_active=True)


class DelegationSerializer(RecordSerializer):
    person = Reference(model=User, rows=colleagues, required=False, help_text="Yourself when left out.")
    substitute = Reference(model=User, rows=colleagues)

    class Meta:
        model = Delegation
        fields = (*SHARED, "person", "substitute", "period")


@resource("delegations")
class DelegationViewSet(Reads, Creates, ScopedViewSet):
    """Who decides in whose place while they are away."""

    model = Delegation
    serializer_class = DelegationSerializer
    vendor_only = True
    may_create = "decide_registrations"
    filters = {**CHANGED, "person": identity("person"), "substitute": identity("substitute")}

    def create_row(self, *, substitute, period, person=None):
        if period.lower is None or period.upper is None:
            raise Problem("invalid", errors=[Flaw("/period", "required", _("Give the first day and the end."))])
        return Delegation.give(
            by=self.request.user,
            person=person,
            substitute=substitute,
            first=period.lower,
            last=period.upper - timedelta(days=1),
        )

    @action("end", rows="editable_by", status=204)
    def end(self, row):
        """Back from today on; what has not begun yet is taken back whole."""
        row.end(by=self.request.user, version=self.version)
        return answer(None, 204)
