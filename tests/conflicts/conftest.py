"""A conflict between Alpine, who was first, and Boreal."""

import pytest

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from tests import factories


@pytest.fixture
def later_deal(submitted_deal, rival, product):
    return factories.submitted(
        rival, products=[product], customer_name="Hopital du Lac SA", customer_domain="hopital-du-lac.example"
    )


@pytest.fixture
def conflict(submitted_deal, later_deal):
    watch(submitted_deal)
    watch(later_deal)
    return Conflict.objects.get(rule="DUP-1")
