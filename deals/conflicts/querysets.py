from collections import Counter

from django.db import models


class ConflictQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Conflicts of the registrations a vendor person sees; a partner never learns that there is one."""
        if user.is_partner or not user.may("see_conflicts"):
            return self.none()
        scope = user.partner_scope_ids()
        return self if scope is None else self.filter(registration__partner__in=scope)

    def dismissable_by(self, user):
        """Whoever settles conflicts or decides on registrations may say that there is none."""
        decides = user.may("settle_conflicts") or user.may("decide_registrations")
        return self.visible_to(user) if decides else self.none()

    def settleable_by(self, user):
        return self.visible_to(user) if user.may("settle_conflicts") else self.none()

    def with_sides(self):
        """Fetch both sides with them, in the same statement."""
        return self.select_related("registration__partner", "other__partner", "opportunity", "customer", "closed_by")

    def in_care_of(self, user):
        """Conflicts of partners this person looks after, on either side."""
        return self.filter(
            models.Q(registration__partner__channel_manager=user) | models.Q(other__partner__channel_manager=user)
        )

    def open(self):
        return self.filter(status="open")

    def touching(self, registration):
        """Conflicts in which the registration is either side."""
        return self.filter(models.Q(registration=registration) | models.Q(other=registration))

    def about_opportunity(self):
        """A condition on opportunities: an open conflict is about it, or about a registration that led to it."""
        columns = ("opportunity", "registration__participant__opportunity", "other__participant__opportunity")
        found = models.Q()
        for column in columns:
            found |= models.Q(models.Exists(self.open().filter(**{column: models.OuterRef("pk")})))
        return found

    def of_registrations(self, ids):
        """How many open conflicts each of these registrations has: {id: count}."""
        wanted = set(ids)
        sides = self.open().filter(models.Q(registration__in=wanted) | models.Q(other__in=wanted)).order_by()
        return Counter(pk for pair in sides.values_list("registration_id", "other_id") for pk in pair if pk in wanted)
