"""The worker's side: one errand, one transaction, one effect."""

import traceback
from datetime import timedelta

import structlog
from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from prm.db import acting
from prm.events.models import Errand, Event
from prm.events.record import named_task

log = structlog.get_logger(__name__)


@shared_task(name="prm.run_errand")
def run_errand(errand_id: str) -> None:
    """Do the errand and delete its row together; a second delivery finds no row, or a locked one, and does nothing."""
    try:
        with acting("system"):
            errand = (
                Errand.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(pk=errand_id, dead=False)
                .first()
            )
            if errand is None:
                return
            structlog.contextvars.bind_contextvars(
                request_id=errand.request_id, errand=str(errand.pk), task=errand.task
            )
            follower = named_task(errand.task)
            if follower.together:
                told = Event.objects.filter(pk__in=errand.kwargs.get("events", [errand.event_id]))
                follower.run(list(told.order_by("at", "id")))
            elif errand.event_id:
                follower.run(errand.event, **errand.kwargs)
            else:
                follower.run(**errand.kwargs)
            errand.delete()
    except Exception:
        log.exception("errand failed")
        with acting("system"):
            errand = Errand.objects.filter(pk=errand_id).first()
            if errand is not None:
                errand.failed(traceback.format_exc())


@shared_task(name="prm.clean_up")
def clean_up() -> None:
    """Drop what nobody needs any more: ended sessions, remembered API answers older than a week."""
    from prm.api.models import RememberedAnswer

    with acting("system"):
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
        RememberedAnswer.objects.filter(created_at__lt=timezone.now() - timedelta(days=7)).delete()
