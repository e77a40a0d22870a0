from __future__ import annotations

from copy import copy

from django.utils.translation import gettext as _

from deals import (
    delegations_api,  # noqa: F401  (a resource of its own)
    health,
)
from deals.appeals_api import AppealAnswerSerializer, AppealTextSerializer
from deals.axes import LostCause, ProtectionStatus, ReviewStatus, Stage, SubmissionStatus
from deals.models import Appeal, DealRegistration, Forecast, Opportunity, OpportunityParticipant
from deals.serializers import (
    ApprovalSerializer,
    CommentAnswerSerializer,
    CommentSerializer,
    ExtensionSerializer,
    ForecastSerializer,
    OpportunitySerializer,
    PartnerOpportunitySerializer,
    RegistrationSerializer,
    RejectionSerializer,
    ReleaseSerializer,
    ReturnSerializer,
    StageSerializer,
    TransferSerializer,
    WithdrawalSerializer,
)
from prm.api.fields import Reference
from prm.api.filters import CHANGED, day, identity, instant, one_of, text, yes_or_no
from prm.api.problems import Flaw, Problem
from prm.api.renderers import answer
from prm.api.router import resource
from prm.api.viewsets import Creates, Deletes, Edits, Reads, ScopedViewSet, Upserts, action

# What a distributor named on a deal does not read: the price, who to talk to, and what a program owner added.
CONCEALED = {
    "amount": None,
    "customer_number": "",
    "description": "",
    "initiative_evidence": "",
    "custom": {},
    "message": "",
    "external_ids": [],
}


@resource("deal-registrations")
class DealRegistrationViewSet(Reads, Creates, Edits, Deletes, Upserts, ScopedViewSet):
    model = DealRegistration
    serializer_class = RegistrationSerializer
    same_rows = True
    filters = {
        **CHANGED,
        "partner": identity("partner"),
        "submission_status": one_of("submission_status", SubmissionStatus),
        "review_status": one_of("review_status", ReviewStatus),
        "protection_status": one_of("protection_status", ProtectionStatus),
        "customer_country": text("customer_country", 2),
        "protected_on": day("protected_until__gt"),
        "decide_before": instant("decide_by__lt"),
    }
    search_fields = ("customer_name",)

    def get_queryset(self):
        rows = super().get_queryset()
        return rows if self.request.user.is_partner else rows.with_approval()

    def showing_custom(self, rows):
        user = self.request.user
        return rows.filter(partner__in=user.readable_partner_ids) if user.is_partner else rows

    def finish(self, rows):
        user = self.request.user
        if user.is_partner and "distributor" in user.acting_for.types:
            own = set(user.readable_partner_ids)
            for row in rows:
                if row["partner"] not in own:
                    row.update(CONCEALED)
        return rows

    def refuse_unless_creator(self):
        user = self.request.user
        if not user.may("register_deals" if user.is_partner else "decide_registrations"):
            raise Problem("not_allowed")

    def create_row(self, *, partner=None, products=(), **data):
        user = self.request.user
        if user.is_partner:
            self.refuse_other(partner)
            partner = user.acting_for
        elif partner is None:
            raise Problem("invalid", errors=[Flaw("/partner", "required", _("Say for which partner."))])
        return DealRegistration.draft(partner=partner, by=user, products=products, **data)

    def edit_row(self, row, *, partner=None, **data):
        self.refuse_other(partner, row.partner_id)
        row.edit(by=self.request.user, version=self.version, **data)

    def refuse_other(self, partner, own=None):
        """A registration stays with its partner; another's id reads as a missing one."""
        if partner is not None and partner.pk != (own or self.request.user.acting_for_id):
            raise Problem(
                "invalid",
                errors=[Flaw("/partner", "does_not_exist", str(Reference.default_error_messages["does_not_exist"]))],
            )

    def delete_row(self, row):
        row.discard(by=self.request.user, version=self.version)

    def view_of(self, row, **known):
        """For the partner all columns stand on the row itself; the vendor's come from its file on the submission."""
        if not self.request.user.is_partner:
            return self.one(row.pk)
        return self.finish([self.shape().of(row, self.request.user, **known)])[0]

    @action("submission", rows="editable_by")
    def submission(self, row):
        """Submit for review; the answer comes by `decide_by`."""
        row.submit(by=self.request.user, version=self.version)

    @action("recall", rows="editable_by")
    def recall(self, row):
        """Take it back before a decision, to correct it."""
        row.recall(by=self.request.user, version=self.version)

    @action("withdrawal", rows="editable_by", input=WithdrawalSerializer)
    def withdrawal(self, row, **data):
        """End it: cancels the review, or releases the protection."""
        row.withdraw(by=self.request.user, version=self.version, **data)

    @action("extension", rows="extendable_by", input=ExtensionSerializer)
    def extension(self, row, **data):
        """Protect it for longer: a partner as its program offers, the vendor by `days` with a reason."""
        self.refuse_undecided()
        row.extend(by=self.request.user, version=self.version, **data)

    @action("release", rows="decided_or_decidable_by", input=ReleaseSerializer, scope="decide")
    def release(self, row, **data):
        """End the protection today; the registration stays approved."""
        row.release(by=self.request.user, version=self.version, **data)

    @action("transfer", rows="decided_or_decidable_by", input=TransferSerializer, scope="decide")
    def transfer(self, row, *, partner, **data):
        """Protect the same lines for another partner, by a registration of its own; answers this one, released."""
        row.transfer(partner, by=self.request.user, version=self.version, **data)

    def refuse_undecided(self):
        """What a partner does for itself, the vendor decides: its token needs the scope of decisions."""
        auth, scope = self.request.auth, f"{self.basename}:decide"
        if not self.request.user.is_partner and auth is not None and not auth.grants(scope):
            raise Problem("scope_missing", scope=scope)

    @action("approval", rows="decided_or_decidable_by", input=ApprovalSerializer, scope="decide")
    def approval(self, row, **data):
        """Approve: starts the protection of each product line."""
        row.approve(by=self.request.user, version=self.version, **data)

    @action("rejection", rows="decided_or_decidable_by", input=RejectionSerializer, scope="decide")
    def rejection(self, row, **data):
        """Refuse, with an internal reason; the partner reads the public one."""
        row.reject(by=self.request.user, version=self.version, **data)

    @action("return", rows="decided_or_decidable_by", input=ReturnSerializer, scope="decide")
    def send_back(self, row, *, fields_to_complete, message):
        """Ask the partner to complete named fields."""
        row.send_back(by=self.request.user, fields=fields_to_complete, message=message, version=self.version)

    @action("undo", rows="decided_or_decidable_by", scope="decide")
    def undo(self, row):
        """Take one's own decision back within ten seconds; nobody was told of it."""
        row.undo_decision(by=self.request.user, version=self.version)

    @action("appeal", rows="editable_by", input=AppealTextSerializer, status=201, answers=AppealAnswerSerializer)
    def appeal(self, row, *, text):
        """Ask for a second review of a refusal, once and until `appeal_by`; its answer stands in `appeals`."""
        made = Appeal.lodge(row, by=self.request.user, text=text, version=self.version)
        return answer({"id": made.pk, "status": made.status, "decide_by": made.decide_by}, 201)

    @action(
        "comments",
        rows="commentable_by",
        input=CommentSerializer,
        on_version=False,
        status=201,
        answers=CommentAnswerSerializer,
    )
    def comments(self, row, *, text):
        """Write to the other side; partner and vendor read it."""
        comment = row.comment(by=self.request.user, text=text)
        return answer({"author_name": comment.author_name, "text": comment.text, "at": comment.at}, 201)


