"""The bulk equals the verbs: one plan, told both ways, leaves the same rows in every column; and the same seed the same demo."""

from datetime import timedelta
from random import Random

import pytest
from django.apps import apps

from attribution.models.credit import CreditDirty
from deals.models import DealRegistration
from prm.management.demo import world
from prm.management.demo.bulk import Writer
from prm.management.demo.clock import set_by_hand
from prm.management.demo.load import Size, load
from prm.management.demo.plan import FATES, Planner
from prm.management.demo.verbs import Teller, look_at
from tests.demo.conftest import LABELS, NOW, content, undone


@pytest.fixture
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def planned():
    """A world, and one deal of each fate in it, young and old."""
    random, begin = Random(5), NOW - timedelta(days=300)
    with set_by_hand(begin) as clock:
        places = world.build(clock, NOW, begin, random, 21, 60)
    plan = Planner(places, random, NOW)
    told = [plan.registration(fate, plan.ago(days)) for days in (170, 40) for fate in FATES]
    told += [
        plan.registration("pending", plan.ago(3)),
        plan.direct(plan.ago(90), customer=plan.of_direct_sales[0], stages=4),
    ]
    return told


def test_bulk_equals_verbs(unblocked):
    with undone():
        told = planned()
        rows = (
            str(pk)
            for model in apps.get_models()
            if model._meta.app_label in LABELS
            for pk in model.objects.values_list("pk", flat=True)
        )
        known = frozenset(rows)
        with undone(), set_by_hand(NOW) as clock:
            Teller(clock, fresh=NOW + timedelta(days=1)).tell(told)
            clock.moment = NOW
            look_at(clock, DealRegistration.objects.all())
            by_verbs = content(known)
        with undone(), set_by_hand(NOW) as clock:
            look_at(clock, DealRegistration.objects.filter(pk__in=Writer().tell(told)))
            in_bulk = content(known)
    by_verbs.pop(CreditDirty._meta.label)  # notes on what is to be computed; load() computes all credits anew
    for name, rows in by_verbs.items():
        assert in_bulk[name] == rows, name


def test_the_same_seed_gives_the_same_data(unblocked):
    found = []
    for _ in range(2):
        with undone():
            load(Size(partners=21, customers=60, registrations=26, direct=1, days=200), NOW)
            found.append(content())
    for name, rows in found[0].items():
        assert found[1][name] == rows, name
