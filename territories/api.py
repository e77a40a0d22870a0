from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.decorators import action as drf_action

from prm.api.filters import CHANGED, identity, one_of, text, yes_or_no
from prm.api.problems import Problem, problem_of
from prm.api.renderers import PROBLEM, answer
from prm.api.router import resource
from prm.api.viewsets import Creates, Edits, Reads, ScopedViewSet, Upserts, action
from prm.errors import RuleViolation
from territories.coverage import resolve
from territories.models import AssignmentKind, Customer, CustomerMerge, Territory, TerritoryAssignment, TerritoryRule
from territories.models.merging import ask_for_conflict
from territories.serializers import (
    CustomerSerializer,
    EndSerializer,
    MergeSerializer,
    ResolveSerializer,
    TerritoryAssignmentSerializer,
    TerritoryRuleSerializer,
    TerritorySerializer,
    UnmergeSerializer,
)


@resource("customers")
class CustomerViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Customer
    serializer_class = CustomerSerializer
    vendor_only = True
    may_create = "manage_customers"
    filters = {
        **CHANGED,
        "country": text("country", 2),
        "segment": text("segment"),
        "industry": text("industry"),
        "house_account": yes_or_no("house_account"),
        "team": identity("team"),
        "domain": text("domains__domain"),
        "identifier": text("identifiers__value"),
    }
    search_fields = ("name",)
    ordering_fields = {**ScopedViewSet.ordering_fields, "name": "name"}

    @action("merge", rows="editable_by", input=MergeSerializer)
    def merge(self, row, other):
        """Take in another row of the same customer: what points at it moves here, and it is gone."""
        try:
            with transaction.atomic():
                row.merge(other, by=self.request.user, version=self.version)
        except RuleViolation as error:
            if error.code != "protections_overlap":
                raise
            ask_for_conflict(other, row)  # answered, not raised: what keeps the refusal in view is committed
            problem = problem_of(error)
            response = answer(problem, problem["status"])
            response["Content-Type"] = PROBLEM
            return response

    @action("unmerge", rows="editable_by", input=UnmergeSerializer)
    def unmerge(self, row, absorbed):
        """Take a merged row apart again; ``absorbed`` is the id it had."""
        row.lock(self.version)
        trail = CustomerMerge.objects.editable_by(self.request.user).filter(customer=row, absorbed_id=absorbed).first()
        if trail is None:
            raise RuleViolation("not_merged", _("No customer of this id was merged into this one."), field="absorbed")
        trail.unmerge(by=self.request.user)
        row.refresh_from_db()


@resource("territories")
class TerritoryViewSet(Reads, Creates, Edits, Upserts, ScopedViewSet):
    model = Territory
    serializer_class = TerritorySerializer
    vendor_only = True
    may_create = "manage_territories"
    filters = {**CHANGED, "code": text("code", 40), "parent": identity("parent"), "active": yes_or_no("active")}
    search_fields = ("name", "code")
    ordering_fields = {**ScopedViewSet.ordering_fields, "name": "name", "path": "path"}

    def create_row(self, **data: Any) -> Territory:
        row = super().create_row(**data)
        row.refresh_from_db(fields=["path"])  # written by the database
        return row

    def edit_row(self, row: Territory, **data: Any) -> None:
        super().edit_row(row, **data)
        row.refresh_from_db(fields=["path"])

    @extend_schema(request=ResolveSerializer, responses={200: OpenApiTypes.OBJECT})
    @drf_action(
        detail=False, methods=["post"], url_path="resolve", serializer_class=ResolveSerializer, api_scope="read"
    )
    def resolve(self, request) -> HttpResponse:
        """Who may sell to this customer, or in this place, and why; nothing is changed."""
        if request.user.is_partner or not request.user.may("see_territories"):
            raise Problem("not_allowed")
        resolution = resolve(**self.checked(ResolveSerializer))
        return answer(
            {
                "territory": resolution.territory and resolution.territory.pk,
                "holders": [
                    {
                        "partner": row.partner_id,
                        "team": row.team_id,
                        "kind": row.kind,
                        "period_end": row.period and row.period.upper,  # a reserved customer's team has no period
                    }
                    for part in resolution.answers[:1]
                    for row in part.assignments
                    if row.holder in resolution.holders
                ],
                "explanation": resolution.explanation,
                "evidence": resolution.evidence,
            }
        )


@resource("territory-rules")
class TerritoryRuleViewSet(Reads, Creates, Edits, ScopedViewSet):
    model = TerritoryRule
    serializer_class = TerritoryRuleSerializer
    vendor_only = True
    may_create = "manage_territories"
    filters = {
        **CHANGED,
        "territory": identity("territory"),
        "country": text("country", 2),
        "product_line": identity("product_line"),
        "customer": identity("customer"),
    }


@resource("territory-assignments")
class TerritoryAssignmentViewSet(Reads, Creates, ScopedViewSet):
    model = TerritoryAssignment
    serializer_class = TerritoryAssignmentSerializer
    vendor_only = True
    may_create = "assign_territories"
    filters = {
        **CHANGED,
        "territory": identity("territory"),
        "partner": identity("partner"),
        "team": identity("team"),
        "kind": one_of("kind", AssignmentKind),
    }

    def create_row(self, **data: Any) -> TerritoryAssignment:
        return TerritoryAssignment.assign(data.pop("territory"), by=self.request.user, **data)

    @action("end", rows="editable_by", input=EndSerializer)
    def end(self, row, end):
        """Let it end; what has not begun is taken back."""
        row.end(by=self.request.user, end=end, version=self.version)
        return answer(None, 204)
