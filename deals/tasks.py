"""What time does to deals; each task may run as often as it likes."""

from celery import shared_task

from deals.models import DealRegistration, Protection
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
