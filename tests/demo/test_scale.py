import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from attribution.kpis.models import Rollup
from attribution.models import Touchpoint
from attribution.models.credit import Credit
from deals.models import DealRegistration
from partners.models import Partner, User
from prm.events.models import Errand
from territories.models import Customer
from tests.demo.conftest import undone


@pytest.fixture(autouse=True)
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        yield


def test_as_many_as_asked_for_and_nobody_signs_in():
    call_command("seed_scale", "--partners", "30", "--customers", "40", "--deals", "300", "--touchpoints", "700")
    assert (Partner.objects.count(), Customer.objects.count(), DealRegistration.objects.count()) == (30, 40, 300)
    assert Touchpoint.objects.count() == 700
    assert not Touchpoint.objects.filter(at__gt=timezone.now()).exists()
    assert Credit.objects.exists()
    assert Rollup.objects.exists()
    assert not Errand.objects.exists()
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_only_an_empty_database_is_filled():
    call_command("seed_scale", "--partners", "21", "--customers", "40", "--deals", "0")
    with pytest.raises(CommandError, match="empty"):
        call_command("seed_scale")


def test_too_few_are_refused():
    with pytest.raises(CommandError, match="at least 21"):
        call_command("seed_scale", "--partners", "3")
