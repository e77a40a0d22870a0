from __future__ import annotations

from datetime import date, timedelta

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from psycopg2.extras import DateRange

from partners.models import Partner, Team
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.records import Record
from prm.rowpolicy import RowPolicy
from prm.ui.templatetags.ui import last_day as last_day_words
from territories.models.territory import Territory
from territories.querysets import TerritoryAssignmentQuerySet


class AssignmentKind(models.TextChoices):
    EXCLUSIVE = "exclusive", pgettext_lazy("assignment", "exclusive")
    SHARED = "shared", pgettext_lazy("assignment", "shared")
    OVERLAY = "overlay", pgettext_lazy("assignment", "overlay")


# The last word on who holds a territory, under the lock of its row. Periods begin where others begin or end, so the busiest
# day of a period is its first, or the first of another one inside it.
HOLD = """
SELECT name, holders INTO NEW.territory_name, most FROM territories_territory WHERE id = NEW.territory_id FOR NO KEY UPDATE;
IF NEW.kind = 'overlay' THEN
    RETURN NEW;
END IF;
IF EXISTS (
    SELECT FROM territories_territoryassignment a
    WHERE a.territory_id = NEW.territory_id AND a.id <> NEW.id AND a.kind NOT IN ('overlay', NEW.kind) AND a.period && NEW.period
) THEN
    RAISE EXCEPTION 'a territory is exclusive or shared, not both'
        USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'territory_exclusive_or_shared';
END IF;
IF NEW.kind = 'exclusive' AND most <= (
    SELECT max((
        SELECT count(*) FROM territories_territoryassignment b
        WHERE b.territory_id = NEW.territory_id AND b.id <> NEW.id AND b.kind = 'exclusive' AND b.period @> first.day
    )) FROM (
        SELECT lower(NEW.period) AS day UNION
        SELECT lower(a.period) FROM territories_territoryassignment a
        WHERE a.territory_id = NEW.territory_id AND a.kind = 'exclusive' AND NEW.period @> lower(a.period)
    ) first
) THEN
    RAISE EXCEPTION 'the territory is held exclusively'
        USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'territory_held';
END IF;
RETURN NEW;
"""


