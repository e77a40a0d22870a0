"""What time does to deals; each task may run as often as it likes."""

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from deals.models import DealRegistration, Opportunity, OpportunityParticipant, Protection
from deals.protection_notices import remind_of_ending
from prm import events
from prm.calendar import business_today
from prm.db import acting_as_system


@shared_task(name="deals.lapse_protections")
@acting_as_system
def lapse_protections() -> None:
    """Protections end on their day; a registration lapses with its last one."""
    Protection.objects.lapse_due()
    DealRegistration.objects.lapse()


@shared_task(name="deals.expire_unanswered")
@acting_as_system
def expire_unanswered() -> None:
    """Returned registrations the partner did not complete in time end as expired."""
    DealRegistration.objects.unanswered().expire()


@shared_task(name="deals.remind")
@acting_as_system
def remind() -> None:
    """Remind partners of the protections of theirs that end soon."""
    remind_of_ending(business_today())


SHOWN = {
    "amount",
    "currency",
    "route",
    "recurring",
    "expected_close_date",
    "closed_on",
}  # what a partner reads of a deal


@events.follow("opportunity.stage_changed", "opportunity.changed")
def show_participants(event) -> None:
    """What a partner reads of a shared deal changed: its own row and registrations say so, whoever changed it."""
    moved = event.verb == "stage_changed"
    opportunity = Opportunity.objects.filter(pk=event.subject_id).first()
    if opportunity is None or not (moved or SHOWN & set(event.payload.get("fields", ()))):
        return
    if moved:
        opportunity.show_stage()
    reported_by = event.payload.get("reported_by")
    parts = OpportunityParticipant.objects.filter(opportunity=opportunity, partner__isnull=False).exclude(
        partner=reported_by  # its row changed with its report
    )
    rows = list(parts.select_for_update(of=("self",)))
    parts.update(version=F("version") + 1, updated_at=timezone.now())
    for row in rows:
        told = {"stage": opportunity.stage} if moved else {}
        events.record(row, event.verb, partner_id=row.partner_id, **told)
