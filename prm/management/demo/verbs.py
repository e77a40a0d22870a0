"""Tell a plan through the product's own verbs, each at its moment, with the background work that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from deals.axes import OPEN_REVIEW, RUNNING
from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import Appeal, DealRegistration, Opportunity, OpportunityLine, OpportunityParticipant
from deals.tasks import expire_unanswered, lapse_protections
from partners.models import User
from prm import events
from prm.events.models import Errand
from prm.events.tasks import run_errand
from prm.management.demo.clock import Clock
from prm.management.demo.plan import Deal


class Teller:
    """Does each step of a plan; its methods are the verbs of ``plan.Step``."""

    def __init__(self, clock: Clock, fresh: datetime):
        self.clock, self.fresh = clock, fresh

    def tell(self, deals: Iterable[Deal]) -> None:
        """All steps of all deals, in the order of their moments: who was first is first.

        From ``fresh`` on the background follows at once, with conflicts and notices. What older steps call for is made good in
        one go: conflicts are recomputed from the rows, and nobody is told old news.
        """
        told = list(deals)
        agenda = sorted(
            ((step.at, n, step, deal) for n, deal in enumerate(told) for step in deal.steps), key=lambda item: item[:2]
        )
        for at, _n, step, deal in agenda:
            if at >= self.fresh > self.clock.moment:
                self.catch_up(told)
            self.clock.moment = at
            getattr(self, step.verb)(deal, **step.facts)
            if at >= self.fresh:
                run_errands()

    def catch_up(self, deals: list[Deal]) -> None:
        """Look at each live registration once, in the order of arrival, in place of all errands so far."""
        ids = [deal.row.pk for deal in deals if isinstance(deal.row, DealRegistration)]
        look_at(self.clock, DealRegistration.objects.filter(pk__in=ids))

    def draft(self, deal: Deal) -> None:
        deal.row = DealRegistration.draft(partner=deal.partner, by=deal.seller, products=deal.products, **deal.values)

    def submit(self, deal: Deal) -> None:
        deal.row.submit(by=deal.seller)

    def recall(self, deal: Deal) -> None:
        deal.row.recall(by=deal.seller)

    def take(self, deal: Deal) -> None:
        deal.row.take(by=deal.manager)

    def withdraw(self, deal: Deal, reason: str) -> None:
        deal.row.withdraw(by=deal.seller, reason=reason)

    def send_back(self, deal: Deal, fields: list[str], message: str) -> None:
        deal.row.send_back(by=deal.manager, fields=fields, message=message)

    def answer(self, deal: Deal, **values: Any) -> None:
        deal.row.edit(by=deal.seller, **values)
        deal.row.submit(by=deal.seller)

    def comment(self, deal: Deal, text: str) -> None:
        deal.row.comment(by=deal.seller, text=text)

    def reject(self, deal: Deal, reason: str, message: str) -> None:
        deal.row.reject(by=deal.manager, reason=reason, message=message)

    def appeal(self, deal: Deal, text: str) -> None:
        Appeal.lodge(deal.row, by=deal.seller, text=text)

    def uphold(self, deal: Deal, message: str) -> None:
        deal.row.appeals.get().uphold(by=self._second(deal), message=message)

    def overturn(self, deal: Deal, message: str) -> None:
        deal.manager = self._second(deal)  # who has the deal from now on
        deal.row.appeals.get().overturn(by=deal.manager, message=message)
        deal.row.refresh_from_db()

    def _second(self, deal: Deal) -> User:
        """Whoever looks at a refusal again: not the manager who refused."""
        return User.objects.filter(role="program_owner").exclude(pk=deal.manager.pk).order_by("email")[0]

    def approve(self, deal: Deal, days: int) -> None:
        """A manager confirms the customer where the matcher was not certain, or took another that is written alike."""
        file = deal.row.approval
        if file.customer_id != deal.customer.pk:
            file.confirm(deal.customer, by=deal.manager)
        deal.row.approve(by=deal.manager, days=days)

    def settle(self, deal: Deal, **decision: str) -> None:
        self._conflict(deal).settle(by=deal.manager, **decision)

    def dismiss(self, deal: Deal, reason: str) -> None:
        self._conflict(deal).dismiss(by=deal.manager, reason=reason)

    def _conflict(self, deal: Deal) -> Conflict:
        """The one that its arrival called forth."""
        return Conflict.objects.open().filter(registration=deal.row.pk).get()

    def move(self, deal: Deal, stage: str, cause: str = "", reason: str = "") -> None:
        opportunity = deal.row if isinstance(deal.row, Opportunity) else deal.row.participant.opportunity
        opportunity.move_to(stage, by=deal.manager, cause=cause, reason=reason)

    def extend(self, deal: Deal) -> None:
        deal.row.extend(by=deal.seller)

    def lapse(self, deal: Deal) -> None:
        lapse_protections()

    def expire(self, deal: Deal) -> None:
        expire_unanswered()

    def open(self, deal: Deal) -> None:
        """Direct sales enters an opportunity of its own."""
        values, team = deal.values, deal.manager.teams.first()
        deal.row = Opportunity.objects.create(
            name=values["customer_name"],
            customer=deal.customer,
            route="direct",
            team=team,
            owner=deal.manager,
            opened_on=self.clock.moment.date(),
            **{name: values[name] for name in ("amount", "currency", "recurring", "expected_close_date")},
        )
        OpportunityLine.objects.bulk_create(
            [OpportunityLine(opportunity=deal.row, line=line) for line in {product.line for product in deal.products}]
        )
        OpportunityParticipant.objects.create(opportunity=deal.row, team=team)
        events.record(deal.row, "created", by=deal.manager)


def look_at(clock: Clock, registrations: QuerySet[DealRegistration]) -> None:
    """Index the live ones among these and find their conflicts, each at the time of its last change; no errand is left."""
    live = registrations.filter(Q(review_status__in=OPEN_REVIEW) | Q(protection_status__in=RUNNING))
    for registration in live.select_related("partner", "participant").order_by("updated_at", "id"):
        clock.moment = max(clock.moment, registration.updated_at)
        watch(registration)
    Errand.objects.all().delete()


def run_errands() -> None:
    """Do what followed, and what followed from that, as the worker would; a failure ends the loading.

    What is due later waits for its time.
    """
    while errands := list(Errand.objects.filter(due_at__lte=timezone.now()).order_by("id")):
        for errand in errands:
            run_errand(str(errand.pk))
        failed = Errand.objects.filter(tries__gt=0).first()
        if failed is not None:
            raise RuntimeError(f"{failed.task} failed: {failed.error}")
