"""Icon and colour of every status value: one table, so that a word looks the same on all screens.

The word itself comes from the model's choices. Colour is never alone: the icon and the word say the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """How a status is drawn. ``tone`` is good, warn, bad, info or neutral."""

    icon: str
    tone: str


GOOD = Look(icon="circle-check", tone="good")
WAITING = Look(icon="hourglass", tone="warn")
RUNNING = Look(icon="progress", tone="info")
ENDED = Look(icon="circle-minus", tone="neutral")
BAD = Look(icon="alert-circle", tone="bad")
UNKNOWN = Look(icon="point", tone="neutral")

STATUSES = {
    # partner
    "prospect": Look(icon="circle-dashed", tone="neutral"),
    "applicant": Look(icon="user-plus", tone="info"),
    "onboarding": RUNNING,
    "active": GOOD,
    "suspended": Look(icon="player-pause", tone="warn"),
    "terminated": ENDED,
    # deal registration
    "none": UNKNOWN,
    "draft": Look(icon="pencil", tone="neutral"),
    "submitted": Look(icon="send", tone="info"),
    "recalled": Look(icon="arrow-back-up", tone="neutral"),
    "pending": WAITING,
    "in_review": WAITING,
    "action_required": Look(icon="message-question", tone="warn"),
    "approved": Look(icon="check", tone="good"),
    "rejected": Look(icon="x", tone="bad"),
    "expired": Look(icon="clock-off", tone="neutral"),
    "cancelled": ENDED,
    # protection
    "protected": Look(icon="shield-check", tone="good"),
    "extended": Look(icon="shield-plus", tone="good"),
    "lapsed": Look(icon="shield-off", tone="neutral"),
    "released": Look(icon="shield-x", tone="neutral"),
    "protection_ending": Look(icon="shield-half", tone="warn"),
    # opportunity
    "qualified": RUNNING,
    "technical_validation": RUNNING,
    "business_validation": RUNNING,
    "committed": RUNNING,
    "won": Look(icon="trophy", tone="good"),
    "lost": Look(icon="x", tone="neutral"),
    # conflict and check of a registration
    "open": Look(icon="arrows-split-2", tone="bad"),
    "in_case": Look(icon="scale", tone="warn"),
    "dismissed": ENDED,
    "settled": GOOD,
    "cleared": GOOD,
    "clear": Look(icon="check", tone="good"),
    "possible_match": Look(icon="alert-triangle", tone="warn"),
    "conflict": Look(icon="arrows-split-2", tone="bad"),
    # lead and its offer
    "new": Look(icon="circle-dashed", tone="info"),
    "offered": WAITING,
    "accepted": Look(icon="user-check", tone="info"),
    "contacted": Look(icon="phone", tone="info"),
    "converted": GOOD,
    "disqualified": ENDED,
    "declined": Look(icon="x", tone="neutral"),
    "withdrawn": ENDED,
    # tasks
    "planned": Look(icon="calendar", tone="neutral"),
    "due": Look(icon="clock", tone="warn"),
    "late": Look(icon="alert-circle", tone="bad"),
    # comparison in evidence
    "same": Look(icon="equal", tone="bad"),
    "close": Look(icon="wave-sine", tone="warn"),
    "different": Look(icon="equal-not", tone="neutral"),
    # jobs and imports
    "queued": WAITING,
    "running": RUNNING,
    "done": GOOD,
    "finished": GOOD,
    "failed": BAD,
    "stopped": ENDED,
    "undone": Look(icon="arrow-back-up", tone="neutral"),
}


def look(value: object) -> Look:
    """Icon and tone of a status value; an unknown one is drawn neutrally."""
    return STATUSES.get(str(value), UNKNOWN)
