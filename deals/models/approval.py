from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Func, Max, Value
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from deals.axes import ParticipantRole, RegistrationScope, RejectionReason, Route, Stage
from deals.models.appeal import AppealDecision
from deals.models.opportunity import Opportunity, OpportunityLine
from deals.models.participant import OpportunityParticipant
from deals.models.protection import Protection, lock_customer, place
from deals.querysets import ApprovalQuerySet
from partners.models import Partner
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import RowPolicy
from territories.models import Customer

if TYPE_CHECKING:
    from deals.models.registration import DealRegistration

LONGEST = 730  # days a protection may last


@pghistory.track(exclude=["before"])  # what an undo within seconds needs is no history
class Approval(Record):
    """The vendor's file on one submission of a registration: when it came, which customer it is, what was decided and why.

    The portal may add the row and nothing else; a partner never reads it.
    """

    registration = models.ForeignKey("deals.DealRegistration", models.CASCADE, related_name="approvals")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    submission = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField(gettext_lazy("received"))
    sequence = models.BigIntegerField(gettext_lazy("number"), unique=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="approvals", verbose_name=gettext_lazy("customer")
    )
    customer_evidence = models.JSONField(
        default=dict, blank=True
    )  # how the customer was recognised: rule, version, inputs
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    opportunity = models.ForeignKey(
        Opportunity,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="approvals",
        verbose_name=gettext_lazy("opportunity"),
    )  # the same deal as the CRM knows it, said before the decision; the partner learns nothing of it
    place_number = models.PositiveIntegerField(null=True, blank=True)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_for = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # was away
    before = models.JSONField(
        default=dict, blank=True, encoder=DjangoJSONEncoder
    )  # what the decision changed, for an undo
    outcome = models.CharField(max_length=10, blank=True)
    rejection_reason = models.CharField(
        gettext_lazy("reason"), max_length=20, choices=RejectionReason.choices, blank=True
    )
    notes = models.TextField(gettext_lazy("private notes"), blank=True)

    objects = ApprovalQuerySet.as_manager()
    row_policy = RowPolicy(insert="partner_id = {partner}")
    portal_sequences = ("deals_submission_sequence",)

    class Meta:
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["registration", "submission"], name="one_file_a_submission")]

    def __str__(self) -> str:
        return f"{self.sequence} · {self.registration_id}"

    @classmethod
    def receive(cls, registration: DealRegistration) -> None:
        """Stamp a submission with the database's clock and the next number."""
        cls(
            registration=registration,
            partner_id=registration.partner_id,
            submission=registration.submission,
            received_at=Func(function="clock_timestamp"),
            sequence=Func(Value("deals_submission_sequence"), function="nextval"),
        ).save(force_insert=True)

    def take(self, by) -> None:
        self.put(taken_by=by)

    @transaction.atomic
    def assign(self, reviewer, *, by, version=None) -> bool:
        """Give the decision to a colleague who may take it; the partner's row does not change."""
        self.lock(version)
        if reviewer is not None and not reviewer.may("decide_registrations"):
            raise RuleViolation(
                "may_not_decide", _("%(name)s may not decide on registrations.") % {"name": reviewer}, field="reviewer"
            )
        if self.outcome or self.taken_by_id == (reviewer.pk if reviewer else None):
            return False
        self.put(taken_by=reviewer)
        events.record(self, "assigned", by=by, reviewer=reviewer.name if reviewer else "")
        return True

    def note(self, text: str, *, by, version=None) -> None:
        """Keep private notes; the partner's row does not change."""
        self.lock(version)
        self.put(notes=text)
        events.record(self, "noted", by=by)

    def confirm(self, customer: Customer, *, by=None, evidence: dict | None = None, version=None) -> None:
        """Say which customer this is; by a person, or by the matcher (``by`` None) with its evidence."""
        self.lock(version)
        self.put(customer=customer, confirmed_by=by, customer_evidence=evidence or {})
        events.record(self, "customer_confirmed", by=by, customer=customer.name, registration=str(self.registration_id))
        if by is not None:
            customer.learn(by=by, name=self.registration.customer_name)

    def link(self, opportunity: Opportunity, *, by) -> None:
        """This is the deal we already have as that opportunity: approval will use it, and the two are never compared."""
        known, theirs = self.customer_id, opportunity.customer_id
        if known and theirs and known != theirs:
            raise RuleViolation(
                "other_customer",
                _("%(name)s is about another customer. Correct the customer first, or choose another opportunity.")
                % {"name": opportunity.name},
                field="registration",
            )
        self.put(opportunity=opportunity)
        events.record(
            self,
            "linked",
            by=by,
            opportunity=str(opportunity.pk),
            name=opportunity.name,
            registration=str(self.registration_id),
        )
        if not known and theirs:
            self.confirm(opportunity.customer, by=by, evidence={"rule": "linked to an opportunity"})

    def close(self, by, outcome: str, **changes) -> None:
        AppealDecision.refuse_second_time(self.registration_id, by)
        self.put(decided_by=by, outcome=outcome, **changes)

    def grant(
        self, registration: DealRegistration, *, by, opportunity: Opportunity | None, days: int | None
    ) -> OpportunityParticipant:
        """Protections and opportunity of an approval, under the customer's lock; says which line blocks."""
        if self.customer is None:
            raise RuleViolation(
                "customer_not_confirmed", _("Confirm which customer this is before you approve."), field="customer"
            )
        lock_customer(self.customer_id)
        if registration.scope != RegistrationScope.WHOLE and self.place_number is None:
            self.put(place_number=self._number_of_place(registration.place_name))
        spot = place(self.place_number)
        if days is not None and not 1 <= days <= LONGEST:
            raise RuleViolation(
                "length_out_of_range",
                _("A protection lasts from 1 to %(most)s days.") % {"most": LONGEST},
                field="days",
            )
        period: DateRange = registration.program.protection_period(length=days)
        lines = {row.product.line_id: row.product.line for row in registration.lines.select_related("product__line")}
        if blocking := list(
            Protection.objects.blocking(self.customer, lines, spot, period).select_related("line", "partner")
        ):
            raise RuleViolation(
                "line_protected",
                _(
                    "%(line)s is protected for %(partner)s until %(day)s. Release that protection or open a conflict case first."
                )
                % {"line": blocking[0].line, "partner": blocking[0].partner, "day": date_format(blocking[0].last_day)},
                field="products",
                lines=[protection.line_id for protection in blocking],
            )
        Protection.objects.bulk_create(
            [
                Protection(
                    registration=registration,
                    partner_id=registration.partner_id,
                    customer=self.customer,
                    line=line,
                    place=spot,
                    period=period,
                )
                for line in lines.values()
            ]
        )
        opportunity = opportunity or self.opportunity
        if opportunity is None:
            opportunity = self._new_opportunity(registration, lines.values(), by=by)
        participant, _created = OpportunityParticipant.objects.get_or_create(
            opportunity=opportunity,
            partner_id=registration.partner_id,
            role=ParticipantRole.SELLING,
            defaults={"customer_name": registration.customer_name, "share": 100},
        )
        self.close(by, "approved")
        return participant

    def _new_opportunity(self, registration: DealRegistration, lines, *, by) -> Opportunity:
        opportunity = Opportunity.objects.create(
            name=registration.customer_name,
            customer=self.customer,
            route=Route.PARTNER,
            stage=Stage.QUALIFIED,
            amount=registration.amount,
            currency=registration.currency,
            recurring=registration.recurring,
            expected_close_date=registration.expected_close_date,
            opened_on=registration.submitted_at.date(),
        )
        OpportunityLine.objects.bulk_create([OpportunityLine(opportunity=opportunity, line=line) for line in lines])
        events.record(opportunity, "created", by=by, registration=str(registration.pk), route=opportunity.route)
        return opportunity

    def _number_of_place(self, name: str) -> int:
        """The number of this site or project at this customer: the one it got before, else the next."""
        files = Approval.objects.filter(customer=self.customer, place_number__isnull=False)
        known = files.filter(registration__place_name__iexact=name).values_list("place_number", flat=True).first()
        return known or (files.aggregate(last=Max("place_number"))["last"] or 0) + 1
