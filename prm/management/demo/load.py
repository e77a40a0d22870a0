"""Load the demo: one transaction, so that an interrupted load leaves nothing behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from django.db.models import F

from deals.models import Approval
from prm.db import acting
from prm.management.demo import story, world
from prm.management.demo.clock import set_by_hand
from prm.management.demo.plan import Planner
from prm.management.demo.verbs import Teller

FRESH = timedelta(days=10)


class Size(NamedTuple):
    partners: int
    customers: int
    registrations: int
    direct: int
    days: int  # how far back the story goes


SIZES = {"small": Size(21, 170, 300, 12, 540), "standard": Size(200, 2_000, 10_000, 150, 1_100)}


def load(size: Size, now: datetime, seed: int = 1) -> None:
    """Fill an empty database; the same seed on the same day gives the same data."""
    random, begin = Random(seed), now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=size.days)  # noqa: S311
    with acting("system"), set_by_hand(begin) as clock:
        places = world.build(clock, now, begin, random, size.partners, size.customers)
        plan, teller = Planner(places, random, now), Teller(clock, fresh=now - FRESH)
        told = list(story.told(plan))
        told += plan.direct_sales(min(size.direct, SIZES["small"].direct), begin)
        told += plan.many(min(size.registrations, SIZES["small"].registrations) - len(told), begin)
        teller.tell(told)
        set_back()


def set_back() -> None:
    """The database stamps arrivals with its own clock; here they come when the story says."""
    Approval.objects.update(received_at=F("created_at"))
