"""The credit ledger: which touch, partner, team or campaign gets which part of a won opportunity, by which rule."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from attribution.models.campaign import Campaign
from attribution.models.touchpoint import Touchpoint, TouchpointKind
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from partners.models import Partner, Team
from prm.calendar import business_zone
from prm.ids import uuid7
from prm.money import quantum
from prm.money.fields import amount_field, currency_field
from prm.rowpolicy import APPEND_ONLY, RowPolicy
from prm.ui.templatetags.ui import day, percent


class CreditModel(models.TextChoices):
    FIRST_TOUCH = "first_touch", pgettext_lazy("credit", "First touch")
    LAST_TOUCH = "last_touch", pgettext_lazy("credit", "Last touch")
    LINEAR = "linear", pgettext_lazy("credit", "Linear")
    SOURCED = "sourced", pgettext_lazy("credit", "Sourced")
    INFLUENCED = "influenced", pgettext_lazy("credit", "Influenced")


# Each of these gives the whole of every won opportunity exactly once; ``influenced`` gives it once to each partner that helped.
ADDITIVE = (CreditModel.SOURCED, CreditModel.FIRST_TOUCH, CreditModel.LAST_TOUCH, CreditModel.LINEAR)

OWN_MODELS = (CreditModel.SOURCED, CreditModel.LINEAR)


class CreditRule(models.TextChoices):
    """Why a row is there."""

    TOUCH = "touch", gettext_lazy("its touch")
    SOURCING_PARTICIPANT = "sourcing_participant", gettext_lazy("it takes part as sourcing")
    INFLUENCING = "influencing", gettext_lazy("it helped without being the source")
    UNATTRIBUTED = "unattributed", gettext_lazy("no touch is on record")


class CreditProblem(models.TextChoices):
    """What keeps an amount out of the reporting currency; the row says so instead of guessing."""

    MISSING_RATE = "missing_rate", gettext_lazy("no exchange rate for the closing day")
    TOO_LARGE = "too_large", gettext_lazy("the converted amount is too large")


class CreditQuerySet(models.QuerySet["Credit"]):
    def visible_to(self, user: Any) -> CreditQuerySet:
        """The vendor's credits of the partners in its scope; a partner's own, on deals in which it takes part.

        A partner reads its share and what it brought; the other models say more of the others than of itself.
        """
        if not user.may("see_credit"):
            return self.none()
        if user.is_partner:
            own = self.filter(partner=user.acting_for_id, participant__partner=user.acting_for_id, model__in=OWN_MODELS)
            if user.membership.own_rows_only:
                mine = DealRegistration.objects.filter(participant=models.OuterRef("participant"), created_by=user)
                own = own.filter(models.Exists(mine))
            return own
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(partner__in=scope)


class Credit(models.Model):
    """A part of one won opportunity, by one model. Written by ``attribution.credit`` alone and equal to what it computes now.

    ``first_touch``, ``last_touch`` and ``linear`` have one row for each touch that gets something, ``sourced`` one row for each
    opportunity, ``influenced`` one row, with the whole amount, for each partner that helped without being the source. A row
    without partner, team and campaign is the part nobody gets. Sourced bookings of a partner: the sum of its ``sourced`` rows.

    The id follows from opportunity, model and touch, so that the same inputs give the same rows again. ``participant`` is the
    partner's own part in the opportunity; without one the partner does not learn of the opportunity, nor of this row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # References without constraints: the ledger is computed from those rows and must not lock them.
    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="credits", db_constraint=False, db_index=False
    )
    model = models.CharField(gettext_lazy("model"), max_length=12, choices=CreditModel.choices)
    # A deleted touch leaves its row until the worker has computed again, so that the sums hold all the while.
    touchpoint = models.ForeignKey(
        Touchpoint, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(gettext_lazy("touch"), max_length=20, choices=TouchpointKind.choices, blank=True)
    at = models.DateTimeField(gettext_lazy("date of the touch"), null=True)
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, related_name="credits", db_constraint=False, db_index=False
    )
    team = models.ForeignKey(Team, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+")
    campaign = models.ForeignKey(
        Campaign, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    participant = models.ForeignKey(
        OpportunityParticipant, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    weight = models.DecimalField(gettext_lazy("share"), max_digits=13, decimal_places=12)
    amount = amount_field()
    currency = currency_field(blank=True)
    reporting_minor = models.BigIntegerField(null=True)  # of the reporting currency; empty where ``problem`` says why
    problem = models.CharField(max_length=12, choices=CreditProblem.choices, blank=True)
    closed_on = models.DateField(gettext_lazy("closed on"))
    position = models.PositiveIntegerField()  # of the touch in the journey, from 1; 0: no touch
    of = models.PositiveIntegerField()  # touches in the journey
    sourced = models.BooleanField(gettext_lazy("sourced"))  # the partner of this row is the source of the opportunity
    rule = models.CharField(max_length=20, choices=CreditRule.choices)
    rule_version = models.PositiveSmallIntegerField()

    objects = CreditQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner} AND model IN ('sourced', 'linear')"
        " AND participant_id IN (SELECT id FROM deals_opportunityparticipant WHERE partner_id = {partner})"
    )

    class Meta:
        ordering = ["-closed_on", "opportunity_id", "model", "position", "id"]
        indexes = [
            models.Index(fields=["opportunity"], name="credit_opportunity"),
            models.Index(fields=["closed_on", "model", "partner"], include=["reporting_minor"], name="credit_closed"),
            models.Index(fields=["partner", "model", "-closed_on"], name="credit_partner"),
            models.Index(fields=["model", "-closed_on", "-id"], name="credit_model"),
        ]

    def __str__(self) -> str:
        return f"{self.get_model_display()} {self.amount} {self.currency}"

    @property
    def reporting_amount(self) -> Decimal | None:
        """In the reporting currency, at the rate of the closing day."""
        if self.reporting_minor is None:
            return None
        return self.reporting_minor * quantum(settings.REPORTING_CURRENCY)

    @property
    def age(self) -> timedelta | None:
        """From the touch to the end of the closing day, on the vendor's clock."""
        if self.at is None:
            return None
        return datetime.combine(self.closed_on + timedelta(days=1), time(), business_zone()) - self.at

    @property
    def explanation(self) -> str:
        """The row as a sentence, in the reader's language, from what it stores alone."""
        if self.rule == CreditRule.UNATTRIBUTED:
            return _("No touch is on record before %(day)s, so nobody gets this amount.") % {"day": day(self.closed_on)}
        if self.rule == CreditRule.SOURCING_PARTICIPANT:
            return _("The source is who takes part in the deal as sourcing.")
        if self.rule == CreditRule.INFLUENCING:
            return _("It has touches in the journey, or takes part as influencing, and is not the source.")
        age = self.age.days if self.age else 0
        facts = {
            "kind": self.get_kind_display(),
            "day": day(timezone.localtime(self.at)) if self.at else "",
            "n": self.position,
            "of": self.of,
            "share": percent(self.weight),
            "age": ngettext("%(days)s day", "%(days)s days", age) % {"days": age},
        }
        sentences = {
            CreditModel.FIRST_TOUCH: _("First of %(of)s touches: %(kind)s on %(day)s, %(age)s before the close."),
            CreditModel.LAST_TOUCH: _("Last of %(of)s touches: %(kind)s on %(day)s, %(age)s before the close."),
            CreditModel.LINEAR: _(
                "Touch %(n)s of %(of)s: %(kind)s on %(day)s, %(age)s before the close; its share is %(share)s."
            ),
            CreditModel.SOURCED: _("The source is the first of %(of)s touches: %(kind)s on %(day)s."),
        }
        return sentences[CreditModel(self.model)] % facts


class CreditDirty(models.Model):
    """A note that something changed on which credits rest: written by triggers in the transaction of the change.

    ``subject`` is what changed: an opportunity, participant, registration, lead or customer; which won opportunities rest on it is
    asked by the worker, once the change is committed. A note is never shared between transactions: a note found already there
    could be worked off before the change that relied on it is seen.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.UUIDField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")  # or: the rate of this currency,
    since = models.DateField(null=True)  # for deals closed from this day on

    row_policy = APPEND_ONLY

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="wake_credit",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="notes"),
                # One errand for each transaction that leaves notes; the setting ends with it, or with a savepoint rolled back.
                func="""
                    IF current_setting('prm.credit_woken', true) IS DISTINCT FROM pg_current_xact_id()::text
                        AND EXISTS (SELECT FROM notes) THEN
                        INSERT INTO events_errand (id, task, kwargs, queue, request_id, created_at, due_at, tries, dead, error)
                        VALUES (uuidv7(), 'attribution.credit', '{}', 'metrics', '', now(), now(), 0, false, '');
                        PERFORM set_config('prm.credit_woken', pg_current_xact_id()::text, true);
                    END IF;
                    RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return str(self.subject or f"{self.currency} {self.since}")


class AttributionRunQuerySet(models.QuerySet["AttributionRun"]):
    def visible_to(self, user: Any) -> AttributionRunQuerySet:
        return self if not user.is_partner and user.may("see_credit") else self.none()


class AttributionRun(models.Model):
    """A full computation of the ledger, with its settings and what it found; ``changed`` is 0 when the ledger was right."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule_version = models.PositiveSmallIntegerField()
    lookback_days = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField()
    opportunities = models.PositiveIntegerField()
    credits = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()

    objects = AttributionRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"
