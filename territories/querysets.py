from django.db import models
from django.db.models import Q


class CustomerQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Customers are rows of the vendor; to a partner every one is missing."""
        return self if not user.is_partner and user.may("see_customers") else self.none()

    def editable_by(self, user):
        return self if not user.is_partner and user.may("manage_customers") else self.none()

    def written(self, text: str):
        """Customers one of whose names contains the text, or one of whose domains begins with it."""
        return self.filter(
            Q(name__icontains=text) | Q(names__name__icontains=text) | Q(domains__domain__istartswith=text)
        ).distinct()
