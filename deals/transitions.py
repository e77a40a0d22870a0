"""The life of a registration: for each axis one table, from where to where, by which verb, of whom, on which condition.

The verbs take their changes of state from here (``step``), so what no table allows cannot happen. The database holds the
combinations of the four axes and the deadline of each open state (``constraints``).
``docs/registration-life.md`` is drawn from the same rows (``deals.life``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import (
    AWAITING_VENDOR,
    CLOSED_STAGES,
    OPEN_REVIEW,
    OPEN_STAGES,
    RUNNING,
    ProtectionStatus,
    ReviewStatus,
    Stage,
    SubmissionStatus,
)
from prm.errors import RuleViolation

if TYPE_CHECKING:
    from deals.models import DealRegistration


class Side(StrEnum):
    PARTNER = "partner"
    VENDOR = "vendor"
    TIME = "time"


PARTNER, VENDOR, TIME = (Side.PARTNER,), (Side.VENDOR,), (Side.TIME,)
BOTH = (Side.PARTNER, Side.VENDOR)
UNLINKED = ""  # the sales stage before there is an opportunity
DELETED = "deleted"  # no state: the row is gone


@dataclass(frozen=True)
class Move:
    """One row: ``verb`` leads from each of ``starts`` to one of ``ends``. What the vendor's people do for a partner counts as the partner's."""

    verb: str
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    who: tuple[Side, ...]
    guard: str


@dataclass(frozen=True)
class Axis:
    name: str
    field: str
    states: type[models.TextChoices]
    first: str
    moves: tuple[Move, ...]

    def moves_of(self, verb: str) -> list[Move]:
        return [move for move in self.moves if move.verb == verb]

    def starts(self, verb: str) -> list[str]:
        """The states this verb leaves."""
        return [start for move in self.moves_of(verb) for start in move.starts]

    def end(self, verb: str) -> str:
        """Where this verb leads; only for verbs that lead to one state."""
        (end,) = {end for move in self.moves_of(verb) for end in move.ends}
        return end

    def between(self, start: str, end: str) -> Move | None:
        """The row that leads from one state to another."""
        return next((move for move in self.moves if start in move.starts and end in move.ends), None)

    @property
    def final(self) -> list[str]:
        """The states nothing leaves."""
        left = {start for move in self.moves for start in move.starts}
        return [state for state in self.states.values if state not in left]


S, R, P = SubmissionStatus, ReviewStatus, ProtectionStatus

# The first axis that knows a verb decides whether it is possible; on the others the verb moves what has a row.
REVIEW = Axis(
    "review",
    "review_status",
    R,
    R.NONE,
    (
        Move(
            "submit",
            (R.NONE,),
            (R.PENDING,),
            PARTNER,
            "customer, country, products, amount and close are given; enrolled in a program; the close is to come",
        ),
        Move("take", (R.PENDING,), (R.IN_REVIEW,), VENDOR, ""),
        Move(
            "send_back",
            AWAITING_VENDOR,
            (R.ACTION_REQUIRED,),
            VENDOR,
            "names the fields that open, says what is missing",
        ),
        Move("submit", (R.ACTION_REQUIRED,), (R.PENDING,), PARTNER, "nothing is missing; keeps its place"),
        Move("expire", (R.ACTION_REQUIRED,), (R.EXPIRED,), TIME, "the day to answer by has passed"),
        Move("recall", OPEN_REVIEW, (R.NONE,), PARTNER, "gives up its place"),
        Move(
            "approve",
            AWAITING_VENDOR,
            (R.APPROVED,),
            VENDOR,
            "the customer is confirmed, no line is protected for another; all lines or none",
        ),
        Move("reject", AWAITING_VENDOR, (R.REJECTED,), VENDOR, "with an internal reason, which has a public one"),
        Move(
            "overturn",
            (R.REJECTED,),
            (R.PENDING,),
            VENDOR,
            "the partner asked in time for a second review; by somebody else than who refused, who decides no more",
        ),
        Move(
            "undo_decision",
            (R.ACTION_REQUIRED, R.APPROVED, R.REJECTED),
            AWAITING_VENDOR,
            VENDOR,
            "who decided, within seconds, while nothing rests on it; all is as it was before",
        ),
        Move("withdraw", (*OPEN_REVIEW, R.APPROVED), (R.CANCELLED,), PARTNER, ""),
    ),
)
SUBMISSION = Axis(
    "submission",
    "submission_status",
    S,
    S.DRAFT,
    (
        Move("submit", (S.DRAFT, S.RECALLED), (S.SUBMITTED,), PARTNER, "as on the axis of review"),
        Move("recall", (S.SUBMITTED,), (S.RECALLED,), PARTNER, "before a decision"),
        Move("discard", (S.DRAFT,), (DELETED,), PARTNER, "was never submitted"),
    ),
)
PROTECTION = Axis(
    "protection",
    "protection_status",
    P,
    P.NONE,
    (
        Move("approve", (P.NONE,), (P.ACTIVE,), VENDOR, "one protection for each product line"),
        Move(
            "extend",
            RUNNING,
            (P.EXTENDED,),
            BOTH,
            "a partner as its program says, after activity; the vendor with a reason",
        ),
        Move("lapse", RUNNING, (P.LAPSED,), TIME, "its last day is over on every line"),
        Move("release", RUNNING, (P.RELEASED,), VENDOR, "with a reason; ends today; a transfer releases it too"),
        Move("withdraw", RUNNING, (P.RELEASED,), PARTNER, "ends today"),
        Move("undo_decision", (P.ACTIVE,), (P.NONE,), VENDOR, "the protections are deleted"),
    ),
)
STAGE = Axis(
    "sales stage",
    "sales_stage",
    Stage,
    UNLINKED,
    (
        Move("approve", (UNLINKED,), tuple(Stage), VENDOR, "that of the opportunity it opens or joins"),
        Move("undo_decision", tuple(Stage), (UNLINKED,), VENDOR, "what the approval opened is deleted"),
        Move("move_to", OPEN_STAGES, OPEN_STAGES, BOTH, "a partner where it sells"),
        Move("win", OPEN_STAGES, (Stage.WON,), BOTH, "the day is not to come"),
        Move("lose", OPEN_STAGES, (Stage.LOST,), BOTH, "with a cause, or a reason in words"),
        Move("reopen", CLOSED_STAGES, OPEN_STAGES, VENDOR, "with a reason in words"),
        Move("move_to", CLOSED_STAGES, CLOSED_STAGES, VENDOR, "corrects how it closed"),
    ),
)
AXES = (REVIEW, SUBMISSION, PROTECTION, STAGE)

# What is said where "no longer possible" would leave somebody guessing: verb → code, sentence.
REFUSALS: dict[str, tuple[str, str | Promise]] = {
    "submit": ("already_submitted", gettext_lazy("This registration has already been submitted.")),
    "extend": ("not_protected", gettext_lazy("This deal is not protected today. Reload the page.")),
    "release": ("not_protected", gettext_lazy("This deal is not protected today. Reload the page.")),
    "discard": ("not_a_draft", gettext_lazy("Only a draft can be deleted. Withdraw the registration instead.")),
}


def allows(registration: DealRegistration, verb: str) -> bool:
    """Whether the tables let this verb begin from the present state."""
    axis = next(axis for axis in AXES if axis.moves_of(verb))
    return getattr(registration, axis.field) in axis.starts(verb)


def step(registration: DealRegistration, verb: str, *, by: Any) -> dict[str, str]:
    """The changes of state this verb makes now, for ``put``; refuses what no table allows.

    ``by`` is who acts (None: the system). Where a row has several ends, the verb itself says which.
    """
    changes: dict[str, str] = {}
    begun = False
    for axis in (axis for axis in AXES if axis.moves_of(verb)):
        state = getattr(registration, axis.field)
        move = next((move for move in axis.moves_of(verb) if state in move.starts), None)
        if move is None:
            if not begun:
                raise refusal(registration, verb)
            continue
        begun = True
        refuse_other_side(move, by)
        if len(move.ends) == 1:
            changes[axis.field] = move.ends[0]
    return changes


def refusal(registration: DealRegistration, verb: str) -> RuleViolation:
    if verb in REFUSALS:
        code, sentence = REFUSALS[verb]
        return RuleViolation(code, str(sentence))
    return RuleViolation(
        "move_not_allowed",
        _("This registration is %(status)s; this is no longer possible. Reload the page.")
        % {"status": registration.get_review_status_display()},
    )


def refuse_other_side(move: Move, by: Any) -> None:
    """A partner's people do what the table gives to partners; lists and pages have not offered them more."""
    if by is not None and by.is_partner and Side.PARTNER not in move.who:
        raise RuleViolation("not_yours", _("Only the vendor can do this."))


