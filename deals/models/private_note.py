from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from partners.models import Partner
from prm.records import Part
from prm.rowpolicy import RowPolicy


class PrivateNoteQuerySet(models.QuerySet):
    def visible_to(self, user: Any):
        """The people of the company that wrote it; never the vendor, whose own private notes are its activities."""
        if not user.is_partner or not user.may("see_opportunities"):
            return self.none()
        return self.filter(partner=user.acting_for_id)

    def removable_by(self, user: Any):
        """One takes back what one wrote oneself."""
        return self.visible_to(user).filter(author=user.pk)


class PrivateNote(Part):
    """What a partner's people tell each other on a deal; the vendor reads it nowhere."""

    participant = models.ForeignKey("deals.OpportunityParticipant", models.CASCADE, related_name="private_notes")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_constraint=False)
    author_name = models.CharField(max_length=200)
    text = models.TextField(gettext_lazy("note"), max_length=4000)
    at = models.DateTimeField(default=timezone.now)

    objects = PrivateNoteQuerySet.as_manager()
    row_policy = RowPolicy(
        read="partner_id = {partner}",
        insert="partner_id = {partner} AND author_id = {user}",
        delete="partner_id = {partner} AND author_id = {user}",
    )

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["participant", "-at"], name="private_note_of_part")]

    def __str__(self) -> str:
        return self.text[:50]

    @classmethod
    def write(cls, part: Any, text: str, *, by: Any) -> PrivateNote:
        """Note something on one's own part in a deal. No event tells of it: the vendor would read that."""
        note = cls(participant=part, partner_id=part.partner_id, author=by, author_name=by.name, text=text)
        note.save(force_insert=True)
        return note
