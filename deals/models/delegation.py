from __future__ import annotations

from datetime import date, timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.models import Partner, User
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.records import Record

LONGEST = 366  # days one may be replaced


class DelegationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own absences, and those in which one stands in; whoever manages people sees all."""
        if user.is_partner or not user.may("decide_registrations"):
            return self.none()
        return self if user.may("manage_people") else self.filter(models.Q(person=user) | models.Q(substitute=user))

    def editable_by(self, user):
        rows = self.visible_to(user)
        return rows if user.may("manage_people") else rows.filter(person=user)

    def in_force(self, on: date | None = None):
        return self.filter(period__contains=on or business_today())

    def not_over(self):
        return self.filter(period__endswith__gt=business_today())

    def people_replaced_by(self, user):
        """For whom this person decides today, as a subquery."""
        return self.in_force().filter(substitute=user).values("person")


@pghistory.track()
class Delegation(Record):
    """While a person of the vendor is away, another decides on their files. A partner never learns of it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="delegations", verbose_name=gettext_lazy("who is away")
    )
    substitute = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=gettext_lazy("who stands in")
    )
    period = DateRangeField(gettext_lazy("period"))

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["period", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(person=models.F("substitute")), name="delegated_to_somebody_else"
            ),
            ExclusionConstraint(
                name="delegated_once",
                expressions=[("person", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.substitute}"

    @property
    def last_day(self) -> date:
        return self.period.upper - timedelta(days=1)

    @classmethod
    @transaction.atomic
    def give(cls, *, by, substitute: User, first: date, last: date, person: User | None = None) -> Delegation:
        """Let ``substitute`` decide on one's files from ``first`` to ``last``, both days included."""
        person = person or by
        if person.pk != by.pk and not by.may("manage_people"):
            raise RuleViolation(
                "not_yours", _("Only people who manage people can do this for a colleague."), field="person"
            )
        User.objects.select_for_update(of=("self",)).get(pk=person.pk)  # two clicks at once come one after the other
        if last < first:
            raise RuleViolation("dates_reversed", _("The last day comes before the first."), field="last")
        if last < business_today():
            raise RuleViolation("date_passed", _("These days are over."), field="last")
        if (last - first).days >= LONGEST:
            raise RuleViolation("too_long", _("At most one year at a time."), field="last")
        if substitute.pk == person.pk:
            raise RuleViolation(
                "same_person", _("Choose somebody else than the person who is away."), field="substitute"
            )
        if not (substitute.is_active and substitute.may("decide_registrations")):
            raise RuleViolation(
                "may_not_decide",
                _("%(name)s may not decide on registrations.") % {"name": substitute},
                field="substitute",
            )
        cls._refuse_narrower_scope(person, substitute)
        period = DateRange(first, last + timedelta(days=1))
        if known := cls.objects.filter(person=person, period__overlap=period).first():
            if (known.substitute_id, known.period) == (substitute.pk, period):
                return known
            raise RuleViolation(
                "already_delegated",
                _("%(name)s stands in on some of these days already. End that first.") % {"name": known.substitute},
                field="first",
            )
        made = cls.objects.create(person=person, substitute=substitute, period=period)
        events.record(
            made, "given", by=by, person=person.name, substitute=substitute.name, first=str(first), last=str(last)
        )
        return made

    @staticmethod
    def _refuse_narrower_scope(person: User, substitute: User) -> None:
        """Who stands in reads no more than before: it has to look after all the partners concerned already."""
        scope = substitute.partner_scope_ids()
        cared_for = Partner.objects.filter(channel_manager=person)
        if scope is not None and (left := cared_for.exclude(pk__in=scope).first()):
            raise RuleViolation(
                "out_of_scope",
                _("%(name)s does not reach %(partner)s. Widen their scope first, or choose somebody else.")
                % {"name": substitute, "partner": left.name},
                field="substitute",
            )

    @transaction.atomic
    def end(self, *, by, version=None) -> None:
        """Be back from today on; what has not begun yet is taken back whole."""
        self.lock(version)
        today = business_today()
        events.record(self, "ended", by=by, person=self.person.name, substitute=self.substitute.name)
        if self.period.lower >= today:
            self.delete()
        elif self.period.upper > today:
            self.put(period=DateRange(self.period.lower, today))
