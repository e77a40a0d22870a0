"""Events as a timeline reads them: each app says its verbs in words (``tell``), pages ask for lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from prm.events.models import Event

ICONS = {"created": "plus", "changed": "pencil", "status_changed": "progress", "stage_changed": "progress", "assigned": "user-check",
         "tier_changed": "medal", "enrolled": "medal", "invited": "mail", "submitted": "send", "approved": "shield-check", "rejected": "x",
         "commented": "message", "merged": "git-merge", "learnt": "bulb", "deactivated": "user-off", "reactivated": "user-check",
         "returned": "message-question", "withdrawn": "shield-x", "lapsed": "shield-off"}  # fmt: skip
_tellers: dict[str, Callable[[Event], str]] = {}
_addresses: dict[str, str] = {}


def tell(subject_type: str, teller: Callable[[Event], str], url_name: str = "") -> None:
    """``teller(event)`` says an event about this kind of record in one sentence, or "" to leave it to the common words."""
    _tellers[subject_type] = teller
    if url_name:
        _addresses[subject_type] = url_name


def sentence(event: Event) -> str:
    """One event in words."""
    teller = _tellers.get(event.subject_type)
    if teller and (words := teller(event)):
        return words
    common = {
        "created": _("Added"),
        "changed": _("Changed"),
        "deactivated": _("Deactivated"),
        "reactivated": _("Active again"),
        "invited": _("Invited"),
    }
    return common.get(event.verb, event.verb.replace("_", " ").capitalize())


def lines(events: Iterable[Event], *, about: Any = None) -> list[dict[str, Any]]:
    """Events as the ``timeline`` component reads them; those about another record than ``about`` link to it."""
    from django.urls import NoReverseMatch, reverse

    out = []
    for event in events:
        url = ""
        if (name := _addresses.get(event.subject_type)) and (about is None or event.subject_id != about.pk):
            try:
                url = reverse(name, args=[event.subject_id])
            except NoReverseMatch:  # the page is not installed
                url = ""
        out.append(
            {
                "icon": ICONS.get(event.verb, "point"),
                "text": sentence(event),
                "at": event.at,
                "by": event.actor_name or _("automatic"),
                "url": url,
            }
        )
    return out
