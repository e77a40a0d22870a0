from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from prm.calendar import business_today

if TYPE_CHECKING:
    from partners.catalogue.models import DiscountRule  # noqa: F401


class CatalogueQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.may("see_catalogue") else self.none()

    def editable_by(self, user):
        return self if user.may("manage_catalogue") else self.none()


class ProductLineQuerySet(CatalogueQuerySet):
    def offered(self):
        return self.filter(is_active=True)


class ProductQuerySet(CatalogueQuerySet):
    def offered(self):
        return self.filter(is_active=True, line__is_active=True)


class PriceListQuerySet(CatalogueQuerySet):
    def in_force(self, day=None):
        return self.filter(period__contains=day or business_today())


class PriceQuerySet(CatalogueQuerySet):
    def in_force(self, day=None):
        return self.filter(price_list__period__contains=day or business_today())


class DiscountRuleQuerySet(models.QuerySet["DiscountRule"]):
    def visible_to(self, user):
        """A partner sees the discounts of the tiers it holds today."""
        if user.is_partner:
            return self.filter(
                tier__enrolments__partner=user.acting_for_id, tier__enrolments__period__contains=business_today()
            ).distinct()
        return self if user.may("see_programs") else self.none()

    def editable_by(self, user):
        return self if user.may("manage_programs") else self.none()

    def for_line(self, tier_id, line_id, day=None):
        """The rule that applies: the one of the line before the one of all lines, the newest first."""
        return (
            self.filter(Q(line=line_id) | Q(line=None), tier=tier_id, period__contains=day or business_today())
            .order_by(F("line").desc(nulls_last=True), "-created_at")
            .first()
        )

    def for_lines(self, tier_id, lines, day=None) -> dict:
        """The rule that applies to each of these lines, by line id; one statement."""
        rules = list(
            self.filter(
                Q(line__in=lines) | Q(line=None), tier=tier_id, period__contains=day or business_today()
            ).order_by("-created_at")
        )
        general = next((rule for rule in rules if rule.line_id is None), None)
        own = {rule.line_id: rule for rule in reversed(rules)}
        return {line.pk: own.get(line.pk, general) for line in lines}