@resource("opportunities")
class OpportunityViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    """For the vendor the opportunity; for a partner its own part in it, so that nothing of the others shows."""

    model = Opportunity
    serializer_class, partner_serializer_class = OpportunitySerializer, PartnerOpportunitySerializer
    may_create = "manage_opportunities"
    search_fields = ("name",)
    vendor_filters = {
        **CHANGED,
        "stage": one_of("stage", Stage),
        "lost_cause": one_of("lost_cause", LostCause),
        "customer": identity("customer"),
        "owner": identity("owner"),
        "forecast": one_of("forecast", Forecast),
        "stale": yes_or_no("is_stale"),
        "slipping": yes_or_no("is_slipping"),
        "closes_before": day("expected_close_date__lt"),
        "closed_on": day("closed_on"),
    }
    partner_filters = {
        **CHANGED,
        "stage": one_of("opportunity__stage", Stage),
        "closes_before": day("opportunity__expected_close_date__lt"),
    }
    filters = vendor_filters

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.user.is_partner:
            self.filters, self.search_fields = self.partner_filters, ("customer_name",)

    def serializer_for(self, user):
        return PartnerOpportunitySerializer if user.is_partner else OpportunitySerializer

    def get_queryset(self):
        user = self.request.user
        if user.is_partner:
            return OpportunityParticipant.objects.visible_to(user)
        rows = Opportunity.objects.visible_to(user)
        return rows.annotate(**health.answers()) if {"stale", "slipping"} & set(self.request.GET) else rows

    def create_row(self, *, registration=None, lines=None, **data):
        opportunity = super().create_row(**data)
        if lines:
            opportunity.change(by=self.request.user, lines=lines, amount=opportunity.amount)
        if registration is not None:
            registration.link(opportunity, by=self.request.user)
        return opportunity

    def edit_row(self, row, *, registration=None, lines=None, **data):
        """Changed facts are told with old and new value: figures and credits follow them."""
        row.lock(self.version)
        checked = copy(row)
        for name, value in data.items():
            setattr(checked, name, value)
        checked.full_clean()
        row.change(by=self.request.user, lines=lines, **data)
        if registration is not None:
            registration.link(row, by=self.request.user)

    def row(self, rows="editable_by", pk=None, *, lock=True):
        """A partner acts on its own part in the deal: the row whose id and version it reads."""
        if rows == "reportable_by" and self.request.user.is_partner:
            self.model = OpportunityParticipant
        return super().row(rows, pk, lock=lock)

    @action("stage", rows="reportable_by", input=StageSerializer)
    def stage(self, row, *, stage, **data):
        """Move to another stage; its history is kept. A partner does so where it sells."""
        facts = {name: data.pop(name) for name in ("expected_close_date",) if name in data}
        if money := data.pop("amount", None):
            facts.update(amount=money.amount, currency=money.currency)
        row.move_to(stage, by=self.request.user, version=self.version, facts=facts, **data)

    @action("forecast", rows="editable_by", input=ForecastSerializer)
    def forecast(self, row, *, forecast):
        """Say how sure the deal is; empty leaves it to the stage. Its history is kept."""
        row.set_forecast(forecast, by=self.request.user, version=self.version)
