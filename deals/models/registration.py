from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries.fields import CountryField

from deals import transitions
from deals.axes import (
    AWAITING_VENDOR,
    OPEN_REVIEW,
    RUNNING,
    Initiative,
    ProtectionStatus,
    PublicReason,
    RegistrationScope,
    RegistrationType,
    ReviewStatus,
    Stage,
    SubmissionStatus,
)
from deals.models.appeal import Appeal
from deals.models.approval import Approval
from deals.models.comment import Comment
from deals.models.extension import Protected
from deals.models.participant import OpportunityParticipant
from deals.models.registration_line import RegistrationLine
from deals.models.review import EDITABLE_FIELDS, Review
from deals.querysets import DealRegistrationQuerySet
from partners.catalogue.models import DiscountRule
from partners.models import Partner
from partners.programs.models import Enrolment, Program
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.fields.columns import CustomValues
from prm.money import Money
from prm.money.fields import amount_field, currency_field
from prm.records import Record
from prm.rowpolicy import RowPolicy


def needed() -> dict[str, str]:
    """What a submission must hold: field → the sentence that asks for it."""
    return {
        "customer_name": _("Give the customer's name."),
        "customer_country": _("Choose the customer's country."),
        "products": _("Choose at least one product."),
        "amount": _("Give the expected amount."),
        "expected_close_date": _("Give the date you expect to close."),
    }