def step_of_stage(old: str, new: str, *, by: Any) -> str:
    """The verb that leads from one stage of an opportunity to another; a partner opens no closed deal again."""
    move = STAGE.between(old, new)
    if move is None or (by is not None and by.is_partner and Side.PARTNER not in move.who):
        raise RuleViolation(
            "closed", _("This deal is closed. Ask your channel manager to open it again."), field="stage"
        )
    return move.verb


# Across the axes --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Together:
    """States of the four axes that may stand together; ``linked``: it led to an opportunity, whose stage it shows."""

    submission: tuple[str, ...]
    review: tuple[str, ...]
    protection: tuple[str, ...]
    linked: bool
    meaning: str

    @property
    def condition(self) -> Q:
        states = Q(
            submission_status__in=self.submission, review_status__in=self.review, protection_status__in=self.protection
        )
        return states & (~Q(sales_stage="") if self.linked else Q(sales_stage=""))


TOGETHER = (
    Together((S.DRAFT, S.RECALLED), (R.NONE,), (P.NONE,), False, "with the partner"),
    Together((S.SUBMITTED,), OPEN_REVIEW, (P.NONE,), False, "in review"),
    Together((S.SUBMITTED,), (R.APPROVED,), (*RUNNING, P.LAPSED, P.RELEASED), True, "approved"),
    Together((S.SUBMITTED,), (R.REJECTED, R.EXPIRED, R.CANCELLED), (P.NONE,), False, "ended without approval"),
    Together((S.SUBMITTED,), (R.CANCELLED,), (P.LAPSED, P.RELEASED), True, "withdrawn after approval"),
)


