"""Who may reach which activities; which of them are due."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partners.engagement.subjects import activity_subjects
from prm.calendar import business_today


class ActivityQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner reads what it wrote and what the vendor shares with it; the vendor's people those of their partners."""
        if not user.may("see_activities"):
            return self.none()
        if user.is_partner:
            rows = self.filter(partner=user.acting_for_id, shared=True)
            return rows.filter(Q(created_by=user) | Q(assignee=user)) if user.membership.own_rows_only else rows
        scope = user.partner_scope_ids()
        if scope is None:
            return self
        within = Q(partner__in=scope) | Q(partner__isnull=True) & (Q(created_by=user) | Q(assignee=user))
        for subject in activity_subjects:
            rows = subject.rows_for(user).order_by().values("pk")
            within |= Q(partner__isnull=True, subject_type=subject.kind, subject_id__in=rows)
        return self.filter(within)

    def editable_by(self, user):
        """Each side changes what its own people wrote."""
        if not user.may("log_activities"):
            return self.none()
        return self.visible_to(user).filter(side="partner" if user.is_partner else "vendor")

    def completable_by(self, user):
        """Whoever may change it, and whoever has to do it."""
        if not user.may("log_activities"):
            return self.none()
        return self.visible_to(user).filter(Q(side="partner" if user.is_partner else "vendor") | Q(assignee=user))

    def open(self):
        return self.filter(done_at__isnull=True)

    def done(self):
        return self.filter(done_at__isnull=False)

    def tasks_of(self, user):
        """What this person has still to do."""
        return self.visible_to(user).open().filter(assignee=user)

    def due(self, today=None):
        """To be done today, or late."""
        return self.open().filter(due_on__lte=today or timezone.localdate())

    def overdue(self, today=None):
        return self.open().filter(due_on__lt=today or timezone.localdate())

    def to_remind_of(self):
        """Open, with somebody to do it, whose reminder may have come somewhere on earth; nobody was told for this due date yet."""
        today = business_today()
        return self.open().filter(
            assignee__isnull=False,
            remind_on__lte=today + timedelta(days=1),
            due_on__gte=today - timedelta(days=3),
            reminded=False,
        )
