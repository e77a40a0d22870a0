"""Events as a timeline reads them: each app says its verbs in words (``tell``), pages ask for lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from prm.events.models import Event

ICONS = {"created": "plus", "changed": "pencil", "status_changed": "progress", "stage_changed": "progress", "assigned": "user-check",
         "tier_changed": "medal", "enrolled": "medal", "invited": "mail", "submitted": "send", "approved": "shield-check", "rejected": "x",
         "commented": "message", "merged": "git-merge", "learnt": "bulb", "deactivated": "user-off", "reactivated": "user-check",
         "returned": "message-question", "withdrawn": "shield-x", "lapsed": "shield-off"}  # fmt: skip
_tellers: dict[str, Callable[[Event], str]] = {}
_addresses: dict[str, str] = {}
_models: dict[str, Any] = {}


def tell(subject_type: str, teller: Callable[[Event], str], url_name: str = "", model: Any = None) -> None:
    """``teller(event)`` says an event about this kind of record in one sentence, or "" to leave it to the common words.

    With its ``model`` a story of many records names each (``named``).
    """
    _tellers[subject_type] = teller
    if model:
        _models[subject_type] = model
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
        "removed": _("Removed"),
        "ended": _("End set"),
        "prices_changed": _("Prices changed"),
    }
    return common.get(event.verb, _("Changed"))


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


def told_by(panels: Iterable[dict[str, Any]]) -> list:
    """The records that panels of a page show and whose events its timeline tells as well (their ``told``)."""
    return [record for panel in panels for record in panel.get("told", ())]


def about_visible(user: Any) -> Q:
    """The condition on events that their record, where it has a page, is one this person sees."""
    seen = ~Q(subject_type__in=list(_models))
    for kind, model in _models.items():
        seen |= Q(Exists(model.objects.visible_to(user).filter(pk=OuterRef("subject_id"))), subject_type=kind)
    return seen


def named(events: list[Event], user: Any) -> list[dict[str, Any]]:
    """Events of many records, each with its record's name; one statement per kind. What ``user`` may not see is left out."""
    wanted: dict[str, set] = {}
    for event in events:
        if event.subject_type in _models:
            wanted.setdefault(event.subject_type, set()).add(event.subject_id)
        elif event.partner_id:
            wanted.setdefault("partner", set()).add(event.partner_id)
    known = {
        kind: _models[kind].objects.visible_to(user).in_bulk(list(ids))
        for kind, ids in wanted.items()
        if kind in _models
    }
    seen, names = [], []
    for event in events:
        is_own = event.subject_type in _models
        record = known.get(event.subject_type if is_own else "partner", {}).get(
            event.subject_id if is_own else event.partner_id
        )
        if record is not None:
            seen.append(event)
            names.append(str(record))
    return [{**line, "text": f"{name} · {line['text']}"} for line, name in zip(lines(seen), names, strict=True)]
