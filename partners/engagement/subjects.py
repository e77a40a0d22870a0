"""What activities are about: each app says which of its records, in ``registrations.py``, and which rows a person may choose.

The partner itself needs no entry: an activity without another subject is about its partner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from prm.errors import RuleViolation


@dataclass(frozen=True)
class Subject:
    """One kind of record. ``rows_for(user)``: those the person may log on, and read the name of.

    ``partner_of(record)``: the id of the partner whose row it is. A kind that is ``vendor_only`` never reaches a partner, not
    even by its id: with a partner named, ``own_row(record, partner_id)`` gives the partner's row in its stead (its part in an
    opportunity); ``partners(record)`` names those to choose from. ``story(record)`` says which activities the record's page shows, where that is more than its own.
    """

    kind: str
    model: type[Model]
    label: Any
    rows_for: Callable[[Any], QuerySet]
    url: Callable[[Any, Any], str]
    partner_of: Callable[[Any], Any] = lambda record: None
    vendor_only: bool = False
    own_row: Callable[[Any, Any], Any] | None = None
    partners: Callable[[Any], list[tuple[Any, str]]] = lambda record: []
    story: Callable[[Any], Q] | None = None
    name: Callable[[Any, Any], str] = lambda record, user: str(record)


class Subjects:
    """The registry: by kind, and by the model of a record."""

    def __init__(self) -> None:
        self._kinds: dict[str, Subject] = {}

    def add(self, subject: Subject) -> None:
        self._kinds[subject.kind] = subject

    def get(self, kind: str) -> Subject | None:
        return self._kinds.get(kind)

    def of(self, record: Any) -> Subject | None:
        return next((subject for subject in self if isinstance(record, subject.model)), None)

    def __iter__(self):
        return iter(self._kinds.values())

    def found(self, kind: str, pk: Any, user: Any) -> Any:
        """The record, among those this person may log on; an unknown kind, a missing row and another's are one refusal."""
        subject = self.get(kind)
        record = subject.rows_for(user).filter(pk=pk).first() if subject else None
        if record is None:
            raise RuleViolation("unknown_subject", _("There is no such record."), field="subject_id")
        return record

    def names(self, activities: list, user: Any) -> dict[Any, str]:
        """What each activity is about, in words, as far as the reader may know; one statement per kind present."""
        wanted: dict[str, set] = {}
        for activity in activities:
            if activity.subject_type:
                wanted.setdefault(activity.subject_type, set()).add(activity.subject_id)
        known = {
            kind: subject.rows_for(user).in_bulk(list(ids))
            for kind, ids in wanted.items()
            if (subject := self.get(kind)) is not None
        }
        return {
            activity.pk: self._kinds[activity.subject_type].name(
                known[activity.subject_type][activity.subject_id], user
            )
            for activity in activities
            if activity.subject_id in known.get(activity.subject_type, {})
        }


activity_subjects = Subjects()
