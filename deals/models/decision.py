"""What every decision of the vendor has in common: it may be taken back for some seconds, and it is noted for whom it was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from deals.models.delegation import Delegation
from deals.models.opportunity import Opportunity
from deals.models.participant import OpportunityParticipant
from deals.transitions import step
from partners.engagement.models import Activity
from prm import events
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event

if TYPE_CHECKING:
    from deals.models.approval import Approval
    from deals.models.registration import DealRegistration

OF_FILE = ("decided_by_id", "decided_for_id", "outcome", "rejection_reason")  # what a decision writes there


def decision(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb by which a person of the vendor decides: what follows from it waits, so that it can be taken back meanwhile."""

    @wraps(verb)
    @transaction.atomic
    def decide(self: DealRegistration, *, by: Any, version: Any = None, **given: Any) -> None:
        self.lock(version)
        self.is_locked = True  # the verb need not read it again
        file = self.approval
        if by is None or file is None:
            verb(self, by=by, version=version, **given)
            return
        names = [field.attname for field in self._meta.concrete_fields if field.name not in ("version", "updated_at")]
        was, at = values(self, names), timezone.now()
        with events.held(patience()) as told:
            verb(self, by=by, version=version, **given)
        before = {
            "registration": {name: value for name, value in was.items() if getattr(self, name) != value},
            "file": values(file, OF_FILE),
            "by": str(by.pk),
            "at": at.isoformat(),
            "version": self.version,
            "events": [str(event.pk) for event in told],
        }
        people = {file.taken_by_id, self.partner.channel_manager_id} - {None, by.pk}
        whose = Delegation.objects.in_force().filter(substitute=by, person__in=people).values("person")[:1]
        type(file).objects.filter(pk=file.pk).update(before=before, decided_for=whose if people else None)

    return decide


def values(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def restored(record: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """What was kept as JSON, as the columns hold it."""
    return {name: record._meta.get_field(name).to_python(value) for name, value in kept.items()}


class Undoing:
    """Taking a decision back, while nothing rests on it."""

    @transaction.atomic
    def undo_decision(self: DealRegistration, *, by: Any, version: Any = None) -> None:
        """Take back one's own decision within the seconds the product waits with what follows from it.

        Everything is as it was: nobody was told, the protections and the opportunity the approval made are gone.
        """
        self.lock()
        file = self.approval
        if file is None or not file.before:
            raise RuleViolation("nothing_to_undo", _("There is no decision to take back any more."))
        file.lock()
        if file.before["by"] != str(by.pk):
            raise RuleViolation(
                "not_your_decision",
                _("Only %(name)s, who decided, can take this back.") % {"name": file.decided_by or _("the person")},
            )
        if version not in (None, "") and str(version) != str(self.version):
            raise StaleVersion(self)
        if timezone.now() >= until(file) or not events.call_off(file.before["events"]):
            raise RuleViolation(
                "too_late",
                _("A decision can be taken back for %(n)s seconds. These are over: the partner has been told.")
                % {"n": settings.UNDO_SECONDS},
            )
        if self.version != file.before["version"]:
            raise rests_on()
        self._take_back(file, by)

    def _take_back(self: DealRegistration, file: Approval, by: Any) -> None:
        before, participant = file.before, self.participant
        about = [self.pk, *([participant.pk, participant.opportunity_id] if participant else [])]
        since = parse_datetime(before["at"])
        if (
            Event.objects.filter(subject_id__in=about, at__gte=since).exclude(pk__in=before["events"]).exists()
            or Activity.objects.filter(subject_id__in=about, created_at__gte=since).exists()
        ):
            raise rests_on()
        undone = self.review_status
        self.put(**{**step(self, "undo_decision", by=by), **restored(self, before["registration"])})
        file.put(**restored(file, before["file"]), before={})
        try:
            if participant is not None and not self.participant_id:
                self.protections.filter(created_at__gte=since).delete()
                take_away(participant, since)
        except ProtectedError as error:
            raise rests_on() from error
        events.record(self, "decision_undone", by=by, partner_id=self.partner_id, decision=undone)


def patience() -> timedelta:
    """The seconds a person has to change their mind, and one for the click's way here; what follows waits as long."""
    return timedelta(seconds=settings.UNDO_SECONDS + 1 if settings.UNDO_SECONDS else 0)


def until(file: Approval) -> datetime:
    return parse_datetime(file.before["at"]) + patience()


def rests_on() -> RuleViolation:
    return RuleViolation(
        "decision_in_use",
        _("Something already rests on this decision. It can no longer be taken back; decide anew instead."),
    )


def take_away(participant: OpportunityParticipant, since: datetime) -> None:
    """Delete the part, and the opportunity, that the approval made; those that were there before stay."""
    opportunity = participant.opportunity
    if participant.created_at < since:
        return
    if opportunity.created_at >= since:
        if in_use(opportunity):
            raise rests_on()
        opportunity.delete()
    else:
        participant.delete()


def in_use(opportunity: Opportunity) -> bool:
    """Whether anything but its own lines and one part points at it, in whichever app."""
    own = {"lines", "participants"}
    relations = [
        relation
        for relation in opportunity._meta.related_objects
        if relation.get_accessor_name() not in own and not hasattr(relation.related_model, "pgh_tracked_model")
    ]
    return opportunity.participants.count() > 1 or any(
        relation.related_model._base_manager.filter(**{relation.field.name: opportunity}).exists()
        for relation in relations
    )
