from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg2.extras import DateRange

from deals.axes import ProtectionStatus, ReviewStatus, SubmissionStatus
from deals.models.approval import LONGEST, Approval
from deals.models.comment import Comment
from deals.models.opportunity import StageChange
from deals.models.participant import OpportunityParticipant
from deals.models.protection import Protection, lock_customer
from deals.transitions import refusal, step
from partners.engagement.models import Activity
from partners.models import Partner
from partners.programs.models import Enrolment, Program
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation

if TYPE_CHECKING:
    from deals.models.registration import DealRegistration

# What higher apps know of work on a deal: ``rows(registration, since)``, each row one moment, of rows the partner may read.
activity_sources: list[Callable[[DealRegistration, datetime], models.QuerySet]] = []


def last_activity(registration: DealRegistration, since: datetime) -> datetime | None:
    """When somebody last worked on the deal since then: this is what counts as activity, here and nowhere else.

    An activity both sides read, a comment, a change of stage, and what ``activity_sources`` add (touches). Only rows the
    partner may read count, so that its own extension and the vendor's look at it come to the same answer.
    """
    about = [pk for pk in (registration.pk, registration.participant_id) if pk]
    moments = [
        Activity.objects.filter(subject_id__in=about, shared=True, done_at__gte=since).values_list("done_at"),
        Comment.objects.filter(registration=registration, at__gte=since).values_list("at"),
        *(source(registration, since) for source in activity_sources),
    ]
    if registration.participant_id:
        deal = OpportunityParticipant.objects.filter(pk=registration.participant_id).values("opportunity")
        moments.append(StageChange.objects.filter(opportunity__in=deal, at__gte=since).values_list("at"))
    first, *others = (rows.order_by() for rows in moments)
    return max((moment for (moment,) in first.union(*others, all=True)), default=None)


@dataclass(frozen=True)
class Offer:
    """The extension a partner may take itself: how long, until which day (exclusive), or why not."""

    days: int = 0
    until: date | None = None
    refusal: RuleViolation | None = None


def ask_the_vendor() -> RuleViolation:
    """The one refusal for every cause on the vendor's side, so that none can be told from another."""
    return RuleViolation(
        "extension_refused", _("This protection cannot be extended here. Ask your channel manager."), field="days"
    )


