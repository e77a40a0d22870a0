from __future__ import annotations

from datetime import date, datetime, timedelta

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateRange

from partners.models import Partner
from partners.programs.querysets import EnrolmentQuerySet, ProgramQuerySet, TierQuerySet
from prm import events
from prm.calendar import business_today, due_by
from prm.records import Record
from prm.rowpolicy import RowPolicy


def days(label, default: int, most: int = 730) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        label, default=default, validators=[MinValueValidator(0), MaxValueValidator(most)]
    )


@pghistory.track()
class Program(Record):
    """What partners join: tiers, and the vendor's promises on deal registration."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    summary = models.TextField(_("summary"), blank=True)
    is_open = models.BooleanField(_("open to new partners"), default=True)
    protection_days = days(_("protection, in days"), 90)
    extension_days = days(_("extension, in days"), 30)
    extensions = models.PositiveSmallIntegerField(
        _("extensions a partner takes itself"), default=1, validators=[MaxValueValidator(12)]
    )
    extension_window_days = days(_("extended after activity in the last, in days"), 30, 365)
    response_days = days(_("first answer, in business days"), 1, 60)
    decision_days = days(_("decision, in business days"), 2, 60)
    return_days = days(_("answer to a return, in business days"), 10, 120)
    appeal_days = days(_("appeal, in business days"), 10, 120)

    objects = ProgramQuerySet.as_manager()
    row_policy = RowPolicy(read="id IN (SELECT program_id FROM programs_enrolment WHERE partner_id = {readable})")

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("programs:program", args=[self.pk])

    def protection_period(self, start: date | None = None, length: int | None = None) -> DateRange:
        """The protection that begins on ``start`` (today on the vendor's calendar); the end is exclusive."""
        start = start or business_today()
        return DateRange(start, start + timedelta(days=length or self.protection_days))

    def answer_dates(self, submitted_at: datetime) -> tuple[datetime, datetime]:
        """When the partner hears from the vendor at the latest: first answer, decision."""
        return due_by(submitted_at, self.response_days), due_by(submitted_at, self.decision_days)


@pghistory.track()
class Tier(Record):
    """A partner's rank in a program; rank 1 is the entry."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="tiers", verbose_name=_("program"))
    name = models.CharField(_("name"), max_length=100)
    rank = models.PositiveSmallIntegerField(_("rank"))
    description = models.TextField(_("description"), blank=True)

    objects = TierQuerySet.as_manager()
    row_policy = RowPolicy(
        read="program_id IN (SELECT program_id FROM programs_enrolment WHERE partner_id = {readable})"
    )

    class Meta:
        ordering = ["program", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["program", "rank"], name="tier_rank"),
            models.UniqueConstraint(fields=["program", "name"], name="tier_name"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Enrolment(Record):
    """A partner's place in a program, with its tier, over a period; one at a time in each program."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="enrolments", verbose_name=_("partner"))
    program = models.ForeignKey(Program, models.PROTECT, related_name="enrolments", verbose_name=_("program"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="enrolments", verbose_name=_("tier"))
    period = DateRangeField(_("period"))

    objects = EnrolmentQuerySet.as_manager()
    row_policy = RowPolicy(read="partner_id = {readable}")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            ExclusionConstraint(
                name="enrolled_once",
                expressions=[
                    ("partner", RangeOperators.EQUAL),
                    ("program", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The partner is already enrolled in this program in that period."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner} · {self.program} · {self.tier}"

    @transaction.atomic
    def move_to(self, tier: Tier, *, by, start: date | None = None) -> Enrolment:
        """Give the partner another tier from ``start`` on; the earlier tier keeps its period."""
        start = start or business_today()
        self.lock()
        if self.period.lower == start:
            self.put(tier=tier)
            changed = self
        else:
            end = self.period.upper
            self.put(period=DateRange(self.period.lower, start))
            changed = Enrolment.objects.create(
                partner_id=self.partner_id, program_id=self.program_id, tier=tier, period=DateRange(start, end)
            )
        events.record(changed, "tier_changed", by=by, partner_id=self.partner_id, tier=tier.name)
        return changed
