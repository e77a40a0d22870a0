"""What a registration may do, said a second time in plain Python: no table, no database, nothing of ``deals``."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from prm.calendar import business_zone, due_by

RETURN_DAYS = APPEAL_DAYS = 10  # business days
ACTIVE_WITHIN = timedelta(days=30)
UNDONE_WITHIN = timedelta(seconds=11)
CLOSED = ("won", "lost")


class Refused(Exception):
    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass
class Modelled:
    """One registration; a verb changes it or raises ``Refused`` and leaves it alone."""

    close: date
    submission: str = "draft"
    review: str = "none"
    protection: str = "none"
    stage: str = ""
    answer_by: datetime | None = None
    appeal_by: datetime | None = None
    until: date | None = None
    extensions: int = 0
    active_at: datetime | None = None
    decided_by: str = ""
    barred: set[str] = field(default_factory=set)  # whose refusal was taken back
    appeal: str = ""
    before: tuple[Modelled, str, datetime] | None = None  # the last decision: what was before, whose, when

    # What everybody may ask ---------------------------------------------------------------------------------------------

    @property
    def states(self) -> tuple[str, str, str, str]:
        return self.submission, self.review, self.protection, self.stage

    @property
    def runs(self) -> bool:
        return self.protection in ("active", "extended")

    def turn(self, now: datetime) -> str:
        if self.submission != "submitted":
            return "partner"
        if self.review == "rejected":
            if self.appeal:
                return "vendor" if self.appeal == "open" else ""
            return "partner" if self.appeal_by and self.appeal_by > now else ""
        if self.review in ("pending", "in_review"):
            return "vendor"
        return "partner" if self.review == "action_required" or self.runs else ""

    def _must(self, allowed: bool, code: str = "move_not_allowed") -> None:
        if not allowed:
            raise Refused(code)

    def not_yours(self) -> None:
        raise Refused("*")

    # The partner --------------------------------------------------------------------------------------------------------

    def submit(self, now: datetime) -> None:
        self._must(self.submission != "submitted" or self.review == "action_required", "already_submitted")
        if self.review != "action_required":
            self._must(self.close >= day(now), "date_passed")
            self.appeal = self.decided_by = ""
        self.submission, self.review, self.answer_by = "submitted", "pending", None
        self.before = None

    def recall(self) -> None:
        self._must(self.review in ("pending", "in_review", "action_required"))
        self.submission, self.review, self.answer_by, self.before = "recalled", "none", None, None

    def withdraw(self) -> None:
        self._must(self.review in ("pending", "in_review", "action_required", "approved"))
        self.review, self.answer_by, self.before = "cancelled", None, None
        if self.runs:
            self.protection = "released"

    def discard(self) -> None:
        self._must(self.submission == "draft", "not_a_draft")

    def comment(self, now: datetime) -> None:
        self.active_at, self.before = now, None

    def lodge(self, now: datetime) -> None:
        self._must(not self.appeal, "already_appealed")
        self._must(self.review == "rejected" and self.appeal_by is not None, "not_refused")
        self._must(self.appeal_by > now, "too_late")
        self.appeal, self.before = "open", None

    def give_up_appeal(self) -> None:
        self._must(self.appeal == "open")
        self.appeal = "withdrawn"

    def extend(self, now: datetime) -> None:
        self._must(self.runs and self.until > day(now), "not_protected")
        self._must(self.extensions < 1, "extension_used")
        self._must(self.active_at is not None and self.active_at >= now - ACTIVE_WITHIN, "no_activity")
        self.extensions += 1
        self._longer(30)

    def report(self, stage: str, now: datetime) -> None:
        if stage == self.stage:
            return
        self._must(self.stage not in CLOSED, "closed")
        self.move(stage, now)

    # The vendor ---------------------------------------------------------------------------------------------------------

    def take(self) -> None:
        if self.review == "pending":
            self.review, self.before = "in_review", None

    def approve(self, who: str, now: datetime, others: list[Modelled]) -> None:
        self._must(self.review in ("pending", "in_review"))
        self._must(not any(other.runs and other.until > day(now) for other in others), "line_protected")
        self._must(who not in self.barred, "same_person")
        self._decided(who, now)
        self.review, self.protection, self.stage = "approved", "active", "qualified"
        self.until = day(now) + timedelta(days=90)

    def reject(self, who: str, now: datetime) -> None:
        self._must(self.review in ("pending", "in_review"))
        self._must(who not in self.barred, "same_person")
        self._decided(who, now)
        self.review = "rejected"
        self.appeal_by = None if self.appeal else due_by(now, APPEAL_DAYS)

    def send_back(self, who: str, now: datetime) -> None:
        self._must(self.review in ("pending", "in_review"))
        self._decided(who, now)
        self.decided_by = self.before[0].decided_by  # a return decides nothing
        self.review, self.answer_by = "action_required", due_by(now, RETURN_DAYS)

    def undo_decision(self, who: str, now: datetime) -> None:
        before, decider, at = self.before or (None, "", now)
        self._must(before is not None and decider == who and now < at + UNDONE_WITHIN, "*")
        vars(self).update(vars(before), before=None)

    def lengthen(self, now: datetime) -> None:
        self._must(self.runs and self.until > day(now), "not_protected")
        self._longer(10)

    def release(self, now: datetime) -> None:
        self._must(self.runs and self.until > day(now), "not_protected")
        self.protection, self.before = "released", None

    def uphold(self, who: str) -> None:
        self._answer(who)
        self.appeal = "upheld"

    def overturn(self, who: str) -> None:
        self._answer(who)
        self.barred = {*self.barred, self.decided_by}
        self.appeal, self.review, self.appeal_by, self.decided_by = "overturned", "pending", None, ""

    def move(self, stage: str, now: datetime) -> None:
        if stage != self.stage:
            self.stage, self.active_at, self.before = stage, now, None

    # Time ---------------------------------------------------------------------------------------------------------------

    def pass_to(self, now: datetime) -> None:
        if self.review == "action_required" and self.answer_by <= now:
            self.review, self.answer_by, self.before = "expired", None, None
        if self.runs and self.until <= day(now):
            self.protection, self.before = "lapsed", None

    def next_passes(self) -> datetime | None:
        """The moment the next deadline of the partner is over."""
        if self.review == "action_required":
            return self.answer_by
        if self.runs:
            return datetime.combine(self.until, time(0), business_zone())
        return self.appeal_by if self.review == "rejected" and not self.appeal else None

    # ----------------------------------------------------------------------------------------------------------------------

    def _decided(self, who: str, now: datetime) -> None:
        self.before = (copy(self), who, now)
        self.decided_by = who

    def _answer(self, who: str) -> None:
        self._must(self.appeal == "open")
        self._must(who != self.decided_by, "same_person")
        self.before = None

    def _longer(self, days: int) -> None:
        self.protection, self.until, self.before = "extended", self.until + timedelta(days=days), None


def day(now: datetime) -> date:
    return now.astimezone(business_zone()).date()