@pghistory.track()
class TerritoryAssignment(Record):
    """Who may sell in a territory, and when: a partner, or a team of the vendor.

    ``territory_name`` is kept by the database: a partner reads its own assignment and nothing of the tree.
    """

    territory = models.ForeignKey(
        Territory, models.PROTECT, related_name="assignments", verbose_name=gettext_lazy("territory")
    )
    territory_name = models.CharField(max_length=120, default="", editable=False)
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="territory_assignments",
        verbose_name=gettext_lazy("partner"),
    )
    team = models.ForeignKey(
        Team,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="territory_assignments",
        verbose_name=gettext_lazy("team"),
    )
    kind = models.CharField(
        gettext_lazy("kind"), max_length=9, choices=AssignmentKind.choices, default=AssignmentKind.EXCLUSIVE
    )
    period = DateRangeField(gettext_lazy("period"))

    objects = TerritoryAssignmentQuerySet.as_manager()
    # Its own, in force: the vendor's calendar may be a day away from the database's.
    row_policy = RowPolicy(read="partner_id = {partner} AND period && daterange(current_date - 1, current_date + 2)")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(partner__isnull=False, team__isnull=True) | Q(partner__isnull=True, team__isnull=False),
                name="territory_holder_one_side",
                violation_error_message=gettext_lazy("Choose a partner or a team, one of the two."),
            ),
            models.CheckConstraint(
                condition=Q(period__lower_inf=False, period__isempty=False),
                name="territory_assignment_begins",
                violation_error_message=gettext_lazy("Give the first day."),
            ),
            ExclusionConstraint(
                name="territory_partner_once",
                expressions=[
                    ("territory", RangeOperators.EQUAL),
                    ("partner", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=gettext_lazy("The partner has this territory already in that period."),
            ),
            ExclusionConstraint(
                name="territory_team_once",
                expressions=[
                    ("territory", RangeOperators.EQUAL),
                    ("team", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=gettext_lazy("The team has this territory already in that period."),
            ),
        ]
        indexes = [
            models.Index(fields=["partner"], name="territory_of_partner"),
            models.Index(fields=["-created_at", "-id"], name="territory_assignment_recent"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="hold",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("territory_id", "kind", "period"),
                declare=[("most", "int")],
                func=HOLD,
            )
        ]

    def __str__(self) -> str:
        return f"{self.territory_name} · {self.holder}"

    def get_absolute_url(self) -> str:
        return self.territory.get_absolute_url()

    @property
    def holder(self) -> Partner | Team | None:
        return self.partner or self.team

    @property
    def last_day(self) -> date | None:
        return self.period.upper - timedelta(days=1) if self.period.upper else None

    def is_in_force(self, on: date) -> bool:
        return self.period.lower <= on and (self.period.upper is None or on < self.period.upper)

    @classmethod
    @transaction.atomic
    def assign(
        cls,
        territory: Territory,
        *,
        by,
        period: DateRange,
        partner: Partner | None = None,
        team: Team | None = None,
        kind: str = AssignmentKind.EXCLUSIVE,
    ) -> TerritoryAssignment:
        """Give the territory to a partner or a team; refused with who holds it, and until when."""
        if (partner is None) == (team is None):
            raise RuleViolation("one_holder", _("Choose a partner or a team, one of the two."), field="partner")
        territory.lock()
        made = cls(territory=territory, partner=partner, team=team, kind=kind, period=period)
        made.refuse_overlaps()
        made.territory_name = territory.name
        made.save(force_insert=True)
        made.tell("created", by=by)
        return made

    @transaction.atomic
    def end(self, *, by, end: date, version=None) -> None:
        """Let it end: ``end`` is the first day that no longer belongs to it. What has not begun is taken back altogether."""
        self.territory.lock()
        self.lock(version)
        if self.period.upper and self.period.upper <= business_today():
            raise RuleViolation("already_ended", _("This assignment is over; its history stays as it was."))
        if end <= self.period.lower:
            if self.period.lower <= business_today():
                raise RuleViolation("end_before_start", _("It cannot end before it began."), field="last_day")
            self.tell("withdrawn", by=by)
            self.delete()
            return
        self.period = DateRange(self.period.lower, end)
        self.refuse_overlaps()
        self.put(period=self.period)
        self.tell("ended", by=by, end=end.isoformat())

    def refuse_overlaps(self) -> None:
        """Say who stands in the way; the database looks again, in the same transaction."""
        others = (
            TerritoryAssignment._base_manager.filter(territory=self.territory, period__overlap=self.period)
            .exclude(pk=self.pk)
            .select_related("partner", "team")
            .order_by("period")
        )
        rows = list(others)
        for row in rows:
            if row.partner_id == self.partner_id and row.team_id == self.team_id:
                raise RuleViolation("holds_already", self._standing(row), field="period")
        if self.kind == AssignmentKind.OVERLAY:
            return
        rows = [row for row in rows if row.kind != AssignmentKind.OVERLAY]
        if other := next((row for row in rows if row.kind != self.kind), None):
            raise RuleViolation("territory_held", self._standing(other), field="period")
        if self.kind == AssignmentKind.EXCLUSIVE:
            days = {self.period.lower, *(row.period.lower for row in rows if row.period.lower >= self.period.lower)}
            for day in sorted(days):
                there = [row for row in rows if row.is_in_force(day)]
                if len(there) >= self.territory.holders:
                    raise RuleViolation("territory_held", self._standing(*there), field="period")

    @staticmethod
    def _standing(*rows: TerritoryAssignment) -> str:
        """Who holds a territory, how and until when, as a sentence."""
        sentences = {
            AssignmentKind.EXCLUSIVE: (
                _("%(holder)s holds this territory exclusively until %(day)s."),
                _("%(holder)s holds this territory exclusively, without an end date."),
            ),
            AssignmentKind.SHARED: (
                _("%(holder)s shares this territory until %(day)s."),
                _("%(holder)s shares this territory, without an end date."),
            ),
            AssignmentKind.OVERLAY: (
                _("%(holder)s has this territory as overlay until %(day)s."),
                _("%(holder)s has this territory as overlay, without an end date."),
            ),
        }
        words = []
        for row in rows:
            dated, endless = sentences[AssignmentKind(row.kind)]
            words.append(
                (dated if row.period.upper else endless) % {"holder": row.holder, "day": last_day_words(row.period)}
            )
        return " ".join([*words, _("Choose other dates, or end that assignment first.")])

    def tell(self, verb: str, *, by, **payload) -> None:
        """The partner it concerns may read the event; it names the territory and nothing else of the tree."""
        events.record(
            self,
            verb,
            by=by,
            partner_id=self.partner_id,
            territory=self.territory_name,
            territory_id=str(self.territory_id),
            kind=self.kind,
            **payload,
        )
