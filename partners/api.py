from partners.models import Membership, Partner, PartnerGroup, PartnerStatus, SupplyRelation
from partners.roles import PartnerRole
from partners.serializers import (
    PartnerGroupSerializer,
    PartnerSerializer,
    PartnerUserSerializer,
    SupplyRelationSerializer,
)
from prm.api.filters import CHANGED, day, identity, one_of, text, yes_or_no
from prm.api.router import resource
from prm.api.viewsets import Creates, Edits, Reads, ScopedViewSet, Upserts, action

NAMED = {**ScopedViewSet.ordering_fields, "name": "name"}


@resource("partners")
class PartnerViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Partner
    serializer_class = PartnerSerializer
    may_create = "manage_partners"
    filters = {
        **CHANGED,
        "status": one_of("status", PartnerStatus),
        "country": text("country", 2),
        "group": identity("group"),
        "channel_manager": identity("channel_manager"),
    }
    search_fields = ("name", "legal_name")
    ordering_fields = NAMED

    def edit_row(self, row, **data):
        """The status and the channel manager change by their own verbs, the rest is put; one version each."""
        user, version = self.request.user, self.version
        if "status" in data and data["status"] != row.status:
            row.move_to(data["status"], by=user, version=version)
            version = None
        data.pop("status", None)
        if "channel_manager" in data and data["channel_manager"] != row.channel_manager:
            row.assign_to(data["channel_manager"], by=user, version=version)
            version = None
        data.pop("channel_manager", None)
        self.version = version
        if data or version is not None:
            super().edit_row(row, **data)

    def told_to(self, row):
        return row.pk


@resource("partner-groups")
class PartnerGroupViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = PartnerGroup
    serializer_class = PartnerGroupSerializer
    may_create = "manage_partners"
    filters = {**CHANGED, "head": identity("head")}
    search_fields = ("name",)
    ordering_fields = NAMED


@resource("supply-relations")
class SupplyRelationViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = SupplyRelation
    serializer_class = SupplyRelationSerializer
    may_create = "manage_partners"
    filters = {
        **CHANGED,
        "distributor": identity("distributor"),
        "reseller": identity("reseller"),
        "country": text("country", 2),
        "in_force_on": day("period__contains"),
    }


@resource("partner-users")
class PartnerUserViewSet(Reads, Edits, ScopedViewSet):
    model = Membership
    serializer_class = PartnerUserSerializer
    filters = {
        **CHANGED,
        "partner": identity("partner"),
        "role": one_of("role", PartnerRole),
        "is_active": yes_or_no("is_active"),
    }
    search_fields = ("user__name", "user__email")

    def edit_row(self, row, **data):
        row.change(by=self.request.user, version=self.version, **data)

    @action("deactivation", rows="editable_by")
    def deactivation(self, row):
        """The colleague no longer acts for this partner."""
        row.deactivate(by=self.request.user, version=self.version)

    @action("reactivation", rows="editable_by")
    def reactivation(self, row):
        """The colleague acts for this partner again."""
        row.reactivate(by=self.request.user, version=self.version)
