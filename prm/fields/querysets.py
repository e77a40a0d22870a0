from django.db import models

from prm.db import current_scope


class CustomFieldQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The vendor's people read every declaration; a partner's those that its people may see."""
        return self.filter(visible_to_partners=True) if user.is_partner else self

    def editable_by(self, user):
        return self if user.may("manage_fields") else self.none()

    def in_use(self, kind: str, user=None):
        """The fields that records of this kind have now, for this reader; without one, for the scope that is acting."""
        is_partner = user.is_partner if user is not None else current_scope().kind == "partner"
        rows = self.filter(kind=kind, archived=False)
        return rows.filter(visible_to_partners=True) if is_partner else rows
