"""Rules of territories and what they decide, as sentences; made from plain values, so that stored evidence reads the same later."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from partners.models.partner import PartnerType
from prm.ui.templatetags.ui import day, num

NAMED = 6  # holders named in a sentence
OPEN, SHARED, EXCLUSIVE, UNASSIGNED, HOUSE = "open", "shared", "exclusive", "unassigned", "house"


def country_name(code: str | None) -> str:
    return str(countries.name(code) or code) if code else ""


def joined(words: list[str]) -> str:
    """A, B and C."""
    if len(words) < 2:
        return "".join(words)
    return _("%(words)s and %(last)s") % {"words": ", ".join(words[:-1]), "last": words[-1]}


def criteria(rule: Any) -> list[str]:
    """What a rule asks for, in words, the narrowest first."""
    words = []
    if rule.customer_id:
        words.append(_("the customer %(name)s") % {"name": rule.customer.name})
    if rule.postal_prefix:
        words.append(_("postal codes %(code)s…") % {"code": rule.postal_prefix})
    if rule.region:
        words.append(_("the region %(code)s") % {"code": rule.region})
    if rule.country:
        words.append(country_name(rule.country.code))
    if rule.industry:
        words.append(_("the industry %(name)s") % {"name": rule.industry})
    if rule.segment:
        words.append(_("the segment %(name)s") % {"name": rule.segment})
    if rule.product_line_id:
        words.append(_("the product line %(name)s") % {"name": rule.product_line.name})
    if rule.partner_role:
        words.append(_("partners of the type %(type)s") % {"type": PartnerType(rule.partner_role).label})
    return words or [_("everywhere")]


def rule_words(rule: Any) -> str:
    """A rule as a sentence without its dates: “Belongs to it: France, the product line Backup”."""
    what = ", ".join(criteria(rule))
    return _("Belongs to it: %(what)s") % {"what": what} if rule.include else _("Taken out: %(what)s") % {"what": what}


def basis_words(names: list[str]) -> str:
    """The criteria that made a rule specific."""
    words = {
        "customer": _("named customer"),
        "postal_prefix": _("postal code"),
        "region": _("region"),
        "country": _("country"),
        "industry": _("industry"),
        "segment": _("segment"),
        "product_line": _("product line"),
        "partner_role": _("type of partner"),
    }
    return joined([words[name] for name in names]) or _("everywhere")


def holders_words(holders: list[dict[str, Any]]) -> str:
    """Names with the last day of each: “Alpine (until 31 Dec 2026) and Boreal”; of many, the first and how many more."""
    names = [
        _("%(name)s (until %(day)s)") % {"name": holder["name"], "day": day(date.fromisoformat(holder["last_day"]))}
        if holder.get("last_day")
        else holder["name"]
        for holder in holders[: NAMED - 1 if len(holders) > NAMED else NAMED]
    ]
    if more := len(holders) - len(names):
        names.append(ngettext("%(n)s other", "%(n)s others", more) % {"n": num(more)})
    return joined(names)


def asked_words(inputs: dict[str, Any]) -> str:
    """What was asked about: the customer by name, else its place."""
    return inputs.get("customer") or ", ".join(
        filter(None, [inputs.get("region"), country_name(inputs.get("country"))])
    )


def breached(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers, product line by product line, that name somebody else than the partner."""
    outside = set(evidence["outside"])
    return [
        answer for answer in evidence["coverage"]["answers"] if not answer["lines"] or set(answer["lines"]) & outside
    ]


def breach_holders(evidence: dict[str, Any]) -> str:
    """Who holds what was breached: the name of the one exclusive holder, else in general."""
    names = {
        holder["name"] for answer in breached(evidence) for holder in answer["holders"] if holder["kind"] != "overlay"
    }
    return names.pop() if len(names) == 1 else _("Who holds the territory")


