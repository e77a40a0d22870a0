"""What pages of customers, partners and registrations show of territories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from prm.beside import PERIOD, beside, period_of
from territories.coverage import Resolution, resolve
from territories.models import Customer, CustomerMerge, TerritoryAssignment
from territories.wording import answer_words, rule_words


def sees(user: Any) -> bool:
    return not user.is_partner and user.may("see_territories")


def answers(resolution: Resolution) -> list[dict[str, Any]]:
    """Each answer with its sentence, and the rules that were looked at with what became of them."""
    outcomes = {
        "decides": pgettext("rule", "decides"),
        "weaker": pgettext("rule", "is weaker"),
        "excludes": pgettext("rule", "takes it out"),
        "excluded": pgettext("rule", "was taken out"),
    }
    return [
        {
            "words": answer_words(answer.evidence(), resolution.inputs),
            "rules": [
                {
                    "territory": rule.territory.name,
                    "words": rule_words(rule),
                    "priority": rule.priority,
                    "specificity": rule.specificity,
                    "outcome": outcomes[outcome],
                }
                for rule, outcome in answer.decision.trail
            ],
        }
        for answer in resolution.answers
    ]


def coverage_of_customer(customer: Customer, user: Any) -> dict | None:
    """Who may sell to this customer: any product, and the lines that rules treat apart."""
    if not sees(user):
        return None
    return {"title": _("Who may sell here"), "answers": answers(resolve(customer=customer, named_lines=True))}


def territories_of_partner(partner: Any, user: Any) -> dict | None:
    """What the partner holds now or will hold."""
    if not sees(user):
        return None
    rows = [TerritoryAssignment(period=period_of(row), **row) for row in partner.territory_rows or []]
    return {"title": _("Territories"), "assignments": rows}


def territories_beside(user: Any) -> dict[str, Any]:
    rows = TerritoryAssignment.objects.visible_to(user).filter(partner=OuterRef("pk")).not_over()
    ordered = rows.order_by("territory_name", "period")[:30]
    kept = ("territory_id", "territory_name", "kind")
    return {"territory_rows": beside(ordered, **{name: name for name in kept}, **PERIOD)}


def merges_of_customer(customer: Any, user: Any) -> dict | None:
    """Rows that were merged into this one, and may be taken apart again."""
    if not user.may("manage_customers"):
        return None
    rows = [
        CustomerMerge(created_at=datetime.fromisoformat(row.pop("created_at")), **row)
        for row in customer.merge_rows or []
    ]
    return {"title": _("Merged into this one"), "merges": rows} if rows else None


def merges_beside(user: Any) -> dict[str, Any]:
    rows = CustomerMerge.objects.visible_to(user).filter(customer=OuterRef("pk"))[:20]
    return {"merge_rows": beside(rows, **{name: name for name in ("id", "absorbed_name", "undone_at", "created_at")})}