@pghistory.track()
class DealRegistration(Review, Protected, CustomValues, Record):
    """A partner's request to have its work on an opportunity recognised.

    Four axes, never one list: submission, review, protection, and the sales stage of the opportunity it leads to. What the
    vendor knows besides (the customer row, the internal reason, notes) stands in ``Approval``, out of the partner's reach, and
    never changes this row's version.
    """

    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="registrations", verbose_name=gettext_lazy("partner")
    )
    program = models.ForeignKey(
        Program,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="registrations",
        verbose_name=gettext_lazy("program"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=gettext_lazy("registered by")
    )
    type = models.CharField(
        gettext_lazy("type"), max_length=11, choices=RegistrationType.choices, default=RegistrationType.NEW
    )
    scope = models.CharField(
        gettext_lazy("scope"), max_length=7, choices=RegistrationScope.choices, default=RegistrationScope.WHOLE
    )
    place_name = models.CharField(gettext_lazy("site or project"), max_length=200, blank=True)
    customer_name = models.CharField(gettext_lazy("customer"), max_length=200, blank=True)
    customer_domain = models.CharField(gettext_lazy("website of the customer"), max_length=253, blank=True)
    customer_country: Any = CountryField(gettext_lazy("country of the customer"), blank=True)
    customer_number = models.CharField(gettext_lazy("VAT or company number"), max_length=40, blank=True)
    amount = amount_field(null=True, blank=True)
    currency = currency_field(blank=True)
    recurring = models.BooleanField(gettext_lazy("recurring"), default=False)
    expected_close_date = models.DateField(gettext_lazy("expected close"), null=True, blank=True)
    distributor = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="supplied_registrations",
        verbose_name=gettext_lazy("supplied by"),
    )
    description = models.TextField(gettext_lazy("what the project is about"), max_length=4000, blank=True)
    initiative = models.CharField(
        gettext_lazy("who began"), max_length=7, choices=Initiative.choices, default=Initiative.ACTIVE
    )
    initiative_evidence = models.TextField(gettext_lazy("how the customer asked"), max_length=1000, blank=True)

    submission_status = models.CharField(max_length=9, choices=SubmissionStatus.choices, default=SubmissionStatus.DRAFT)
    review_status = models.CharField(max_length=15, choices=ReviewStatus.choices, default=ReviewStatus.NONE)
    protection_status = models.CharField(max_length=8, choices=ProtectionStatus.choices, default=ProtectionStatus.NONE)
    protected_until = models.DateField(gettext_lazy("protected until"), null=True, editable=False)
    sales_stage = models.CharField(max_length=20, choices=Stage.choices, blank=True)
    participant = models.ForeignKey(
        OpportunityParticipant, models.SET_NULL, null=True, related_name="registrations", editable=False
    )

    submission = models.PositiveSmallIntegerField(default=0, editable=False)  # how often it was submitted
    submitted_at = models.DateTimeField(null=True, editable=False)
    respond_by = models.DateTimeField(null=True, editable=False)
    decide_by = models.DateTimeField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    public_reason = models.CharField(max_length=20, choices=PublicReason.choices, blank=True)
    message = models.TextField(gettext_lazy("message to the partner"), max_length=4000, blank=True)
    returned_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    answer_by = models.DateTimeField(null=True, editable=False)
    appeal_by = models.DateTimeField(
        null=True, editable=False
    )  # of a refusal: until when a second review may be asked for

    objects = DealRegistrationQuerySet.as_manager()
    # A CASE, not an OR: PostgreSQL would multiply it with the query's own condition, expect a handful of rows and sort them all.
    row_policy = RowPolicy(
        read="CASE WHEN partner_id = {readable} THEN true"
        " ELSE distributor_id = {partner} AND submission_status = 'submitted' END",
        write="partner_id = {partner}",
        delete="partner_id = {partner} AND submission_status = 'draft'",
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["partner", "-created_at", "-id"], name="registration_own"),
            models.Index(fields=["distributor", "-created_at", "-id"], name="registration_supplied"),
            models.Index(fields=["-created_at", "-id"], name="registration_recent"),
            models.Index(fields=["submitted_at", "partner"], name="registration_submitted"),
            models.Index(
                fields=["protected_until"],
                name="registration_ending",
                condition=models.Q(protection_status__in=RUNNING),
            ),
            models.Index(
                fields=["decide_by"], name="registration_queue", condition=models.Q(review_status__in=OPEN_REVIEW)
            ),
        ]
        constraints = [
            *transitions.constraints(),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | (models.Q(amount__gte=0) & ~models.Q(currency="")),
                name="registration_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(protection_status=ProtectionStatus.NONE, protected_until__isnull=True)
                | (~models.Q(protection_status=ProtectionStatus.NONE) & models.Q(protected_until__isnull=False)),
                name="protection_has_its_end",
            ),
        ]

    def __str__(self) -> str:
        return self.customer_name or _("New registration")

    def get_absolute_url(self) -> str:
        return reverse("deals:registration", args=[self.pk])

    # Questions ------------------------------------------------------------------------------------------------------------

    @property
    def is_editable(self) -> bool:
        return self.submission_status in (SubmissionStatus.DRAFT, SubmissionStatus.RECALLED) or self.is_returned

    @property
    def is_returned(self) -> bool:
        return self.review_status == ReviewStatus.ACTION_REQUIRED

    @property
    def is_protected(self) -> bool:
        return self.protection_status in RUNNING

    @property
    def is_open(self) -> bool:
        return self.review_status in OPEN_REVIEW

    @property
    def awaits_vendor(self) -> bool:
        return self.review_status in AWAITING_VENDOR

    @property
    def whose_turn(self) -> str:
        """Who must act now: ``partner`` or ``vendor``; empty once it has ended."""
        return transitions.whose_turn(self) or ""

    @property
    def due(self) -> list[transitions.Due]:
        """The deadlines that run now, the next one first, each with what happens when it passes."""
        return transitions.due(self)

    @property
    def open_fields(self) -> set[str]:
        """The fields that may be changed now: all of a draft, the named ones of a return, else none."""
        if self.is_returned:
            return set(self.returned_fields)
        return {*EDITABLE_FIELDS, "products"} if self.is_editable else set()

    @property
    def money(self) -> Money | None:
        return Money(self.amount, self.currency) if self.amount is not None else None

    @property
    def approval(self) -> Approval | None:
        """The vendor's file on the present submission; only vendor code asks for it."""
        return Approval.objects.filter(registration=self, submission=self.submission).select_related("customer").first()

    @property
    def appeal(self) -> Appeal | None:
        """The second review asked for on the present submission; of the rows fetched with it where they were."""
        return next((row for row in self.appeals.all() if row.submission == self.submission), None)

    def discounts(self, lines=None, enrolment=None) -> list[tuple]:
        """For each product line, what this partner pays less than list: (line, tier rule or None).

        Product lines and the partner's enrolment, where the caller has read them already.
        """
        enrolment = enrolment or Enrolment.objects.current_of(self.partner_id)
        if lines is None:
            lines = {row.product.line for row in self.lines.select_related("product__line")}
        rules = DiscountRule.objects.for_lines(enrolment.tier_id, lines) if enrolment else {}
        return [(line, rules.get(line.pk)) for line in sorted(lines, key=lambda line: line.name)]

    # The partner's verbs ----------------------------------------------------------------------------------------------------

    @classmethod
    @transaction.atomic
    def draft(cls, *, partner: Partner, by, products=(), **values) -> DealRegistration:
        """Begin a registration; everything may still be missing."""
        registration = cls(partner=partner, created_by=by, **values)
        registration.save(force_insert=True)
        registration.add_products(products)
        events.record(registration, "drafted", by=by, partner_id=registration.partner_id)
        return registration

    @transaction.atomic
    def edit(self, *, by, version=None, products=None, **values) -> DealRegistration:
        """Change a draft, or the named fields of a return."""
        self.lock(version)
        changed = {name for name, value in values.items() if getattr(self, name) != value}
        if products is not None and {p.pk for p in products} != set(self.lines.values_list("product_id", flat=True)):
            changed.add("products")
        if closed := sorted(changed - self.open_fields):
            raise RuleViolation(
                "not_editable",
                _("This can no longer be changed. Recall the registration first, or write a comment."),
                field=closed[0],
            )
        if products is not None and "products" in changed:
            self.set_products(products)
        self.put(**values)
        return self

    def set_products(self, products) -> None:
        """Exactly these products; the lines that stay keep their amounts."""
        wanted = {product.pk: product for product in products}
        self.lines.exclude(product__in=list(wanted)).delete()
        kept = set(self.lines.values_list("product_id", flat=True))
        self.add_products([product for pk, product in wanted.items() if pk not in kept])

    def add_products(self, products) -> None:
        RegistrationLine.objects.bulk_create(
            [RegistrationLine(registration=self, partner_id=self.partner_id, product=product) for product in products]
        )

    def missing(self) -> dict[str, str]:
        """What must still be given before submission: field → sentence."""
        missing = {name: text for name, text in needed().items() if not getattr(self, name, None)}
        if self.amount is not None:
            missing.pop("amount", None)  # nothing to pay is an amount too
        if self.lines.exists():
            missing.pop("products", None)
        if self.scope != RegistrationScope.WHOLE and not self.place_name:
            missing["place_name"] = _("Name the site or the project.")
        return missing

    @transaction.atomic
    def submit(self, *, by, version=None) -> DealRegistration:
        """Send for review. The answer is the same whoever else may have registered the customer: nobody is looked up here.

        The database stamps its own time and the next number (``Approval.receive``): that is who was first.
        """
        self.lock(version)
        moved = transitions.step(self, "submit", by=by)
        if missing := self.missing():
            raise ValidationError({field: ValidationError(text, code="required") for field, text in missing.items()})
        now = timezone.now()
        if self.is_returned:
            answered = self.returned_fields
            respond_by, decide_by = self.program.answer_dates(now)
            self.put(
                **moved,
                returned_fields=[],
                message="",
                answer_by=None,
                respond_by=respond_by,
                decide_by=decide_by,
            )
            events.record(self, "answered", by=by, partner_id=self.partner_id, fields=answered)
            return self
        enrolment = Enrolment.objects.current_of(self.partner_id)
        if enrolment is None:
            raise RuleViolation(
                "not_enrolled",
                _("Your company is not enrolled in a partner program yet. Ask your channel manager."),
                field="partner",
            )
        if self.expected_close_date < business_today():
            raise RuleViolation(
                "date_passed",
                _("The expected close is in the past. Give a date still to come."),
                field="expected_close_date",
            )
        respond_by, decide_by = enrolment.program.answer_dates(now)
        self.put(
            **moved,
            program=enrolment.program,
            submission=self.submission + 1,
            submitted_at=now,
            respond_by=respond_by,
            decide_by=decide_by,
            decided_at=None,
            public_reason="",
            message="",
        )
        Approval.receive(self)
        events.record(self, "submitted", by=by, partner_id=self.partner_id, customer=self.customer_name)
        return self

    @transaction.atomic
    def recall(self, *, by, version=None) -> None:
        """Take it back before a decision, to correct it."""
        self.lock(version)
        self.put(
            **transitions.step(self, "recall", by=by),
            respond_by=None,
            decide_by=None,
            answer_by=None,
            returned_fields=[],
            message="",
        )
        events.record(self, "recalled", by=by, partner_id=self.partner_id)

    @transaction.atomic
    def withdraw(self, *, by, version=None, reason: str = "") -> None:
        """End it: cancels a review, or releases the protections of an approved registration."""
        self.lock(version)
        changes: dict = {**transitions.step(self, "withdraw", by=by), "answer_by": None, "returned_fields": []}
        if self.is_protected:
            self.protections.running().release()
            changes["protected_until"] = min(self.protected_until, business_today())
        self.put(**changes)
        events.record(self, "withdrawn", by=by, partner_id=self.partner_id, reason=reason)

    @transaction.atomic
    def discard(self, *, by, version=None) -> None:
        """Delete a draft that was never submitted."""
        self.lock(version)
        transitions.step(self, "discard", by=by)
        self.lines.all().delete()
        events.record(self, "discarded", by=by, partner_id=self.partner_id)
        # Nothing else can hang on it yet; the rows of the vendor that Django would look through are out of the partner's reach.
        type(self)._base_manager.filter(pk=self.pk)._raw_delete(self._state.db)

    @transaction.atomic
    def comment(self, *, by, text: str) -> Comment:
        """A message between the partner and the vendor, read by both."""
        if not text.strip():
            raise RuleViolation("text_missing", _("Write a message first."), field="text")
        comment = Comment.objects.create(
            registration=self, partner_id=self.partner_id, author=by, author_name=by.name, text=text
        )
        events.record(self, "commented", by=by, partner_id=self.partner_id, text=text[:200])
        return comment

    @property
    def last_protected_day(self) -> date | None:
        """The day screens and mails show; ``protected_until`` itself is exclusive."""
        return self.protected_until - timedelta(days=1) if self.protected_until else None
