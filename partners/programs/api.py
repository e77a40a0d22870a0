from partners.programs.models import Enrolment, Program, Tier
from partners.programs.serializers import EnrolmentSerializer, ProgramSerializer, TierSerializer
from prm.api.filters import CHANGED, day, identity, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Creates, Edits, Reads, ScopedViewSet, Upserts

NAMED = {**ScopedViewSet.ordering_fields, "name": "name"}


@resource("partner-programs")
class ProgramViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Program
    serializer_class = ProgramSerializer
    may_create = "manage_programs"
    filters = {**CHANGED, "is_open": yes_or_no("is_open")}
    search_fields = ("name",)
    ordering_fields = NAMED


@resource("program-tiers")
class TierViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Tier
    serializer_class = TierSerializer
    may_create = "manage_programs"
    filters = {**CHANGED, "program": identity("program")}
    ordering_fields = NAMED


@resource("enrolments")
class EnrolmentViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Enrolment
    serializer_class = EnrolmentSerializer
    may_create = "manage_partners"
    filters = {
        **CHANGED,
        "partner": identity("partner"),
        "program": identity("program"),
        "tier": identity("tier"),
        "in_force_on": day("period__contains"),
    }

    def told_to(self, row):
        return row.partner_id
