"""Background work of attribution: wrappers around verbs that may run again."""

from celery import shared_task

from attribution import credit
from prm.db import acting_as_system
from prm.events.record import enqueue, task


@task("attribution.credit", queue="metrics")
def refresh_credit() -> None:
    """Work off what is noted; a long list in several errands, so that each commits soon."""
    if credit.refresh_noted():
        enqueue("attribution.credit")


@shared_task(name="attribution.check_credit")
@acting_as_system
def check_credit() -> None:
    """Compute the whole ledger once a day; the run says how many rows were not right."""
    credit.rebuild()
