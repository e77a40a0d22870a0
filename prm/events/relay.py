"""Hand committed errands to the broker: woken by NOTIFY, sweeping anyway."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

import structlog
from django.core.cache import cache
from django.db import connection

from prm.celery import app
from prm.db import acting
from prm.events.models import Errand
from prm.events.tasks import run_errand

log = structlog.get_logger(__name__)
BATCH = 200
HEARTBEAT = "relay:heartbeat"


def hand_over(producer) -> int:
    """Send up to a batch of due errands; several relays share the work. Returns how many were sent."""
    with acting("system"):
        errands = list(Errand.objects.due().select_for_update(skip_locked=True, of=("self",))[:BATCH])
        for errand in errands:
            run_errand.apply_async(
                args=[str(errand.pk)],
                task_id=str(errand.pk),
                queue=errand.queue,
                producer=producer,
                retry=False,
                shadow=errand.task,
            )
        if errands:
            Errand.objects.handed_over([errand.pk for errand in errands])
    return len(errands)


def run(stopping: Callable[[], bool], pause: float = 2.0) -> None:
    """Relay until told to stop; a lost broker or database delays, and is tried again with growing pauses."""
    backoff = 0.2
    while not stopping():
        try:
            with app.connection_for_write() as broker, app.amqp.Producer(broker) as producer:
                with connection.cursor() as cursor:
                    cursor.execute("LISTEN errands")
                while not stopping():
                    while hand_over(producer) == BATCH:
                        pass
                    backoff = 0.2
                    cache.set(HEARTBEAT, time.time(), 60)
                    if select.select([connection.connection], [], [], pause)[0]:
                        connection.connection.poll()
                        connection.connection.notifies.clear()
        except Exception as error:  # whatever it was, the errands are still there
            log.warning("relay interrupted", error=str(error), retry_in=backoff)
            connection.close()
            time.sleep(backoff)
            backoff = min(backoff * 2, 10)
