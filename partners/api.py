from django.utils.translation import gettext as _

from partners.models import Invitation, Membership, Partner, PartnerGroup, PartnerStatus, SupplyRelation
from partners.roles import PartnerRole
from partners.serializers import (
    InvitationSerializer,
    PartnerGroupSerializer,
    PartnerSerializer,
    PartnerUserSerializer,
    SupplyRelationSerializer,
)
from prm.api.fields import Reference
from prm.api.filters import CHANGED, day, identity, one_of, text, yes_or_no
from prm.api.problems import Flaw, Problem
from prm.api.router import resource
from prm.api.shape import shape_of
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


class Invites(Creates):
    """Who may look after a company's people invites them, by the verb of the screens."""

    def refuse_unless_creator(self):
        user = self.request.user
        if not user.may("manage_colleagues" if user.is_partner else "manage_partners"):
            raise Problem("not_allowed")

    def create_row(self, *, partner=None, **data):
        user = self.request.user
        if partner is None and not user.is_partner:
            raise Problem("invalid", errors=[Flaw("/partner", "required", _("Say for which partner."))])
        partner = partner or user.acting_for
        if user.is_partner and partner.pk != user.acting_for_id:
            missing = str(Reference.default_error_messages["does_not_exist"])
            raise Problem("invalid", errors=[Flaw("/partner", "does_not_exist", missing)])
        invitation = Invitation(partner=partner, **data)
        invitation.email = invitation.email.lower()
        invitation.full_clean(exclude=["invited_by", "expires_at"])
        return invitation.send(by=user)


@resource("partner-invitations")
class InvitationViewSet(Reads, Invites, ScopedViewSet):
    """Colleagues invited by mail; the account is made when they accept."""

    model = Invitation
    serializer_class = InvitationSerializer
    filters = {**CHANGED, "partner": identity("partner"), "role": one_of("role", PartnerRole), "email": text("email")}

    def get_queryset(self):
        return super().get_queryset().filter(partner__isnull=False)

    @action("sending", rows="editable_by")
    def sending(self, row):
        """Send it again: a new link, the old one stops working."""
        row.send_again(by=self.request.user, version=self.version)

    @action("withdrawal", rows="editable_by")
    def withdrawal(self, row):
        """The link stops working."""
        row.withdraw(by=self.request.user, version=self.version)


@resource("partner-users")
class PartnerUserViewSet(Reads, Invites, Edits, ScopedViewSet):
    model = Membership
    serializer_class = PartnerUserSerializer
    create_serializer_class = InvitationSerializer
    filters = {
        **CHANGED,
        "partner": identity("partner"),
        "role": one_of("role", PartnerRole),
        "is_active": yes_or_no("is_active"),
    }
    search_fields = ("user__name", "user__email")

    def create(self, request):
        """Invite a person by mail; answers the invitation, found again under partner-invitations."""
        self.refuse_unless_creator()
        invitation = self.create_row(**self.checked(InvitationSerializer))
        shape = shape_of(InvitationSerializer, request.user.is_partner)
        response = self.reply(shape.of(invitation, request.user, external_ids=[]), 201)
        response["Location"] = f"/api/v1/partner-invitations/{invitation.pk}/"
        return response

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
