"""One deal's journey: its touches by date, and what each gets by each model."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from attribution.models import Credit, CreditModel
from deals.models import Opportunity

MODELS = (CreditModel.FIRST_TOUCH, CreditModel.LAST_TOUCH, CreditModel.LINEAR)
ICONS = {
    "lead_source": "target",
    "referral": "user-share",
    "registration": "file-certificate",
    "introduction": "users",
    "meeting": "users",
    "demo": "presentation",
    "proof_of_concept": "flask",
    "technical_validation": "shield-check",
    "mdf_activity": "cash",
    "content_share": "share",
    "event": "calendar-event",
    "marketplace": "building-store",
    "implementation": "tool",
    "renewal_assist": "refresh",
}


@dataclass
class Step:
    """A touch, or nobody's part where there is none."""

    credit: Credit
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def cells(self) -> list[Decimal]:
        return [self.amounts.get(model, Decimal(0)) for model in MODELS]

    @property
    def icon(self) -> str:
        return ICONS.get(self.credit.kind, "circle-dashed")

    @property
    def who(self) -> Any:
        return self.credit.partner or self.credit.team or self.credit.campaign

    @property
    def explanation(self) -> str:
        return self.credit.explanation


@dataclass
class Journey:
    steps: list[Step]
    source: Credit | None
    helpers: list[Credit]
    totals: list[Decimal]
    currency: str
    problem: str

    @property
    def days(self) -> int | None:
        """From the first touch to the close."""
        age = self.steps[0].credit.age if self.steps else None
        return age.days if age else None

    @property
    def models(self) -> list[CreditModel]:
        return list(MODELS)


def journey_of(opportunity: Opportunity, user: Any) -> Journey | None:
    """What this person may see of the credit of an opportunity; one statement. None where there is none."""
    rows = list(
        Credit.objects.visible_to(user)
        .filter(opportunity=opportunity)
        .select_related("partner", "team", "campaign")
        .order_by("position", "pk")
    )
    if not rows:
        return None
    steps: dict[Any, Step] = {row.touchpoint_id: Step(row) for row in rows if row.model == CreditModel.LINEAR}
    for row in rows:
        if row.model in MODELS and row.touchpoint_id in steps:
            steps[row.touchpoint_id].amounts[row.model] = row.amount
    found = list(steps.values())
    return Journey(
        steps=found,
        source=next((row for row in rows if row.model == CreditModel.SOURCED), None),
        helpers=[row for row in rows if row.model == CreditModel.INFLUENCED],
        totals=[sum((step.amounts.get(model, Decimal(0)) for step in found), Decimal(0)) for model in MODELS],
        currency=rows[0].currency,
        problem=str(rows[0].get_problem_display()) if rows[0].problem else "",
    )
