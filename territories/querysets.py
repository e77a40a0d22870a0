from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q

from prm.beside import beside
from prm.calendar import business_today


class CustomerQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Customers are rows of the vendor; to a partner every one is missing."""
        return self if not user.is_partner and user.may("see_customers") else self.none()

    def editable_by(self, user):
        return self if not user.is_partner and user.may("manage_customers") else self.none()

    def with_parts(self):
        """Fetch names, domains, official numbers, places and relatives with it, in the same statement."""
        model = self.model
        own = {"customer": OuterRef("pk")}
        names, domains, numbers, places = (
            model._meta.get_field(name).related_model.objects.filter(**own).order_by("pk")
            for name in ("names", "domains", "identifiers", "addresses")
        )
        place = ("street", "postcode", "city", "region", "country")
        return self.annotate(
            other_names=ArraySubquery(names.values("name")),
            known_domains=ArraySubquery(domains.values("domain")),
            number_rows=beside(numbers, scheme="scheme", value="value"),
            place_rows=beside(places, **{name: name for name in place}),
            parent_rows=beside(model.objects.filter(children=OuterRef("pk")), id="id", name="name"),
            child_rows=beside(model.objects.filter(parents=OuterRef("pk")), id="id", name="name"),
        )

    def written(self, text: str):
        """Customers one of whose names contains the text, or one of whose domains begins with it."""
        return self.filter(
            Q(name__icontains=text) | Q(names__name__icontains=text) | Q(domains__domain__istartswith=text)
        ).distinct()


class TerritoryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The tree is the vendor's; to a partner every territory is missing."""
        return self if not user.is_partner and user.may("see_territories") else self.none()

    def editable_by(self, user):
        return self if not user.is_partner and user.may("manage_territories") else self.none()

    def assignable_by(self, user):
        """Territories this person may give to a partner or a team."""
        return self if not user.is_partner and user.may("assign_territories") else self.none()

    def in_use(self):
        return self.filter(active=True)


class TerritoryRuleQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if not user.is_partner and user.may("see_territories") else self.none()

    def editable_by(self, user):
        return self if not user.is_partner and user.may("manage_territories") else self.none()

    def in_force(self, day=None):
        return self.filter(period__contains=day or business_today(), territory__active=True)

    def not_over(self, day=None):
        """In force, or still to come."""
        return self.filter(Q(period__endswith__gt=day or business_today()) | Q(period__upper_inf=True))


class TerritoryAssignmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A partner reads its own that are in force; the vendor its teams' and those of the partners in its scope."""
        if user.is_partner:
            return self.filter(partner=user.acting_for_id).in_force()
        return self._within(user) if user.may("see_territories") else self.none()

    def editable_by(self, user):
        return self._within(user) if not user.is_partner and user.may("assign_territories") else self.none()

    def _within(self, user):
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(Q(partner__isnull=True) | Q(partner__in=scope))

    def in_force(self, day=None):
        return self.filter(period__contains=day or business_today())

    def not_over(self, day=None):
        """In force, or still to come."""
        day = day or business_today()
        return self.filter(Q(period__endswith__gt=day) | Q(period__upper_inf=True))

    def most_at_once(self) -> int:
        """How many hold exclusively on the busiest day."""
        periods = list(self.filter(kind="exclusive").values_list("period", flat=True))
        return max(
            (
                sum(p.lower <= day.lower and (p.upper is None or day.lower < p.upper) for p in periods)
                for day in periods
            ),
            default=0,
        )


class CustomerMergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if not user.is_partner and user.may("see_customers") else self.none()

    def editable_by(self, user):
        """Merges this person may take apart again."""
        return self.filter(undone_at=None) if not user.is_partner and user.may("manage_customers") else self.none()