def breach_words(evidence: dict[str, Any]) -> str:
    """Why a registration lies outside its partner's territory, from the stored evidence of the finding."""
    inputs, sentences = evidence["coverage"]["inputs"], []
    for answer in breached(evidence):
        words = {
            UNASSIGNED: _("%(lines)s for %(where)s: no territory covers it."),
            OPEN: _("%(lines)s for %(where)s: territory “%(territory)s” is open, and not assigned to %(mine)s."),
            SHARED: _(
                "%(lines)s for %(where)s: territory “%(territory)s” is shared by %(holders)s, and not assigned to %(mine)s."
            ),
            EXCLUSIVE: _(
                "%(lines)s for %(where)s: territory “%(territory)s” is held exclusively by %(holders)s,"
                " and not assigned to %(mine)s."
            ),
        }[answer["state"]]
        sentences.append(
            words
            % {
                "lines": joined(answer["lines"]) or _("any product"),
                "where": asked_words(inputs),
                "territory": answer.get("territory", ""),
                "holders": holders_words([holder for holder in answer["holders"] if holder["kind"] != "overlay"]),
                "mine": evidence["registration"]["partner"],
            }
        )
    return " ".join(sentences)


def breach_rows(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """A registration beside the territory its customer lies in, as lines of the ``evidence-table`` component."""

    def told(fact: str, left: str, right: str, verdict: str = "") -> dict[str, Any]:
        return {"fact": fact, "left": left, "right": right, "verdict": verdict, "verdict_label": "" if verdict else " "}

    mine, inputs = evidence["registration"], evidence["coverage"]["inputs"]
    place = ", ".join(filter(None, [inputs.get("region"), country_name(inputs.get("country"))]))
    lines = [
        told(_("Customer"), mine["customer_name"], inputs.get("customer", "")),
        told(_("Country"), country_name(mine["customer_country"]), place),
    ]
    for answer in breached(evidence):
        rule = _("decided by %(basis)s (priority %(priority)s, specificity %(specificity)s)") % {
            "basis": basis_words(answer.get("basis", [])),
            "priority": answer.get("priority", 0),
            "specificity": answer.get("specificity", 0),
        }
        where = f"{answer['territory']}, {rule}" if answer.get("territory") else _("no territory")
        holders = holders_words([holder for holder in answer["holders"] if holder["kind"] != "overlay"])
        lines += [
            told(_("Territory"), joined(answer["lines"]) or _("any product"), where),
            told(_("Held by"), mine["partner"], holders or _("nobody"), "different"),
        ]
    on = day(date.fromisoformat(inputs["on"]))
    return [*lines, told(_("Submitted"), on, _("by the rules of %(day)s") % {"day": on})]


def answer_words(answer: dict[str, Any], inputs: dict[str, Any]) -> str:
    """Who may sell, and why, from stored evidence alone."""
    facts = {
        "lines": joined(answer["lines"]) or _("any product"),
        "where": asked_words(inputs),
        "territory": answer.get("territory", ""),
        "holders": holders_words([holder for holder in answer.get("holders", []) if holder["kind"] != "overlay"]),
        "basis": basis_words(answer.get("basis", [])),
        "priority": answer.get("priority", 0),
        "specificity": answer.get("specificity", 0),
    }
    count = len([holder for holder in answer.get("holders", []) if holder["kind"] != "overlay"])
    if answer["state"] == HOUSE:
        return _("%(where)s is reserved for direct sales.") % facts
    if answer["state"] == UNASSIGNED:
        return _("No territory covers %(lines)s for %(where)s.") % facts
    who = {
        OPEN: _("nobody holds it yet"),
        EXCLUSIVE: ngettext("only %(holders)s may sell there", "only %(holders)s may sell there", count) % facts,
        SHARED: _("shared by %(holders)s") % facts,
    }[answer["state"]]
    return _(
        "%(lines)s for %(where)s: territory “%(territory)s”, %(who)s. Decided by %(basis)s"
        " (priority %(priority)s, specificity %(specificity)s)."
    ) % {**facts, "who": who}
