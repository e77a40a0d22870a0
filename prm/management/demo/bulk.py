"""Tell a plan by writing what the verbs would leave: the same rows, versions, events and history, at once.

``tests/demo`` tells one plan both ways and compares every column.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from deals.axes import PUBLIC_REASON, RejectionReason
from deals.models import (
    Approval,
    Comment,
    DealRegistration,
    Opportunity,
    OpportunityLine,
    OpportunityParticipant,
    Protection,
    RegistrationLine,
    StageChange,
)
from partners.models import User
from partners.programs.models import Enrolment, Program
from prm.calendar import due_by
from prm.events.models import Event
from prm.management.demo.areas import day_of, outside
from prm.management.demo.plan import Deal
from prm.management.demo.tables import Row, Table
from territories.matching.keys import index, keys

OPEN = ("pending", "in_review", "action_required")


class Writer:
    """Writes each step of a plan; its methods are the verbs of ``plan.Step``."""

    def __init__(self, history: bool = True):
        self.watched = history
        self.registrations = Table(DealRegistration, history)
        self.lines = Table(RegistrationLine)
        self.comments = Table(Comment)
        self.approvals = Table(Approval, history)
        self.opportunities = Table(Opportunity, history)
        self.opportunity_lines = Table(OpportunityLine)
        self.participants = Table(OpportunityParticipant, history)
        self.protections = Table(Protection, history)
        self.stages = Table(StageChange)
        self.events = Table(Event)
        self.programs: dict[Any, Program] = {
            row.partner_id: row.program
            for row in Enrolment.objects.select_related("program").order_by("-created_at", "-id")
        }
        self.teams = {user.pk: user.teams.first() for user in User.objects.filter(role="direct_sales")}

    def tell(self, deals: Iterable[Deal]) -> list[Any]:
        """Write these deals; answers the ids of the registrations for the rules of conflicts to look at.

        Those are open, or protected outside their partner's territory.
        """
        waiting, protected, indexed = [], [], {}
        for deal in deals:
            deal.row = Told()
            for step in deal.steps:
                getattr(self, step.verb)(deal, step.at, **step.facts)
            if row := deal.row.registration:
                if row["review_status"] in OPEN:
                    waiting.append(row["id"])
                elif row["protection_status"] == "active":
                    protected.append(deal)
                if row["review_status"] in OPEN or row["protection_status"] == "active":
                    values = deal.values
                    indexed[row["id"]] = keys(
                        names=[values["customer_name"]],
                        domains=[values["customer_domain"]],
                        countries=[values["customer_country"]],
                    )
        self._number()
        for table in (
            self.registrations,
            self.lines,
            self.comments,
            self.approvals,
            self.opportunities,
            self.opportunity_lines,
            self.participants,
            self.protections,
            self.stages,
            self.events,
        ):
            table.flush()
        index("deal_registration", indexed)
        return waiting + outside(protected) if self.watched else waiting

    def _number(self) -> None:
        """The database's numbers of submission, in the order of arrival."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval('deals_submission_sequence') FROM generate_series(1, %s)", [len(self.approvals.rows)]
            )
            numbers = [number for (number,) in cursor.fetchall()]
        for number, row in zip(numbers, sorted(self.approvals.rows, key=lambda row: row["received_at"]), strict=True):
            row["sequence"] = number

    def _event(
        self, kind: str, row: Row, verb: str, at: datetime, by: User | None = None, partner: Any = None, **payload: Any
    ) -> None:
        self.events.add(
            at,
            subject_type=kind,
            subject_id=row["id"],
            verb=verb,
            partner_id=partner,
            actor_id=by.pk if by else None,
            actor_name=by.name if by else "",
            actor_side="system" if by is None else "partner" if by.is_partner else "vendor",
            payload=payload,
            at=at,
        )

    def _tell(self, deal: Deal, verb: str, at: datetime, by: User | None = None, **payload: Any) -> None:
        self._event("deal_registration", deal.row.registration, verb, at, by, deal.partner.pk, **payload)

    # Each as in deals.models ------------------------------------------------------------------------------------------------

    def draft(self, deal: Deal, at: datetime) -> None:
        values = dict(deal.values)
        distributor = values.pop("distributor")
        deal.row.registration = self.registrations.add(
            at,
            partner_id=deal.partner.pk,
            created_by_id=deal.seller.pk,
            distributor_id=distributor.pk if distributor else None,
            **values,
        )
        for product in deal.products:
            self.lines.add(
                at, registration_id=deal.row.registration["id"], partner_id=deal.partner.pk, product_id=product.pk
            )
        self._tell(deal, "drafted", at, deal.seller)

    def submit(self, deal: Deal, at: datetime) -> None:
        row, program = deal.row.registration, self.programs[deal.partner.pk]
        respond_by, decide_by = program.answer_dates(at)
        self.registrations.put(
            row,
            at,
            program_id=program.pk,
            submission_status="submitted",
            review_status="pending",
            submission=row["submission"] + 1,
            submitted_at=at,
            respond_by=respond_by,
            decide_by=decide_by,
        )
        deal.row.file = self.approvals.add(
            at,
            registration_id=row["id"],
            partner_id=deal.partner.pk,
            submission=row["submission"],
            received_at=at,
            sequence=0,
        )
        self._tell(deal, "submitted", at, deal.seller, customer=row["customer_name"])

    def recall(self, deal: Deal, at: datetime) -> None:
        self.registrations.put(
            deal.row.registration,
            at,
            submission_status="recalled",
            review_status="none",
            respond_by=None,
            decide_by=None,
        )
        self._tell(deal, "recalled", at, deal.seller)

    def take(self, deal: Deal, at: datetime) -> None:
        self.registrations.put(deal.row.registration, at, review_status="in_review")
        self.approvals.put(deal.row.file, at, taken_by_id=deal.manager.pk)
        self._tell(deal, "taken", at, deal.manager)

    def withdraw(self, deal: Deal, at: datetime, reason: str) -> None:
        row, changes = deal.row.registration, {}
        if row["protection_status"] == "active":
            for protection in deal.row.protections:
                self.protections.put(protection, at, status="released")
            changes = {"protection_status": "released", "protected_until": min(row["protected_until"], day_of(at))}
        self.registrations.put(row, at, review_status="cancelled", answer_by=None, returned_fields=[], **changes)
        self._tell(deal, "withdrawn", at, deal.seller, reason=reason)

    def send_back(self, deal: Deal, at: datetime, fields: list[str], message: str) -> None:
        answer_by = due_by(at, self.programs[deal.partner.pk].return_days)
        self.registrations.put(
            deal.row.registration,
            at,
            review_status="action_required",
            returned_fields=sorted(fields),
            message=message,
            answer_by=answer_by,
        )
        self._tell(deal, "returned", at, deal.manager, fields=sorted(fields), answer_by=answer_by.isoformat())

    def answer(self, deal: Deal, at: datetime, **values: Any) -> None:
        row = deal.row.registration
        self.registrations.put(row, at, **values)
        answered = row["returned_fields"]
        respond_by, decide_by = self.programs[deal.partner.pk].answer_dates(at)
        self.registrations.put(
            row,
            at,
            review_status="pending",
            returned_fields=[],
            message="",
            answer_by=None,
            respond_by=respond_by,
            decide_by=decide_by,
        )
        self._tell(deal, "answered", at, deal.seller, fields=answered)

    def comment(self, deal: Deal, at: datetime, text: str) -> None:
        self.comments.add(
            at,
            registration_id=deal.row.registration["id"],
            partner_id=deal.partner.pk,
            author_id=deal.seller.pk,
            author_name=deal.seller.name,
            text=text,
            at=at,
        )
        self._tell(deal, "commented", at, deal.seller, text=text[:200])

    def reject(self, deal: Deal, at: datetime, reason: str, message: str) -> None:
        public = PUBLIC_REASON[RejectionReason(reason)].value
        self.approvals.put(
            deal.row.file, at, decided_by_id=deal.manager.pk, outcome="rejected", rejection_reason=reason
        )
        self.registrations.put(
            deal.row.registration,
            at,
            review_status="rejected",
            public_reason=public,
            decided_at=at,
            appeal_by=due_by(at, self.programs[deal.partner.pk].appeal_days),
            message=message,
        )
        self._tell(deal, "rejected", at, deal.manager, public_reason=public)

    def approve(self, deal: Deal, at: datetime, days: int) -> None:
        row, file = deal.row.registration, deal.row.file
        self.approvals.put(file, at, customer_id=deal.customer.pk, confirmed_by_id=deal.manager.pk)
        self._event(
            "approval",
            file,
            "customer_confirmed",
            at,
            deal.manager,
            customer=deal.customer.name,
            registration=str(row["id"]),
        )
        period = self.programs[deal.partner.pk].protection_period(day_of(at), days)
        lines = list(dict.fromkeys(product.line_id for product in deal.products))
        deal.row.protections = [
            self.protections.add(
                at,
                registration_id=row["id"],
                partner_id=deal.partner.pk,
                customer_id=deal.customer.pk,
                line_id=line,
                period=period,
            )
            for line in lines
        ]
        deal.row.opportunity = self.opportunities.add(
            at,
            name=row["customer_name"],
            customer_id=deal.customer.pk,
            route="partner",
            stage="qualified",
            opened_on=row["submitted_at"].date(),
            **{name: row[name] for name in ("amount", "currency", "recurring", "expected_close_date")},
        )
        for line in lines:
            self.opportunity_lines.add(at, opportunity_id=deal.row.opportunity["id"], line_id=line)
        self._event(
            "opportunity",
            deal.row.opportunity,
            "created",
            at,
            deal.manager,
            registration=str(row["id"]),
            route="partner",
        )
        participant = self.participants.add(
            at,
            opportunity_id=deal.row.opportunity["id"],
            partner_id=deal.partner.pk,
            role="selling",
            customer_name=row["customer_name"],
        )
        self.approvals.put(file, at, decided_by_id=deal.manager.pk, outcome="approved")
        self.registrations.put(
            row,
            at,
            review_status="approved",
            protection_status="active",
            protected_until=period.upper,
            participant_id=participant["id"],
            sales_stage="qualified",
            decided_at=at,
            message="",
        )
        self._tell(deal, "approved", at, deal.manager, protected_until=period.upper.isoformat())

    def move(self, deal: Deal, at: datetime, stage: str, cause: str = "", reason: str = "") -> None:
        opportunity = deal.row.opportunity
        old = opportunity["stage"]
        closed = day_of(at) if stage in ("won", "lost") else None
        self.stages.add(at, opportunity_id=opportunity["id"], old=old, new=stage, at=at, by_id=deal.manager.pk)
        self.opportunities.put(
            opportunity,
            at,
            stage=stage,
            closed_on=closed,
            lost_cause=cause if stage == "lost" else "",
            lost_reason=reason if stage == "lost" else "",
        )
        self._event(
            "opportunity",
            opportunity,
            "stage_changed",
            at,
            deal.manager,
            old=old,
            new=stage,
            old_closed_on=None,
            closed_on=closed.isoformat() if closed else None,
            cause=cause,
            reason=reason,
            reported_by=None,
        )
        if deal.row.registration:
            self.registrations.put(deal.row.registration, at, sales_stage=stage)
            self._tell(deal, "stage_changed", at, deal.manager, stage=stage)

    def lapse(self, deal: Deal, at: datetime) -> None:
        for protection in deal.row.protections:
            self.protections.put(protection, at, status="lapsed")
        self.registrations.put(deal.row.registration, at, protection_status="lapsed")
        self._tell(deal, "lapsed", at)

    def expire(self, deal: Deal, at: datetime) -> None:
        self.registrations.put(deal.row.registration, at, review_status="expired", answer_by=None)
        self._tell(deal, "expired", at)

    def open(self, deal: Deal, at: datetime) -> None:
        values, team = deal.values, self.teams[deal.manager.pk]
        deal.row.opportunity = self.opportunities.add(
            at,
            name=values["customer_name"],
            customer_id=deal.customer.pk,
            route="direct",
            team_id=team.pk,
            owner_id=deal.manager.pk,
            opened_on=at.date(),
            **{name: values[name] for name in ("amount", "currency", "recurring", "expected_close_date")},
        )
        for line in dict.fromkeys(product.line_id for product in deal.products):
            self.opportunity_lines.add(at, opportunity_id=deal.row.opportunity["id"], line_id=line)
        self.participants.add(at, opportunity_id=deal.row.opportunity["id"], team_id=team.pk)
        self._event("opportunity", deal.row.opportunity, "created", at, deal.manager)


class Told:
    """The rows of one deal while its story is written."""

    registration: Row | None = None
    file: Row
    opportunity: Row
    protections: list[Row]
