"""Deal registrations from files: drafts, open submissions and decided ones, as another system kept them.

Nobody is told of them: they are history. Their place in the queue follows the day they were submitted on, before everything that
was submitted here, and the vendor's file says that they were imported.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from psycopg2.extras import DateRange

from deals.axes import (
    PUBLIC_REASON,
    ParticipantRole,
    ProtectionStatus,
    RegistrationScope,
    RegistrationType,
    RejectionReason,
    ReviewStatus,
    Route,
    Stage,
    SubmissionStatus,
)
from deals.models import (
    Approval,
    DealRegistration,
    Opportunity,
    OpportunityLine,
    OpportunityParticipant,
    Protection,
    RegistrationLine,
)
from partners.catalogue.models import Product
from partners.models import Membership, Partner, User
from partners.programs.models import Enrolment
from prm.calendar import business_today, business_zone
from prm.events.models import Event
from prm.events.record import record_all, request_id
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register
from prm.imports.values import choice, text
from prm.money import Money
from territories.models import Customer


class Standing(models.TextChoices):
    """Where an imported registration stands, in one word."""

    DRAFT = "draft", pgettext_lazy("submission", "draft")
    SUBMITTED = "submitted", pgettext_lazy("submission", "submitted")
    APPROVED = "approved", pgettext_lazy("review", "approved")
    REJECTED = "rejected", pgettext_lazy("review", "rejected")
    EXPIRED = "expired", pgettext_lazy("review", "expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("review", "withdrawn")


REVIEW = {
    Standing.DRAFT: ReviewStatus.NONE,
    Standing.SUBMITTED: ReviewStatus.PENDING,
    Standing.APPROVED: ReviewStatus.APPROVED,
    Standing.REJECTED: ReviewStatus.REJECTED,
    Standing.EXPIRED: ReviewStatus.EXPIRED,
    Standing.WITHDRAWN: ReviewStatus.CANCELLED,
}
BEFORE_ALL = 10**18  # imported numbers are below zero, so that live ones, which count from 1, come after them


@register
class DealRegistrations(ImportKind):
    """Existing registrations keep what they are: their states move by their own verbs, so a file changes none of them."""

    name, label, model, capability, list_url, order = (
        "deal-registrations",
        gettext_lazy("Deal registrations"),
        DealRegistration,
        "decide_registrations",
        "deals:registrations",
        45,
    )
    keys = [("external_id",)]
    columns = [
        Column(
            "partner",
            gettext_lazy("Partner"),
            text(200),
            required=True,
            reference=Reference(Partner),
            only_new=True,
            aliases=("partner account", "reseller", "partenaire"),
        ),
        Column(
            "customer_name",
            gettext_lazy("Customer"),
            text(200),
            required=True,
            only_new=True,
            aliases=("customer", "account", "account name", "client", "end customer"),
        ),
        Column(
            "customer_domain",
            gettext_lazy("website of the customer"),
            values.domain,
            only_new=True,
            aliases=("customer website", "domain", "website"),
        ),
        Column(
            "customer_country",
            gettext_lazy("country of the customer"),
            values.country,
            only_new=True,
            aliases=("country", "pays"),
        ),
        Column(
            "customer_number", gettext_lazy("VAT or company number"), text(40), only_new=True, aliases=("vat", "siren")
        ),
        Column(
            "customer_record",
            gettext_lazy("Confirmed customer"),
            text(200),
            attr="",
            reference=Reference(Customer),
            aliases=("customer id", "confirmed customer"),
        ),
        Column(
            "product",
            gettext_lazy("product"),
            text(200),
            attr="",
            reference=Reference(Product, by=("sku", "name")),
            aliases=("product name", "sku", "produit"),
        ),
        Column("type", gettext_lazy("type"), choice(RegistrationType), only_new=True),
        Column("scope", gettext_lazy("scope"), choice(RegistrationScope), only_new=True),
        Column("place_name", gettext_lazy("site or project"), text(200), only_new=True),
        Column("amount", gettext_lazy("amount"), values.amount, only_new=True, aliases=("deal amount", "montant")),
        Column("currency", gettext_lazy("currency"), values.currency, only_new=True, aliases=("devise",)),
        Column(
            "expected_close_date",
            gettext_lazy("expected close"),
            values.day,
            only_new=True,
            aliases=("close date", "expected close date"),
        ),
        Column("description", gettext_lazy("what the project is about"), text(4000), only_new=True),
        Column("status", gettext_lazy("State"), choice(Standing), attr="", aliases=("state", "statut")),
        Column(
            "submitted_at",
            gettext_lazy("Submitted"),
            values.moment,
            only_new=True,
            aliases=("submitted on", "registration date", "created date"),
        ),
        Column(
            "decided_at", gettext_lazy("Decided"), values.moment, only_new=True, aliases=("decided on", "approval date")
        ),
        Column(
            "protected_to",
            gettext_lazy("Last protected day"),
            values.day,
            attr="",
            aliases=("protected until", "expiry date", "expiration date"),
        ),
        Column("rejection_reason", gettext_lazy("reason"), choice(RejectionReason), attr=""),
        Column(
            "opportunity",
            gettext_lazy("Opportunity"),
            text(200),
            attr="",
            reference=Reference(Opportunity),
            aliases=("deal", "opportunity id"),
        ),
        Column(
            "author",
            gettext_lazy("registered by"),
            values.email,
            attr="created_by",
            reference=Reference(User, by=("email",)),
            only_new=True,
            aliases=("submitted by",),
        ),
    ]

    def check(self, row: Row) -> None:
        given = row.values
        status = given.setdefault("status", Standing.DRAFT)
        if "amount" in given:
            if "currency" not in given:
                row.refuse("currency", "required", _("An amount needs its currency."))
            else:
                try:
                    Money(given["amount"], given["currency"])
                except ValidationError as error:
                    row.refuse("amount", "too_precise", error.messages[0])
        if status == Standing.DRAFT:
            return
        for column in ("customer_country", "product", "amount", "expected_close_date", "submitted_at"):
            if column not in given:
                row.refuse(column, "required", _("A registration that was submitted needs this."))
        if given.get("scope", RegistrationScope.WHOLE) != RegistrationScope.WHOLE and "place_name" not in given:
            row.refuse("place_name", "required", _("Name the site or the project."))
        for column in ("submitted_at", "decided_at"):
            if column in given and given[column] > timezone.now():
                row.refuse(column, "in_the_future", _("This is still to come; give a time that is past."))
        if "submitted_at" in given and "decided_at" in given and given["decided_at"] < given["submitted_at"]:
            row.refuse("decided_at", "dates_reversed", _("It was decided before it was submitted."))
        if status == Standing.APPROVED and "customer_record" not in given:
            row.refuse("customer_record", "required", _("An approved registration needs the customer it is about."))

    def compare(self, rows: list[Row], run: Any) -> None:
        """What each new registration's columns follow from; the program is the one its partner is enrolled in."""
        new = [row for row in rows if row.record is None]
        partners = {row.values["partner"].pk for row in new}
        programs = {}
        enrolments = Enrolment.objects.in_force().filter(partner__in=partners).select_related("program")
        for enrolment in enrolments.order_by("-created_at", "-id"):
            programs[enrolment.partner_id] = enrolment.program
        authors = self.authors(partners)
        for row in new:
            partner, status = row.values["partner"], Standing(row.values["status"])
            author = row.values.get("author") or run.user or authors.get(partner.pk) or partner.channel_manager
            if author is None:
                row.refuse("author", "required", _("Say who registered it: this partner has no people yet."))
                continue
            row.changes |= {"created_by": author, "review_status": REVIEW[status]}
            if status == Standing.DRAFT:
                continue
            program = programs.get(partner.pk)
            if program is None:
                row.refuse("partner", "not_enrolled", _("This partner is not enrolled in a program."))
                continue
            row.changes |= self.submitted(row, status, program)

    @staticmethod
    def authors(partners: set) -> dict:
        """Who stands for a partner when the file does not say: its first administrator."""
        found: dict = {}
        members = Membership.objects.filter(partner__in=partners, is_active=True).select_related("user")
        for member in members.order_by("role", "created_at", "id"):
            found.setdefault(member.partner_id, member.user)
        return found

    @staticmethod
    def submitted(row: Row, status: Standing, program: Any) -> dict[str, Any]:
        at = row.values["submitted_at"]
        respond_by, decide_by = program.answer_dates(at)
        changes: dict[str, Any] = {
            "program": program,
            "submission_status": SubmissionStatus.SUBMITTED,
            "submission": 1,
            "respond_by": respond_by,
            "decide_by": decide_by,
        }
        if status in (Standing.APPROVED, Standing.REJECTED):
            changes["decided_at"] = row.values.get("decided_at", at)
        if status == Standing.REJECTED:
            reason = row.values.setdefault("rejection_reason", RejectionReason.OTHER)
            changes["public_reason"] = PUBLIC_REASON[RejectionReason(reason)]
        if status == Standing.APPROVED:
            start = changes["decided_at"].astimezone(business_zone()).date()
            last = row.values.get("protected_to")
            end = last + timedelta(days=1) if last else program.protection_period(start).upper
            if end <= start:
                row.refuse("protected_to", "dates_reversed", _("The protection ends before it begins."))
            row.values["period"] = DateRange(start, end)
            running = end > business_today()
            known = row.values.get("opportunity")
            changes |= {
                "sales_stage": known.stage if known else Stage.QUALIFIED,
                "protected_until": end,
                "protection_status": ProtectionStatus.ACTIVE if running else ProtectionStatus.LAPSED,
            }
        return changes

    def created(self, rows: list[Row], run: Any) -> None:
        """Product, the vendor's file, and of an approved one its opportunity, part and protection."""
        RegistrationLine.objects.bulk_create(
            [
                RegistrationLine(
                    registration=row.record,
                    partner_id=row.record.partner_id,
                    product=row.values["product"],
                    amount=row.values.get("amount"),
                )
                for row in rows
                if "product" in row.values
            ],
            batch_size=1000,
        )
        sent = [row for row in rows if row.values["status"] != Standing.DRAFT]
        sent.sort(key=lambda row: (row.values["submitted_at"], row.line))
        Approval.objects.bulk_create(
            [self.file(row, number, run) for row, number in zip(sent, numbers(len(sent)), strict=True)], batch_size=1000
        )
        self.approve([row for row in sent if row.values["status"] == Standing.APPROVED])

    @staticmethod
    def file(row: Row, number: int, run: Any) -> Approval:
        """The vendor's file on an imported submission."""
        status = row.values["status"]
        return Approval(
            registration=row.record,
            partner_id=row.record.partner_id,
            submission=1,
            received_at=row.values["submitted_at"],
            sequence=int(row.values["submitted_at"].timestamp()) * 10**7 + number - BEFORE_ALL,
            customer=row.values.get("customer_record"),
            customer_evidence={"rule": "import", "source": run.source} if "customer_record" in row.values else {},
            outcome=status if status in (Standing.APPROVED, Standing.REJECTED) else "",
            rejection_reason=row.values.get("rejection_reason", "") if status == Standing.REJECTED else "",
            notes=_("Imported from %(source)s.") % {"source": run.source},
        )

    def approve(self, rows: list[Row]) -> None:
        """An opportunity with the partner on it, and the protection as long as it runs."""
        made = {
            row.line: Opportunity(
                name=row.record.customer_name,
                customer=row.values["customer_record"],
                route=Route.PARTNER,
                stage=Stage.QUALIFIED,
                amount=row.record.amount,
                currency=row.record.currency,
                expected_close_date=row.record.expected_close_date,
                opened_on=row.values["submitted_at"].astimezone(business_zone()).date(),
            )
            for row in rows
            if "opportunity" not in row.values
        }
        Opportunity.objects.bulk_create(made.values(), batch_size=1000)
        OpportunityLine.objects.bulk_create(
            [
                OpportunityLine(opportunity=made[row.line], line_id=row.values["product"].line_id)
                for row in rows
                if row.line in made
            ],
            batch_size=1000,
        )
        known = self.parts_of(rows)
        for row in rows:
            opportunity = row.values.get("opportunity") or made[row.line]
            part = known.get((opportunity.pk, row.record.partner_id)) or OpportunityParticipant.objects.create(
                opportunity=opportunity, partner_id=row.record.partner_id, customer_name=row.record.customer_name
            )
            known[opportunity.pk, row.record.partner_id] = part
            row.record.participant = part
        DealRegistration.objects.bulk_update([row.record for row in rows], ["participant"], batch_size=500)
        Protection.objects.bulk_create([self.protection(row) for row in rows], batch_size=1000)

    @staticmethod
    def parts_of(rows: list[Row]) -> dict[tuple, OpportunityParticipant]:
        """The parts partners have already in the opportunities the file names."""
        wanted = {row.values["opportunity"].pk for row in rows if "opportunity" in row.values}
        parts = OpportunityParticipant.objects.filter(opportunity__in=wanted, role=ParticipantRole.SELLING)
        return {(part.opportunity_id, part.partner_id): part for part in parts if part.partner_id}

    @staticmethod
    def protection(row: Row) -> Protection:
        return Protection(
            registration=row.record,
            partner_id=row.record.partner_id,
            customer=row.values["customer_record"],
            line_id=row.values["product"].line_id,
            period=row.values["period"],
            status=row.record.protection_status,
        )

    def saved(self, rows: list[Row], run: Any) -> None:
        """Whoever looks for conflicts and counts touches follows; nobody is written to."""
        record_all(
            [
                Event(
                    verb="imported",
                    subject_type="deal_registration",
                    subject_id=row.record.pk,
                    partner_id=row.record.partner_id,
                    actor_id=run.user.pk if run.user else None,
                    actor_name=run.user.name if run.user else "",
                    actor_side="vendor" if run.user else "system",
                    payload={"status": row.values["status"]},
                    request_id=request_id(),
                )
                for row in rows
                if row.action == "created" and row.values["status"] != Standing.DRAFT
            ]
        )

    def name_of(self, row: Row) -> str:
        return str(row.get("customer_name") or row.record or "")


def numbers(count: int) -> list[int]:
    """Numbers of submission, one each, in their order; they break the tie between registrations of one moment."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('deals_submission_sequence') %% 10000000 FROM generate_series(1, %s)", [count])
        return [number for (number,) in cursor.fetchall()]
