"""What time does to deals; each task may run as often as it likes."""

from celery import shared_task

from deals.models import DealRegistration, Protection
from deals.notices import remind_of_ending
from prm.calendar import business_today
from prm.db import acting_as_system


@shared_task(name="deals.lapse_protections")
@acting_as_system
def lapse_protections() -> None:
    """Protections end on their day; a registration lapses with its last one."""
    Protection.objects.lapse_due()
    DealRegistration.objects.lapse_where_protection_ended()


@shared_task(name="deals.expire_unanswered")
@acting_as_system
def expire_unanswered() -> None:
    """Returned registrations the partner did not complete in time end as expired."""
    DealRegistration.objects.unanswered().expire()


@shared_task(name="deals.remind")
@acting_as_system
def remind() -> None:
    """Tell partners that a protection of theirs ends soon."""
    remind_of_ending(business_today())
