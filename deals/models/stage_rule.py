"""What a stage asks of a deal before it may be reached, and how long a deal may rest there without news.

The defaults stand here and nowhere else; a program owner changes them stage by stage (``StageRule``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from deals.axes import OPEN_STAGES, Stage
from partners.engagement.models import Activity
from prm import events
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import EVERYONE_READS


class Fact(models.TextChoices):
    """What a stage may ask to be known of a deal."""

    AMOUNT = "amount", pgettext_lazy("needed", "the amount")
    CLOSE_DATE = "expected_close_date", pgettext_lazy("needed", "the expected close date")
    LINES = "lines", pgettext_lazy("needed", "the product lines")
    CUSTOMER = "customer", pgettext_lazy("needed", "the customer")
    OWNER = "owner", pgettext_lazy("needed", "the owner")
    NEXT_STEP = "next_step", pgettext_lazy("needed", "a planned next step")


class Rule(NamedTuple):
    """A stage's rule in force: the facts it requires, and the days without news after which a deal in it is stale."""

    required: tuple[str, ...] = ()
    quiet_days: int | None = None


DEFAULTS: dict[str, Rule] = {
    Stage.PROSPECT: Rule((), 60),
    Stage.QUALIFIED: Rule((), 45),
    Stage.TECHNICAL: Rule((), 30),
    Stage.BUSINESS: Rule((), 30),
    Stage.COMMITTED: Rule((Fact.AMOUNT, Fact.CLOSE_DATE), 14),
    Stage.WON: Rule((Fact.AMOUNT,)),
    Stage.LOST: Rule(),
}
# Every deal begins as a prospect, and no missing fact keeps a deal from being lost.
GATED = tuple(stage for stage in Stage if stage not in (Stage.PROSPECT, Stage.LOST))
LONGEST = 365


class StageRuleQuerySet(models.QuerySet["StageRule"]):
    def in_force(self) -> dict[str, Rule]:
        """The rule of every stage, by its value; one statement."""
        kept = {row.stage: Rule(tuple(row.required), row.quiet_days) for row in self.all()}
        return {stage.value: kept.get(stage.value, DEFAULTS[stage]) for stage in Stage}

    @transaction.atomic
    def adjust(self, stage: str, *, by: Any, required: Iterable[str], quiet_days: int | None) -> StageRule:
        """Set the rule of a stage from now on; deals that are there already stay."""
        if not set(required) <= set(Fact.values) or (required and stage not in GATED):
            raise RuleViolation("unknown_fact", _("This stage cannot ask for that."), field="required")
        if (quiet_days is None) == (stage in OPEN_STAGES):
            raise RuleViolation(
                "quiet_days", _("Only open stages have a number of days without news."), field="quiet_days"
            )
        row, _made = self.get_or_create(stage=stage, defaults={"quiet_days": quiet_days})
        row.lock()
        row.put(required=[fact.value for fact in Fact if fact.value in required], quiet_days=quiet_days)
        events.record(row, "changed", by=by, stage=stage, required=row.required, quiet_days=quiet_days)
        return row


@pghistory.track()
class StageRule(Record):
    """The rule of one stage, where a program owner changed it."""

    stage = models.CharField(gettext_lazy("stage"), max_length=20, choices=Stage.choices, unique=True)
    required = ArrayField(
        models.CharField(max_length=20, choices=Fact.choices),
        default=list,
        blank=True,
        verbose_name=gettext_lazy("needed"),
    )
    quiet_days = models.PositiveSmallIntegerField(
        gettext_lazy("days without news"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST)],
    )

    objects = StageRuleQuerySet.as_manager()
    row_policy = EVERYONE_READS  # a partner that reports a stage is held to the same gates

    class Meta:
        ordering = ["stage"]

    def __str__(self) -> str:
        return self.get_stage_display()


def refuse_unless_ready(opportunity: Any, stage: str) -> None:
    """Refuse a stage while the deal lacks what it requires, naming what is missing.

    Imports and records kept in step with a CRM do not ask: they tell what is already so elsewhere, and a refused row would
    only leave the two systems apart.
    """
    lacks = lacking(opportunity, StageRule.objects.in_force()[stage].required)
    if lacks:
        facts = get_text_list([str(Fact(name).label) for name in lacks], _("and"))
        raise RuleViolation(
            "facts_missing",
            _("“%(stage)s” needs %(facts)s. Add what is missing first.")
            % {"stage": Stage(stage).label, "facts": facts},
            field="stage",
        )


def lacking(opportunity: Any, required: Iterable[str]) -> list[str]:
    """Which of these facts the deal does not have."""
    return [name for name in required if not KNOWN[name](opportunity)]


def has_next_step(opportunity: Any) -> bool:
    from deals.activities import story_of_opportunity

    return Activity.objects.filter(story_of_opportunity(opportunity), done_at__isnull=True).exists()


KNOWN: dict[str, Callable[[Any], bool]] = {
    Fact.AMOUNT: lambda deal: deal.amount is not None,
    Fact.CLOSE_DATE: lambda deal: deal.expected_close_date is not None,
    Fact.LINES: lambda deal: deal.lines.exists(),
    Fact.CUSTOMER: lambda deal: deal.customer_id is not None,
    Fact.OWNER: lambda deal: deal.owner_id is not None,
    Fact.NEXT_STEP: has_next_step,
}
