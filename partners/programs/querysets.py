from django.db import models

from prm.calendar import business_today
from prm.compiled import PLACE_DAY, PLACE_ID, compiled


class ProgramQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The vendor sees every program; a partner those it is enrolled in."""
        if user.is_partner:
            return self.filter(enrolments__partner=user.acting_for_id).distinct()
        return self if user.may("see_programs") else self.none()

    def editable_by(self, user):
        return self if user.may("manage_programs") else self.none()


class TierQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(program__enrolments__partner=user.acting_for_id).distinct()
        return self if user.may("see_programs") else self.none()

    def editable_by(self, user):
        return self if user.may("manage_programs") else self.none()


class EnrolmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_partner:
            return self.filter(partner=user.acting_for_id)
        if not user.may("see_programs"):
            return self.none()
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(partner__in=scope)

    def editable_by(self, user):
        return self.visible_to(user) if user.may("manage_partners") and not user.is_partner else self.none()

    def in_force(self, day=None):
        return self.filter(period__contains=day or business_today())

    def current_of(self, partner_id):
        """The enrolment whose program decides about this partner's deals: the oldest one in force."""
        query = compiled(
            "enrolment",
            lambda: (
                self.model.objects.in_force(PLACE_DAY)
                .filter(partner=PLACE_ID)
                .select_related("program", "tier")
                .order_by("created_at", "id")[:1]
            ),
        )
        return next(iter(query.objects({PLACE_DAY: business_today(), PLACE_ID: partner_id})), None)
