"""What happened to a registration, as lines of its timeline."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from deals.axes import PublicReason, Stage
from deals.models.escalation import say_escalated
from prm.events.models import Event
from prm.ui import story as common
from prm.ui.templatetags.ui import day, last_day

ICONS = {
    "drafted": "pencil",
    "submitted": "send",
    "answered": "message-reply",
    "recalled": "arrow-back-up",
    "withdrawn": "shield-x",
    "taken": "eye",
    "approved": "shield-check",
    "rejected": "x",
    "returned": "message-question",
    "decision_undone": "arrow-back-up",
    "appealed": "scale",
    "appeal_withdrawn": "scale",
    "appeal_upheld": "scale",
    "appeal_overturned": "scale",
    "appeal_decided": "scale",
    "escalated": "alert-triangle",
    "commented": "message",
    "expired": "clock-off",
    "lapsed": "shield-off",
    "extended": "shield-plus",
    "released": "shield-x",
    "justified": "note",
    "transferred": "arrows-exchange",
    "taken_over": "arrows-exchange",
    "stage_changed": "progress",
    "protection_ending": "shield-half",
    "noted": "note",
    "customer_confirmed": "building",
    "linked": "link",
    "looked_up": "search",
    "opened": "arrows-split-2",
    "dismissed": "circle-minus",
}


def sentence(event: Event) -> str:
    """One event in words; a word for a verb of another app is its own name."""
    told = event.payload
    if event.verb == "approved":
        return _("Approved, protected until %(day)s") % {"day": last_day(parse_date(told.get("protected_until", "")))}
    if event.verb == "extended":
        return _("Extended, protected until %(day)s") % {"day": last_day(parse_date(told.get("protected_until", "")))}
    if event.verb == "justified":
        return _("Our reason: %(reason)s") % {"reason": told.get("reason", "")}
    if event.verb == "transferred":
        return _("Protection transferred to %(partner)s. Our reason: %(reason)s") % told
    if event.verb == "taken_over":
        return _("Protection taken over from %(partner)s. Our reason: %(reason)s") % told
    if event.verb == "rejected":
        reason = dict(PublicReason.choices).get(told.get("public_reason"), "")
        return _("Refused: %(reason)s") % {"reason": reason} if reason else _("Refused")
    if event.verb == "returned":
        answer_by = parse_datetime(told.get("answer_by", "") or "")
        return _("Sent back for information, answer by %(day)s") % {"day": day(answer_by)}
    if event.verb == "stage_changed":
        return _("The deal is now: %(stage)s") % {"stage": dict(Stage.choices).get(told.get("stage"), "")}
    if event.verb == "customer_confirmed":
        return _("Customer confirmed: %(name)s") % {"name": told.get("customer", "")}
    if event.verb == "linked":
        return _("Linked to the opportunity %(name)s") % {"name": told.get("name", "")}
    if event.verb == "looked_up":
        return _("Direct sales looked this customer up: “%(text)s”") % {"text": told.get("text", "")}
    if event.verb == "escalated":
        return say_escalated(told)
    words = {
        "drafted": _("Draft begun"),
        "discarded": _("Draft deleted"),
        "submitted": _("Submitted"),
        "imported": _("Imported from another system"),
        "answered": _("The missing information was given"),
        "recalled": _("Taken back"),
        "withdrawn": _("Withdrawn"),
        "taken": _("Review begun"),
        "appealed": _("Second review asked for"),
        "appeal_withdrawn": _("Second review no longer asked for"),
        "appeal_upheld": _("Second review: the refusal stands"),
        "appeal_overturned": _("Second review: the refusal is taken back"),
        "appeal_decided": _("Second review answered"),
        "commented": _("Comment written"),
        "expired": _("Expired without an answer"),
        "lapsed": _("Protection ended"),
        "released": _("Protection ended by the vendor"),
        "protection_ending": _("Reminder sent: the protection ends soon"),
        "noted": _("Private note changed"),
        "decision_undone": _("Decision taken back"),
    }
    return words.get(event.verb, event.verb.replace("_", " "))


def lines(events) -> list[dict[str, Any]]:
    """Events as the ``timeline`` component reads them."""
    return [
        {
            "icon": ICONS.get(event.verb) or common.ICONS.get(event.verb, "point"),
            "text": common.sentence(event) if event.subject_type == "activity" else sentence(event),
            "note": event.payload.get("text", "") if event.verb == "commented" else "",
            "at": event.at,
            "by": event.actor_name or (_("the vendor") if event.actor_side == "vendor" else _("automatic")),
        }
        for event in events
    ]
