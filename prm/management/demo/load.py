"""Load the demo: one transaction, so that an interrupted load leaves nothing behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import NamedTuple

import pgtrigger
from django.apps import apps
from django.db import connection, transaction

from attribution import credit
from attribution.kpis import rollups
from attribution.models import Touchpoint
from attribution.models.credit import CreditDirty
from deals import escalation
from deals.models import DealRegistration
from prm.db import acting, as_owner
from prm.events.models import Errand
from prm.management.demo import demand, diary, story, touches, world
from prm.management.demo.bulk import Writer
from prm.management.demo.clock import set_by_hand
from prm.management.demo.plan import Planner
from prm.management.demo.verbs import Teller, look_at
from prm.notify.models import Notification

FRESH = timedelta(days=10)


class Size(NamedTuple):
    partners: int
    customers: int
    registrations: int
    direct: int
    days: int  # how far back the story goes
    leads: int = 0


SIZES = {"small": Size(21, 170, 300, 12, 740, 55), "standard": Size(200, 2_000, 10_000, 150, 1_100, 400)}
BY_VERBS = SIZES["small"]  # what exceeds it is written in bulk


def load(size: Size, now: datetime, seed: int = 1) -> None:
    """Fill an empty database; the same seed on the same day gives the same data."""
    random, begin = Random(seed), now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=size.days)  # noqa: S311
    with acting("system"), set_by_hand(begin) as clock:
        places = world.build(clock, now, begin, random, size.partners, size.customers)
        plan = Planner(places, random, now)
        told = list(story.told(plan))
        named = sum(deal.partner is not None for deal in told)
        told += plan.direct_sales(min(size.direct, BY_VERBS.direct), begin)
        told += plan.many(min(size.registrations, BY_VERBS.registrations) - named, begin)
        written = list(plan.many(max(0, size.registrations - BY_VERBS.registrations), begin))
        written += plan.direct_sales(max(0, size.direct - BY_VERBS.direct), begin)
        waiting = Writer().tell(written)
        clock.moment = now - FRESH
        look_at(clock, DealRegistration.objects.filter(pk__in=waiting))
        clock.moment = begin
        Teller(clock, fresh=now - FRESH).tell(told)
        demand.tell(plan, clock, begin, size.leads)
        diary.tell(plan, clock)
        clock.moment = now
        escalate(now)
        touches.note()
        reckon()
        set_back()


def load_scale(size: Size, now: datetime, seed: int = 1, chunk: int = 20_000, touchpoints: int = 0) -> None:
    """Fill an empty database for measurements: all in bulk, without passwords, history and conflicts.

    The product's own touches are there in any case; ``touchpoints`` says how many there are at least.
    """
    random, begin = Random(seed), now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=size.days)  # noqa: S311
    with acting("system"), set_by_hand(begin) as clock:
        places = world.build(clock, now, begin, random, size.partners, size.customers, password=None)
        plan, writer = Planner(places, random, now, crowded=True), Writer(history=False)
        for deals in (plan.direct_sales(size.direct, begin), plan.many(size.registrations, begin)):
            while part := list(islice(deals, chunk)):
                writer.tell(part)
        touches.note(history=False)
        touches.add(touchpoints - Touchpoint.objects.count(), now)
        Errand.objects.all().delete()
    analyze()  # the sums below need good plans
    with acting("system"):
        reckon()
    analyze()


def escalate(now: datetime) -> None:
    """Answers that are late were noticed when they became so: those above have read it since."""
    known = list(Errand.objects.values_list("pk", flat=True))
    while escalation.escalate(now):
        pass
    Notification.objects.filter(kind="promise_missed").update(read_at=now)
    Errand.objects.exclude(pk__in=known).delete()


def analyze() -> None:
    """Tell the planner what the tables hold, as autovacuum would in a while; not within a transaction of the caller's."""
    if not connection.in_atomic_block:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def reckon() -> None:
    """Figures and credits of everything at once, in place of what the changes have asked for one by one."""
    credit.rebuild()
    rollups.rebuild()  # after the credits, which are among its facts
    CreditDirty.objects.all().delete()
    Errand.objects.filter(task__in=("kpis.refresh", "attribution.credit")).delete()


def set_back() -> None:
    """The database stamps arrivals with its own clock and numbers; here they come when the story says."""
    with connection.cursor() as cursor, pgtrigger.ignore():
        cursor.execute(
            "UPDATE deals_approval SET received_at = created_at, sequence = arrived.number FROM"
            " (SELECT id, nextval('deals_submission_sequence') AS number FROM (SELECT id FROM deals_approval ORDER BY created_at, sequence) a)"
            " AS arrived WHERE arrived.id = deals_approval.id"
        )


def set_history_back() -> None:
    """The rows' history was kept by triggers on the database's own clock; only the owner of the tables may correct it."""
    histories = [
        model
        for model in apps.get_models()
        if getattr(model, "pgh_tracked_model", None) and hasattr(model, "updated_at")
    ]
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        for table in (model._meta.db_table for model in histories):
            cursor.execute(
                f"UPDATE {table} SET pgh_created_at = updated_at"  # noqa: S608 # nosec B608
                " WHERE pgh_created_at > updated_at + interval '1 minute'"
            )
        cursor.execute(
            "UPDATE deals_approvalevent SET received_at = file.received_at, sequence = file.sequence"
            " FROM deals_approval AS file WHERE file.id = pgh_obj_id"
        )