class Protected(models.Model):
    """What becomes of a running protection before its day: it is extended, released, or goes to another partner."""

    extensions_taken = models.PositiveSmallIntegerField(default=0, editable=False)  # by the partner itself

    class Meta:
        abstract = True

    def extension_offer(self: DealRegistration) -> Offer:
        """What the partner may take today; every refusal names its remedy."""
        known = self._state.fields_cache.get("program")
        program = known or Program.objects.filter(pk=self.program_id).first()  # none where the partner left it
        if not self.is_protected or self.protected_until <= business_today():
            return Offer(refusal=refusal(self, "extend"))
        if program is None or not program.extensions or not program.extension_days:
            return Offer(refusal=ask_the_vendor())
        until = self.protected_until + timedelta(days=program.extension_days)
        if self.extensions_taken >= program.extensions:
            used = RuleViolation(
                "extension_used",
                _("You have already extended this protection. For more time, ask your channel manager."),
                field="days",
            )
            return Offer(program.extension_days, until, used)
        window = program.extension_window_days
        if window and last_activity(self, timezone.now() - timedelta(days=window)) is None:
            quiet = RuleViolation(
                "no_activity",
                ngettext(
                    "Nothing happened on this deal in the last day. Tell us how it goes with a comment, an activity or"
                    " its stage, and you can extend it.",
                    "Nothing happened on this deal in the last %(n)s days. Tell us how it goes with a comment, an"
                    " activity or its stage, and you can extend it.",
                    window,
                )
                % {"n": window},
                field="days",
            )
            return Offer(program.extension_days, until, quiet)
        return Offer(program.extension_days, until)

    # Verbs ---------------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def extend(self: DealRegistration, *, by, days: int | None = None, reason: str = "", version=None) -> None:
        """Protect it for longer: the partner by what its program offers, the vendor by any length with a reason.

        All running protections move together. The reason is the vendor's own; the partner reads the new day.
        """
        self.lock(version)
        moved = self._step_while_protected("extend", by)
        if by.is_partner:
            offer = self.extension_offer()
            if offer.refusal:
                raise offer.refusal
            if days not in (None, offer.days):
                raise RuleViolation(
                    "length_given",
                    ngettext(
                        "Your program extends by %(n)s day. For another length, ask your channel manager.",
                        "Your program extends by %(n)s days. For another length, ask your channel manager.",
                        offer.days,
                    )
                    % {"n": offer.days},
                    field="days",
                )
            days = offer.days
        else:
            self._refuse_without(reason, _("Say why the protection is extended."))
            if days is None or not 1 <= days <= LONGEST:
                raise RuleViolation(
                    "length_out_of_range",
                    _("An extension lasts from 1 to %(most)s days.") % {"most": LONGEST},
                    field="days",
                )
        end = self._move_end(days, by)
        self.put(
            **moved,
            protected_until=end,
            extensions_taken=self.extensions_taken + int(by.is_partner),
        )
        events.record(self, "extended", by=by, partner_id=self.partner_id, days=days, protected_until=end.isoformat())
        if not by.is_partner:
            events.record(self.approval, "justified", by=by, reason=reason)

    @transaction.atomic
    def release(self: DealRegistration, *, by, reason: str, message: str = "", version=None) -> None:
        """The vendor ends the protection before its day. The reason is for the vendor; the partner reads the message."""
        self.lock(version)
        moved = self._step_while_protected("release", by)
        self._refuse_without(reason, _("Say why the protection is released."))
        self._end_today(moved, by, message)
        events.record(self.approval, "justified", by=by, reason=reason)

    @transaction.atomic
    def transfer(
        self: DealRegistration, to: Partner, *, by, reason: str, message: str = "", version=None
    ) -> DealRegistration:
        """Protect the same lines of the customer for another partner, for the days that are left, and no longer for this one.

        The other partner gets a registration of its own, in the vendor's spelling of the customer and without amounts, and an
        opportunity of its own: of each other the two read nothing. ``message`` goes to the partner that receives it.
        """
        self.lock(version)
        moved = self._step_while_protected("release", by)
        self._refuse_without(reason, _("Say why the protection goes to another partner."))
        enrolment = Enrolment.objects.current_of(to.pk)
        if to.pk == self.partner_id or to.status != "active" or enrolment is None:
            raise RuleViolation(
                "not_eligible",
                _("Choose another partner: it must be active and enrolled in a program."),
                field="partner",
            )
        file, today = self.approval, business_today()
        lines = list(self.protections.running().values_list("line", flat=True))
        products = [row.product for row in self.lines.filter(product__line__in=lines).select_related("product")]
        left = (self.protected_until - today).days
        self._end_today(moved, by)
        theirs = self._for_another(enrolment, products, file, by)
        theirs.approve(by=by, days=left, message=message)
        theirs.approval.put(before={})  # nothing to undo by itself: the other partner's protection went with it
        events.record(file, "transferred", by=by, reason=reason, partner=to.name)
        events.record(theirs.approval, "taken_over", by=by, reason=reason, partner=self.partner.name)
        return theirs

    # ---------------------------------------------------------------------------------------------------------------------

    def _move_end(self: DealRegistration, days: int, by) -> date:
        """Move the end of the running protections; the database's own constraint says whether there is room."""
        rows = list(self.protections.running().order_by("line"))
        lock_customer(rows[0].customer_id)
        try:
            with transaction.atomic():
                for row in rows:
                    period = DateRange(row.period.lower, row.period.upper + timedelta(days=days))
                    row.put(period=period, status=ProtectionStatus.EXTENDED)
        except IntegrityError as error:
            if "protected_once" not in str(error):
                raise
            raise (ask_the_vendor() if by.is_partner else self._in_the_way(rows)) from error
        return max(row.period.upper for row in rows)

    def _in_the_way(self: DealRegistration, rows: list[Protection]) -> RuleViolation:
        """For the vendor's eyes: whose protection begins before the extended one would end."""
        first, lines = rows[0], [row.line_id for row in rows]
        wanted = DateRange(min(row.period.lower for row in rows), max(row.period.upper for row in rows))
        others = Protection.objects.blocking(first.customer_id, lines, first.place, wanted)
        found = others.exclude(registration=self).select_related("line", "partner").order_by("period").first()
        return RuleViolation(
            "line_protected",
            _("%(line)s is protected for %(partner)s from %(day)s. Extend by less, or release that protection first.")
            % {"line": found.line, "partner": found.partner, "day": date_format(found.period.lower)}
            if found
            else _("Another protection begins before that day. Extend by less."),
            field="days",
        )

    def _end_today(self: DealRegistration, moved: dict[str, str], by, message: str = "") -> None:
        self.protections.running().release()
        self.put(
            **moved,
            protected_until=min(self.protected_until, business_today()),
            message=message,
        )
        events.record(self, "released", by=by, partner_id=self.partner_id)

    def _for_another(self: DealRegistration, enrolment: Enrolment, products, file: Approval, by) -> DealRegistration:
        """The other partner's registration, as if it had asked: only what the vendor itself knows of the deal."""
        now = timezone.now()
        respond_by, decide_by = enrolment.program.answer_dates(now)
        theirs = type(self)(
            partner_id=enrolment.partner_id,
            program=enrolment.program,
            created_by=by,
            type=self.type,
            scope=self.scope,
            place_name=self.place_name,
            customer_name=file.customer.name[:200],
            customer_country=file.customer.country,
            submission_status=SubmissionStatus.SUBMITTED,
            review_status=ReviewStatus.PENDING,
            submission=1,
            submitted_at=now,
            respond_by=respond_by,
            decide_by=decide_by,
        )
        theirs.save(force_insert=True)
        theirs.add_products(products)
        Approval.receive(theirs)
        theirs.approval.put(
            customer=file.customer,
            place_number=file.place_number,
            confirmed_by=by,
            customer_evidence={"rule": "protection transferred"},
        )
        return theirs

    def _step_while_protected(self: DealRegistration, verb: str, by) -> dict[str, str]:
        """The step of the table; not on the night after the last day either, when the lapse is still to be written."""
        moved = step(self, verb, by=by)
        if self.protected_until <= business_today():
            raise refusal(self, verb)
        return moved

    @staticmethod
    def _refuse_without(reason: str, sentence: str) -> None:
        if not reason.strip():
            raise RuleViolation("reason_missing", sentence, field="reason")
