"""The evidence of a conflict side by side: this request and what stands against it, fact by fact."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django_countries import countries

from deals.axes import RegistrationScope, Stage
from deals.conflicts.models import Conflict
from deals.models import DealRegistration
from prm.ui.templatetags.ui import day, moment, money
from territories.matching.normalise import domain_key, name_key, number_key
from territories.wording import breach_rows


def sides(conflict: Conflict, registration: DealRegistration) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored facts of this registration, and those of the other side."""
    later, other = conflict.evidence.get("registration", {}), conflict.evidence.get("other", {})
    return (later, other) if conflict.registration_id == registration.pk else (other, later)


def verdict(mine: str, theirs: str, key=str.casefold) -> str:
    """Same as written, close (the same once written alike), or different; nothing where one side says nothing."""
    if not mine or not theirs:
        return ""
    if mine.casefold() == theirs.casefold():
        return "same"
    return "close" if key(mine) and key(mine) == key(theirs) else "different"


def rows(conflict: Conflict, registration: DealRegistration) -> list[dict[str, Any]]:
    """Lines of the ``evidence-table`` component."""
    mine, theirs = sides(conflict, registration)
    if not theirs:  # nobody's deal stands against it: a territory does
        return breach_rows(conflict.evidence) if "coverage" in conflict.evidence else []

    def compared(fact: str, name: str, key=str.casefold) -> dict[str, Any]:
        left, right = mine.get(name, ""), theirs.get(name, "")
        return {"fact": fact, "left": left, "right": right, "verdict": verdict(left, right, key)}

    def told(fact: str, left: str, right: str, **more: str) -> dict[str, Any]:
        return {"fact": fact, "left": left, "right": right, "verdict_label": " ", **more}

    lines = [
        compared(_("Customer name"), "customer_name", name_key),
        compared(_("Website"), "customer_domain", domain_key),
        compared(_("Official number"), "customer_number", number_key),
        {
            **compared(_("Country"), "customer_country"),
            "left": country(mine.get("customer_country")),
            "right": country(theirs.get("customer_country")),
        },
        told(
            _("Product lines"),
            ", ".join(mine.get("lines", [])),
            _("any product") if "account" in theirs else ", ".join(theirs.get("lines", [])),
            verdict="same",
            verdict_label=_("Overlap: %(lines)s") % {"lines": ", ".join(conflict.evidence.get("overlap", []))},
        ),
        told(_("Covers"), covers(mine), covers(theirs)),
        told(_("Amount"), amount(mine), amount(theirs)),
        told(_("Submitted"), at(mine.get("submitted_at")), at(theirs.get("submitted_at") or theirs.get("opened_on"))),
        told(_("Protected until"), at(mine.get("protected_until")), at(theirs.get("protected_until"))),
    ]
    if stage := theirs.get("stage") or mine.get("stage"):
        lines.append(told(_("Stage"), "", str(dict(Stage.choices).get(stage, stage))))
    if "account" in theirs:
        team = theirs["team"] or _("Direct sales")
        lines.append(told(_("Held by"), mine.get("partner", ""), team, verdict="different", verdict_label=""))
    return [line for line in lines if line["left"] or line["right"]]


def country(code: str | None) -> str:
    return str(countries.name(code) or "") if code else ""


def covers(side: dict[str, Any]) -> str:
    words = str(dict(RegistrationScope.choices).get(side.get("scope"), ""))
    return f"{words}: {side['place']}" if side.get("place") else words


def amount(side: dict[str, Any]) -> str:
    return money(side["amount"], side.get("currency")) if side.get("amount") not in (None, "", "None") else ""


def at(text: str | None) -> str:
    """A stored date or moment, as its reader reads it."""
    if not text:
        return ""
    return day(parse_date(text)) if len(text) == 10 else moment(parse_datetime(text))


def heading(side: dict[str, Any]) -> str:
    """Whose side it is."""
    return side.get("partner") or side.get("opportunity") or side.get("account") or ""
