"""Where a registration stands, in the words of its partner: a state, a sentence, the next date, the steps.

The words depend on the registration alone, never on what the vendor found out: whoever else may have registered the customer,
the same state reads the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from deals.axes import ProtectionStatus, ReviewStatus, SubmissionStatus
from deals.models import DealRegistration
from deals.transitions import Due
from prm.calendar import business_today
from prm.ui.templatetags.ui import day, moment, weekday

ENDING = 30  # days before its last day in which a protection is "ending soon"


@dataclass(frozen=True)
class Standing:
    """``value`` chooses icon and colour (prm.ui.status), ``label`` is the state in a word or two, ``next`` its date in words."""

    value: str
    label: str
    sentence: str
    next: str = ""
    due: date | datetime | None = None
    tone: str = "neutral"  # of the notice on the registration's page


def days_left(last: date) -> int:
    return (last - business_today()).days


def standing(registration: DealRegistration) -> Standing:
    """The one state a partner reads, out of the four axes."""
    if registration.submission_status == SubmissionStatus.DRAFT:
        return Standing(
            "draft",
            pgettext("standing", "Draft"),
            _("Not sent yet. Only your company sees it."),
            _("Started on %(day)s") % {"day": day(registration.created_at)},
        )
    if registration.submission_status == SubmissionStatus.RECALLED:
        return Standing(
            "recalled",
            pgettext("standing", "Taken back"),
            _("You took it back. Correct it and submit it again."),
            _("Taken back; not sent"),
            tone="info",
        )
    if registration.review_status == ReviewStatus.APPROVED:
        return _approved(registration)
    return _in_review(registration)


def _in_review(registration: DealRegistration) -> Standing:
    review = registration.review_status
    if review == ReviewStatus.PENDING:
        return Standing(
            "submitted",
            pgettext("standing", "Submitted"),
            _("Received. You have our decision by %(day)s.") % {"day": weekday(registration.decide_by)},
            _("Decision by %(day)s") % {"day": day(registration.decide_by)},
            registration.decide_by,
            "info",
        )
    if review == ReviewStatus.IN_REVIEW:
        return Standing(
            "in_review",
            pgettext("standing", "In review"),
            _("We are looking at it. You have our decision by %(day)s.") % {"day": weekday(registration.decide_by)},
            _("Decision by %(day)s") % {"day": day(registration.decide_by)},
            registration.decide_by,
            "info",
        )
    if review == ReviewStatus.ACTION_REQUIRED:
        return Standing(
            "action_required",
            pgettext("standing", "Your answer needed"),
            _("We need more information from you by %(day)s.") % {"day": weekday(registration.answer_by)},
            _("Answer by %(day)s") % {"day": day(registration.answer_by)},
            registration.answer_by,
            "warn",
        )
    if review == ReviewStatus.REJECTED:
        return Standing(
            "rejected",
            pgettext("standing", "Refused"),
            _("We could not approve this registration. Reason: %(reason)s.")
            % {"reason": registration.get_public_reason_display()},
            _("Decided on %(day)s") % {"day": day(registration.decided_at)},
            tone="bad",
        )
    if review == ReviewStatus.EXPIRED:
        return Standing(
            "expired",
            pgettext("standing", "Expired"),
            _("The time to answer our question is over. You may register the deal again."),
            _("No answer in time"),
        )
    return Standing(
        "cancelled",
        pgettext("standing", "Withdrawn"),
        _("You withdrew this registration."),
        _("Withdrawn on %(day)s") % {"day": day(registration.updated_at)},
    )


def _approved(registration: DealRegistration) -> Standing:
    last = registration.last_protected_day
    if registration.protection_status == ProtectionStatus.LAPSED:
        return Standing(
            "lapsed",
            pgettext("standing", "Protection ended"),
            _("The protection ended on %(day)s.") % {"day": weekday(last)},
            _("Ended on %(day)s") % {"day": day(last)},
        )
    if registration.protection_status == ProtectionStatus.RELEASED:
        return Standing(
            "released",
            pgettext("standing", "Protection ended"),
            _("We ended the protection on %(day)s. If you have a question, ask your channel manager.")
            % {"day": weekday(registration.protected_until)},
            _("Ended on %(day)s") % {"day": day(registration.protected_until)},
        )
    left = days_left(last)
    sentence = _("Your price and our support are yours for this project until %(day)s.") % {"day": weekday(last)}
    if left >= 0:
        sentence += " " + ngettext("That is %(n)s more day.", "That is %(n)s more days.", left) % {"n": left}
    soon = left <= ENDING
    return Standing(
        "protection_ending" if soon else "protected",
        pgettext("standing", "Protection ending soon") if soon else pgettext("standing", "Protected"),
        sentence,
        _("Protected until %(day)s") % {"day": day(last)},
        last,
        "warn" if soon else "good",
    )


def next_steps(registration: DealRegistration) -> list[dict[str, Any]]:
    """What happens next: who acts, by when, and what if the day passes; the same promise for every registration."""
    steps = [
        {"label": due.deadline.what, "detail": f"{until(due)} {due.deadline.passes}", "state": "todo"}
        for due in registration.due
    ]
    if registration.submission_status != SubmissionStatus.SUBMITTED:
        steps = steps or [{"label": _("You: complete and submit it"), "detail": "", "state": "todo"}]
        steps.append({"label": _("We: decision"), "detail": _("Within the promised business days"), "state": "todo"})
    if steps:
        steps[0]["state"] = "current"
    if registration.awaits_vendor:
        promise = protection_promise(registration.program)
        return [
            {"label": _("Received"), "detail": moment(registration.submitted_at), "state": "done"},
            *steps,
            {"label": _("If approved: protection"), "detail": promise, "state": "todo"},
        ]
    if registration.is_returned:
        restart = _("The time for our decision starts again with your answer")
        steps.append({"label": _("We: decide"), "detail": restart, "state": "todo"})
    return steps


def until(due: Due) -> str:
    """The last moment or day of a deadline."""
    if isinstance(due.when, datetime):
        return _("By %(moment)s.") % {"moment": moment(due.when)}
    last = due.when - timedelta(days=1) if due.deadline.field == "protected_until" else due.when
    return _("Until %(day)s.") % {"day": weekday(last)}


def protection_promise(program) -> str:
    """How long an approved registration is protected in this program."""
    return ngettext("%(n)s day from approval", "%(n)s days from approval", program.protection_days) % {
        "n": program.protection_days
    }


def soon(today: date | None = None) -> date:
    """The first exclusive end that is not "ending soon"."""
    return (today or business_today()) + timedelta(days=ENDING + 2)
