"""Figures follow the rows they are made of: woken by the triggers' notes, and once a day by the calendar."""

from celery import shared_task
from django.db import connection

from attribution.kpis.rollups import BATCH
from attribution.kpis.rollups import refresh as work_off
from prm.calendar import business_today
from prm.db import acting
from prm.events.record import enqueue, task


@task("kpis.refresh", queue="metrics")
def refresh() -> None:
    """Work off what is noted; a long list in several errands, so that none holds its locks for long."""
    if work_off() == BATCH:
        enqueue("kpis.refresh")


@shared_task(name="kpis.follow_calendar")
def follow_calendar() -> None:
    """What was entered ahead applies from today: open deals are reckoned anew by new rates, and by rules that begin or end."""
    with acting("system"), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kpis_dirty (id, source, source_id)
            SELECT uuidv7(), 'opportunity', o.id FROM deals_opportunity o WHERE o.closed_on IS NULL AND (
                o.currency IN (SELECT currency FROM money_exchangerate WHERE day = %(today)s)
                OR EXISTS (SELECT FROM territories_territoryrule WHERE %(today)s IN (lower(period), upper(period)))
            )
            """,
            {"today": business_today()},
        )
