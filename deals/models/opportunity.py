from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import CLOSED_STAGES, LostCause, Route, Stage
from deals.models.forecast import BY_STAGE, Forecast, ForecastChange
from deals.models.stage_rule import refuse_unless_ready
from deals.querysets import OpportunityQuerySet
from deals.transitions import step_of_stage
from partners.catalogue.models import Product, ProductLine
from partners.models import Team
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.fields.columns import CustomValues
from prm.money.fields import amount_field, currency_field
from prm.records import Part, Record
from prm.rowpolicy import RowPolicy
from territories.models import Customer

REACHED = "id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})"
SOLD = "IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {partner} AND role = 'selling')"
# What an event about a change tells as old and new; lines and participants come beside them.
FACTS = (
    "name",
    "customer_id",
    "route",
    "team_id",
    "owner_id",
    "amount",
    "currency",
    "recurring",
    "expected_close_date",
    "opened_on",
    "closed_on",
    "custom",
)


@pghistory.track()
class Opportunity(CustomValues, Record):
    """A sale in progress or closed. A partner reaches it only through its own OpportunityParticipant."""

    name = models.CharField(gettext_lazy("name"), max_length=200)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=gettext_lazy("customer"),
    )
    route = models.CharField(gettext_lazy("route"), max_length=11, choices=Route.choices, default=Route.PARTNER)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="opportunities", verbose_name=gettext_lazy("team")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=gettext_lazy("owner"),
    )
    stage = models.CharField(gettext_lazy("stage"), max_length=20, choices=Stage.choices, default=Stage.PROSPECT)
    amount = amount_field(null=True, blank=True)
    currency = currency_field(blank=True)
    recurring = models.BooleanField(gettext_lazy("recurring"), default=False)
    expected_close_date = models.DateField(gettext_lazy("expected close"), null=True, blank=True)
    put_off = models.PositiveSmallIntegerField(gettext_lazy("times put off"), default=0, editable=False)
    forecast = models.CharField(gettext_lazy("forecast"), max_length=9, choices=Forecast.choices, blank=True)
    opened_on = models.DateField(gettext_lazy("opened on"), null=True, blank=True)
    closed_on = models.DateField(gettext_lazy("closed on"), null=True, blank=True)
    lost_cause = models.CharField(gettext_lazy("lost because"), max_length=11, choices=LostCause.choices, blank=True)
    lost_reason = models.CharField(gettext_lazy("reason lost"), max_length=200, blank=True)

    objects = OpportunityQuerySet.as_manager()
    # Where it sells, a partner reports how the deal goes, its amount and its close, and changes nothing else.
    row_policy = RowPolicy(
        read=REACHED,
        write=f"id {SOLD}",
        insert="",
        columns=(
            "stage",
            "closed_on",
            "lost_cause",
            "lost_reason",
            "amount",
            "currency",
            "expected_close_date",
            "version",
            "updated_at",
        ),
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "opportunities"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="opportunity_recent"),
            models.Index(fields=["stage", "closed_on"], name="opportunity_stage"),
            models.Index(fields=["stage", "expected_close_date", "id"], name="opportunity_board"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=CLOSED_STAGES, closed_on__isnull=False)
                | (~models.Q(stage__in=CLOSED_STAGES) & models.Q(closed_on__isnull=True)),
                name="closed_has_its_day",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | (models.Q(amount__gte=0) & ~models.Q(currency="")),
                name="opportunity_amount",
            ),
        ]
        # Counted by the database, so that forms, the API, imports and partners all count.
        triggers = [
            pgtrigger.Trigger(
                name="put_off",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("expected_close_date"),
                condition=pgtrigger.Q(new__expected_close_date__gt=pgtrigger.F("old__expected_close_date")),
                func="NEW.put_off := least(OLD.put_off + 1, 32000); RETURN NEW;",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deals:opportunity", args=[self.pk])

    @property
    def is_closed(self) -> bool:
        return self.stage in CLOSED_STAGES

    @property
    def forecast_category(self) -> str:
        """The category that counts: what people said, or else what the stage says; a closed deal has none."""
        return "" if self.is_closed else str(self.forecast or BY_STAGE.get(self.stage, ""))

    @property
    def forecast_words(self) -> str:
        return str(Forecast(self.forecast_category).label) if self.forecast_category else ""

    # Verbs ----------------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def move_to(
        self,
        stage: str,
        *,
        by,
        version=None,
        on: date | None = None,
        cause: str = "",
        reason: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:
        """Change the stage and write its history.

        Closing sets the day (today on the vendor's calendar unless ``on`` says); a lost deal needs its cause, or a reason in
        words, opening a closed one again a reason, and a stage the facts it requires (``StageRule``). ``facts`` are changed
        with it.
        """
        self.lock(version)
        if stage not in Stage.values:
            raise RuleViolation("unknown_stage", _("This stage does not exist."), field="stage")
        if facts:
            self.change(by=by, **facts)
        if stage == self.stage:
            if on and self.is_closed and on != self.closed_on:
                self.change(by=by, closed_on=on)
            return
        verb = step_of_stage(self.stage, stage, by=by)
        if stage == Stage.LOST and not (cause or reason.strip()):
            raise RuleViolation("reason_missing", _("Say why the opportunity was lost."), field="reason")
        if verb == "reopen" and not reason.strip():
            raise RuleViolation("reason_missing", _("Say why the opportunity is opened again."), field="reason")
        old, old_day = self.stage, self.closed_on
        closed = (on or business_today()) if stage in CLOSED_STAGES else None
        if closed:
            self._refuse_closing_day(closed, field="on")
        refuse_unless_ready(self, stage)
        StageChange(opportunity=self, old=old, new=stage, by=by or None).save(force_insert=True)
        lost = {"lost_cause": cause or LostCause.OTHER, "lost_reason": reason} if stage == Stage.LOST else {}
        self.put(**{"stage": stage, "closed_on": closed, "lost_cause": "", "lost_reason": "", **lost})
        events.record(
            self,
            "stage_changed",
            by=by,
            old=old,
            new=stage,
            old_closed_on=told(old_day),
            closed_on=told(closed),
            cause=self.lost_cause,
            reason=reason,
            reported_by=told(by.acting_for_id) if by else None,
        )
        self.show_stage(by=by)

    def win(self, *, by, on: date | None = None, version=None) -> None:
        self.move_to(Stage.WON, by=by, on=on, version=version)

    def lose(self, *, by, cause: str = "", reason: str = "", on: date | None = None, version=None) -> None:
        self.move_to(Stage.LOST, by=by, on=on, cause=cause, reason=reason, version=version)

    def reopen(self, stage: str, *, by, reason: str, version=None) -> None:
        self.move_to(stage, by=by, reason=reason, version=version)

    @transaction.atomic
    def set_forecast(self, category: str, *, by, version=None) -> None:
        """Say how sure the deal is, and write the history of it; an empty category leaves it to the stage again."""
        self.lock(version)
        if category not in ("", *Forecast.values):
            raise RuleViolation("unknown_forecast", _("This forecast category does not exist."), field="forecast")
        if self.is_closed:
            raise RuleViolation("closed", _("A closed deal is not forecast any more."), field="forecast")
        if category == self.forecast:
            return
        old = self.forecast
        ForecastChange(opportunity=self, old=old, new=category, by=by).save(force_insert=True)
        self.put(forecast=category)
        events.record(self, "forecast_set", by=by, old=old, new=category)

    def show_stage(self, *, by=None) -> None:
        """Bring the registrations that led here to its stage: all of them for the vendor, in the portal the partner's own."""
        from deals.models.registration import DealRegistration

        behind = DealRegistration.objects.filter(participant__opportunity=self).exclude(sales_stage=self.stage)
        behind.follow_stage(self.stage, by=by)

    @transaction.atomic
    def change(self, *, by, version=None, lines: dict | None = None, **values: Any) -> None:
        """Change facts, the owner, or the amounts by line (``lines``: product line → amount), and tell old and new values.

        The day a closed deal closed is changed here too: figures and credits of both days follow the event.
        """
        self.lock(version)
        changes = {name: value for name, value in values.items() if getattr(self, name) != value}
        if "closed_on" in changes:
            if not self.is_closed or changes["closed_on"] is None:
                raise RuleViolation(
                    "not_closed", _("Only a closed opportunity has a day it closed."), field="closed_on"
                )
            self._refuse_closing_day(changes["closed_on"], opened=changes.get("opened_on", self.opened_on))
        with self.telling(by):
            if lines is not None:
                changes |= self._set_lines(lines, changes, values.get("amount"))
            if changes or lines is not None:
                self.put(**changes)

    def assign(self, owner, *, by, version=None) -> None:
        """Give the deal to another person of the vendor."""
        self.change(by=by, version=version, owner=owner)

    @contextmanager
    def telling(self, by) -> Iterator[None]:
        """Tell ``opportunity.changed`` with the old and new value of whatever is changed within, its parts included."""
        before = self.facts()
        yield
        after = self.facts()
        changed = [name for name in before if before[name] != after[name]]
        if changed:
            events.record(
                self,
                "changed",
                by=by,
                fields=changed,
                old={name: before[name] for name in changed},
                new={name: after[name] for name in changed},
                stage=self.stage,
                closed_on=told(self.closed_on),
                reported_by=told(by.acting_for_id) if by else None,
            )

    def facts(self) -> dict[str, Any]:
        """What followers of a change need to know, as JSON."""
        lines = self.lines.values_list("line_id", "product_id", "amount")
        parts = self.participants.values_list("partner_id", "team_id", "role", "share")
        return {
            **{name.removesuffix("_id"): told(getattr(self, name)) for name in FACTS},
            "lines": sorted([[told(value) for value in row] for row in lines], key=str),
            "participants": sorted([[told(value) for value in row] for row in parts], key=str),
        }

    def _set_lines(self, lines: dict, changes: dict[str, Any], given: Decimal | None) -> dict[str, Any]:
        """Exactly these lines; where each has an amount they are the opportunity's, and an amount given with them agrees."""
        amounts = list(lines.values())
        if None not in amounts and amounts:
            total = sum(amounts, Decimal(0))
            if given not in (None, total):
                raise RuleViolation(
                    "amounts_differ",
                    _("The product lines add up to %(total)s, not to %(amount)s.") % {"total": total, "amount": given},
                    field="amount",
                )
            changes = {**changes, "amount": total}
            if not changes.get("currency", self.currency):
                raise RuleViolation("currency_missing", _("Choose the currency of the amount."), field="currency")
        kept = {row.line_id: row for row in self.lines.filter(line__in=list(lines), product__isnull=True)}
        self.lines.exclude(pk__in=[row.pk for row in kept.values()]).delete()
        for line, amount in lines.items():
            row = kept.get(line.pk) or OpportunityLine(opportunity=self, line=line)
            row.amount = amount
            row.save()
        return changes

    def _refuse_closing_day(self, day: date, *, opened: date | None = None, field: str = "closed_on") -> None:
        opened = opened or self.opened_on
        if day > business_today():
            raise RuleViolation("date_to_come", _("A deal cannot have closed on a day still to come."), field=field)
        if opened and day < opened:
            raise RuleViolation("dates_reversed", _("It closed before it opened."), field=field)


def unsaid(opportunity: Opportunity) -> tuple[str, ...]:
    """The facts nobody has said of an open deal yet, which the next stage may need."""
    if opportunity.is_closed:
        return ()
    amount = () if opportunity.amount is not None else ("amount", "currency")
    return amount if opportunity.expected_close_date else (*amount, "expected_close_date")


def told(value: Any) -> Any:
    """A column's value as an event carries it."""
    if value is None or isinstance(value, (bool, int, str, dict, list)):
        return value
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


class OpportunityLine(Part):
    """The amount of an opportunity on one product line, and the product where it is known."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="lines")
    line = models.ForeignKey(ProductLine, models.PROTECT, related_name="+", verbose_name=gettext_lazy("product line"))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("product")
    )
    amount = amount_field(null=True, blank=True)

    row_policy = RowPolicy(
        read="opportunity_id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})"
    )

    def __str__(self) -> str:
        return f"{self.line} {self.amount}"


class StageChange(Part):
    """One step of an opportunity's stage history."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="stage_changes")
    old = models.CharField(max_length=20, choices=Stage.choices, blank=True)
    new = models.CharField(max_length=20, choices=Stage.choices)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    row_policy = RowPolicy(
        read="opportunity_id IN (SELECT opportunity_id FROM deals_opportunityparticipant WHERE partner_id = {readable})",
        insert=f"opportunity_id {SOLD}",
    )

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["at"], name="stage_change_recent", include=["opportunity"])]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
