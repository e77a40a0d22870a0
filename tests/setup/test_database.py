"""The two walls stand in tests as well: they connect as the product does."""

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from prm.db import acting, as_owner

pytestmark = pytest.mark.django_db


def test_tests_connect_as_the_bare_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("prm_app",)


def test_forgetting_the_scope_is_refused(django_user_model):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        django_user_model.objects.count()
    with acting("system"):
        assert django_user_model.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_owner_flushes_transactional_tests():
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (settings.DATABASE_OWNER["USER"],)
