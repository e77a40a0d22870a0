from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import ParticipantRole
from deals.models.opportunity import Opportunity
from deals.querysets import ParticipantQuerySet
from partners.models import Partner, Team
from prm import events
from prm.errors import RuleViolation, StaleVersion
from prm.records import Record
from prm.rowpolicy import RowPolicy


@pghistory.track()
class OpportunityParticipant(Record):
    """A partner's or team's part in an opportunity: its role, share and period. To a partner this row *is* the deal."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="participants")
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="participations",
        verbose_name=gettext_lazy("partner"),
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="participations", verbose_name=gettext_lazy("team")
    )
    role = models.CharField(
        gettext_lazy("role"), max_length=12, choices=ParticipantRole.choices, default=ParticipantRole.SELLING
    )
    share = models.DecimalField(
        gettext_lazy("share, %"),
        max_digits=7,
        decimal_places=4,
        default=100,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    customer_name = models.CharField(gettext_lazy("customer, as the partner writes it"), max_length=200, blank=True)
    period = DateRangeField(gettext_lazy("period"), null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {readable}", write="partner_id = {partner}", insert="", columns=("version", "updated_at")
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(partner__isnull=False, team__isnull=True)
                | models.Q(partner__isnull=True, team__isnull=False),
                name="participant_one_side",
            ),
            models.UniqueConstraint(
                fields=["opportunity", "partner", "role"],
                name="participant_once",
                condition=models.Q(partner__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["partner", "-created_at", "-id"], name="participant_recent")]

    def __str__(self) -> str:
        return f"{self.partner or self.team} · {self.get_role_display()}"

    @property
    def joined_later(self) -> bool:
        """It took part after the deal had begun: to its partner the time before is nobody's."""
        return self.created_at > self.opportunity.created_at + timedelta(minutes=10)

    @property
    def sells(self) -> bool:
        return self.role == ParticipantRole.SELLING

    @transaction.atomic
    def move_to(
        self,
        stage: str,
        *,
        by,
        version=None,
        seen: str = "",
        on: date | None = None,
        cause: str = "",
        reason: str = "",
        facts: dict | None = None,
    ) -> None:
        """The partner reports how its deal goes. ``version`` is of this row, the partner's own; ``seen`` the stage it had read.

        ``facts``: the amount and expected close as they are now, as far as they are the partner's to say (``sayable``).
        """
        self.lock(version)
        if not self.sells:
            raise RuleViolation("not_selling", _("Only the partner that sells moves the deal."))
        if seen and seen != self.opportunity.stage:
            raise StaleVersion(self)
        deal, facts = self.opportunity, facts or {}
        facts = {name: facts[name] for name in self.sayable() if name in facts and facts[name] != getattr(deal, name)}
        if stage == deal.stage and not facts:
            return
        told = {"stage": stage} if stage != deal.stage else {}
        deal.move_to(stage, by=by, on=on, cause=cause, reason=reason, facts=facts)
        self.put()
        events.record(self, "stage_changed" if told else "changed", by=by, partner_id=self.partner_id, **told)

    def sayable(self) -> tuple[str, ...]:
        """The facts this partner keeps up to date: the close, and the amount unless product lines make it up."""
        if not self.sells or self.opportunity.is_closed:
            return ()
        if self.opportunity.lines.filter(amount__isnull=False).exists():
            return ("expected_close_date",)
        return ("amount", "currency", "expected_close_date")
