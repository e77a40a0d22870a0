"""What happened to leads, offers and touches, in words."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from attribution.models import DeclineReason, DisqualifyReason, TouchpointKind
from prm.events.models import Event
from prm.ui import story
from prm.ui.templatetags.ui import day

TOLD_BY_THE_LEAD = {"converted", "disqualified"}  # of an offer: the lead's own event says it too


def say_of_lead(event: Event) -> str:
    reason = dict(DisqualifyReason.choices).get(event.payload.get("reason"), "")
    words = {
        "created": _("Lead recorded"),
        "contacted": _("Contacted"),
        "converted": _("Made a registration") if "registration" in event.payload else _("Made an opportunity"),
        "disqualified": _("Disqualified: %(reason)s") % {"reason": reason},
        "reopened": _("Opened again"),
        "resumed": _("Its draft registration was deleted; the lead is open again"),
    }
    return words.get(event.verb, "")


def say_of_offer(event: Event) -> str:
    told = event.payload
    if event.verb == "offered":
        told = {"day": day(parse_datetime(told.get("respond_by", ""))), "partner": told.get("partner", "")}
        return _("Proposed to %(partner)s, answer by %(day)s") % told
    if event.verb == "declined":
        return _("Declined: %(reason)s") % {"reason": dict(DeclineReason.choices).get(told.get("reason"), "")}
    words = {
        "accepted": _("Accepted"),
        "expired": _("Expired without an answer"),
        "withdrawn": _("Withdrawn"),
        "contacted": _("Contacted"),
        "converted": _("Made a registration"),
        "disqualified": _("Disqualified"),
    }
    return words.get(event.verb, "")


def say_of_touch(event: Event) -> str:
    kind = dict(TouchpointKind.choices).get(event.payload.get("kind"), "")
    words = {
        "recorded": _("Touchpoint: %(kind)s"),
        "changed": _("Touchpoint changed: %(kind)s"),
        "deleted": _("Touchpoint taken back: %(kind)s"),
    }
    return words[event.verb] % {"kind": kind} if event.verb in words else ""


def lines_of(events) -> list[dict[str, Any]]:
    """The timeline of a lead and its offers, each thing said once."""
    return story.lines(
        [event for event in events if event.subject_type != "lead_offer" or event.verb not in TOLD_BY_THE_LEAD]
    )