# Whose turn, until when --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deadline:
    """While ``axis`` is in one of ``states`` it is for ``who`` to act until ``field``; then what ``passes`` says happens."""

    axis: Axis
    states: tuple[str, ...]
    who: Side
    field: str
    what: str | Promise
    passes: str | Promise
    promised: bool = True  # the database refuses the state without this date


LATE = gettext_lazy("If we are late, it goes to somebody above. You keep your place.")
DEADLINES = (
    Deadline(
        SUBMISSION,
        (S.DRAFT, S.RECALLED),
        Side.PARTNER,
        "expected_close_date",
        gettext_lazy("You: complete and submit it"),
        gettext_lazy("After the expected close it can be submitted only with a later date."),
        promised=False,
    ),
    Deadline(REVIEW, (R.PENDING,), Side.VENDOR, "respond_by", gettext_lazy("We: first answer"), LATE),
    Deadline(REVIEW, AWAITING_VENDOR, Side.VENDOR, "decide_by", gettext_lazy("We: decision"), LATE),
    Deadline(
        REVIEW,
        (R.ACTION_REQUIRED,),
        Side.PARTNER,
        "answer_by",
        gettext_lazy("You: complete the fields we ask about"),
        gettext_lazy("Without your answer the registration expires. You may register the deal again."),
    ),
    Deadline(
        REVIEW,
        (R.REJECTED,),
        Side.PARTNER,
        "appeal_by",
        gettext_lazy("You: ask for a second review, if you know something we do not"),
        gettext_lazy("After that day the refusal stands. You may register the deal again."),
        promised=False,
    ),
    Deadline(
        PROTECTION,
        RUNNING,
        Side.PARTNER,
        "protected_until",
        gettext_lazy("You: work on the deal and tell us how it goes"),
        gettext_lazy("The protection ends, and with it the registration price and our support for it."),
    ),
)
# A second review that was asked for has its date in the appeal itself.
SECOND_REVIEW = Deadline(
    REVIEW,
    (R.REJECTED,),
    Side.VENDOR,
    "decide_by",
    gettext_lazy("We: second review, by somebody else"),
    LATE,
    promised=False,
)


@dataclass(frozen=True)
class Due:
    """A deadline of one registration; ``when`` is an instant, or the first day on which it is over."""

    deadline: Deadline
    when: date | datetime


def due(registration: DealRegistration) -> list[Due]:
    """The deadlines that run now, the next one first."""
    if registration.review_status == R.REJECTED:
        return due_after_refusal(registration)
    running = (row for row in DEADLINES if getattr(registration, row.axis.field) in row.states)
    return [Due(row, when) for row in running if (when := getattr(registration, row.field)) is not None]


def due_after_refusal(registration: DealRegistration) -> list[Due]:
    """Until when a second review may be asked for, or is to be decided; nothing once there can be none."""
    appeal = registration.appeal
    if appeal is not None:
        return [Due(SECOND_REVIEW, appeal.decide_by)] if appeal.is_open else []
    by = registration.appeal_by
    (row,) = (row for row in DEADLINES if row.field == "appeal_by")
    return [Due(row, by)] if by is not None and by > timezone.now() else []


def whose_turn(registration: DealRegistration) -> Side | None:
    """Who may or must act now: ``partner`` or ``vendor``; nobody once it has ended."""
    running = due(registration)
    if running:
        return running[0].deadline.who
    return Side.PARTNER if registration.review_status == R.NONE else None


# What the database holds --------------------------------------------------------------------------------------------------------


def constraints() -> list[models.CheckConstraint]:
    """The combinations of the axes, and the date each promise needs."""
    return [
        models.CheckConstraint(condition=reduce(or_, (row.condition for row in TOGETHER)), name="axes_hold_together"),
        *(
            models.CheckConstraint(
                condition=~Q(**{f"{row.axis.field}__in": row.states}) | Q(**{f"{row.field}__isnull": False}),
                name=f"open_until_{row.field}",
            )
            for row in DEADLINES
            if row.promised
        ),
    ]
