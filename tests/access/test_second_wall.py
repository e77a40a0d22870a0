"""Row-level security alone: what PostgreSQL lets a partner's transaction do, whatever Python asks."""

from contextlib import suppress

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError

from deals.models import Approval, DealRegistration, Protection
from partners.models import Membership, Partner, User
from prm.db import acting
from prm.events.models import Errand, Event
from prm.rowpolicy import policies
from territories.models import Customer
from tests.access import world as worlds


@pytest.fixture
def world(system):
    return worlds.build()


def own_models():
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith(("prm.", "partners.", "deals.", "territories.", "attribution."))
    ]


def test_every_table_a_partner_owns_rows_in_has_a_policy():
    """A table with a partner column is either policed or out of the portal's reach altogether; none is open."""
    with_policy = policies()
    open_tables = [
        model._meta.db_table
        for model in own_models()
        if "row_policy" in model.__dict__ and model._meta.db_table not in with_policy
    ]
    assert open_tables == []


def test_database_carries_the_declared_policies(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relrowsecurity AND c.relforcerowsecurity ORDER BY 1"
        )
        assert [name for (name,) in cursor.fetchall()] == sorted(policies())
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.role_table_grants WHERE grantee = 'prm_portal' AND table_schema = 'public'"
        )
        assert {name for (name,) in cursor.fetchall()} <= {*policies(), "django_session", "django_content_type"}


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_no_row_of_the_other_company_is_reachable(world, model):
    """Every table, read as Alpine without any Python filter: Boreal's canary and ids are nowhere."""
    person = world.alpine.people["partner_admin"]
    with acting("partner", world.alpine.partner.pk, person.pk):
        rows = []  # a table of the vendor refuses to be read at all
        with suppress(ProgrammingError), transaction.atomic():
            rows = list(model._base_manager.values())
    text = str(rows)
    assert {secret for secret in world.boreal.own_secrets if secret in text} == set()


def test_the_canaries_sing(world):
    """The vendor's own reading shows the secrets: the test above can fail."""
    text = "".join(str(list(model._base_manager.values())) for model in own_models())
    assert {secret for secret in world.boreal.secrets if secret not in text} == set()


@pytest.mark.parametrize("kind", ["distributor_named", "distributor_not_named", "group_head", "stranger", "suspended"])
def test_who_else_reaches_alpines_deals(world, kind):
    person = world.partner_people[kind]
    with acting("partner", person.acting_for_id, person.pk, person.membership.headed_companies):
        reached = {row.customer_name for row in DealRegistration.objects.filter(partner=world.alpine.partner)}
    everything = {
        world.alpine.rows[name].customer_name for name in ("draft", "submitted", "returned", "approved", "rejected")
    }
    expected = {"distributor_named": {world.alpine.rows["submitted"].customer_name}, "group_head": everything}
    assert reached == expected.get(kind, set())


@pytest.mark.parametrize("model", [Customer, Approval, Errand])
def test_vendor_tables_refuse_the_portal(world, model):
    with (
        acting("partner", world.alpine.partner.pk),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        list(model.objects.all())


def test_the_portal_changes_nothing_of_the_other_company(world):
    boreal = world.boreal
    with acting("partner", world.alpine.partner.pk):
        assert DealRegistration.objects.filter(pk=boreal.rows["draft"].pk).update(customer_name="x") == 0
        assert DealRegistration.objects.filter(pk=boreal.rows["draft"].pk).select_for_update().first() is None
        assert Protection.objects.filter(pk=boreal.rows["protection"].pk).update(status="released") == 0
        assert Membership.objects.filter(pk=boreal.rows["membership"].pk).update(role="partner_admin") == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            DealRegistration.objects.filter(pk=world.alpine.rows["draft"].pk).update(partner=boreal.partner)
        with pytest.raises(DatabaseError), transaction.atomic():
            DealRegistration.objects.create(partner=boreal.partner, created_by=world.alpine.people["partner_admin"])
        with pytest.raises(DatabaseError), transaction.atomic():
            Event.objects.create(
                verb="forged",
                subject_type="x",
                subject_id=boreal.partner.pk,
                partner_id=boreal.partner.pk,
                actor_side="partner",
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            Partner.objects.filter(pk=world.alpine.partner.pk).update(status="active")
    person = world.alpine.people["partner_admin"]
    with acting("partner", world.alpine.partner.pk, person.pk):
        assert User.objects.filter(pk=person.pk).update(name="Myself") == 1
        assert User.objects.filter(pk=world.alpine.people["partner_sales"].pk).update(name="Somebody") == 0
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            User.objects.filter(pk=person.pk).update(role="admin")


def test_forgetting_the_scope_is_loud(db):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        list(Partner.objects.all())


def test_scopes_nest_and_an_error_restores_the_outer_one(world):
    with acting("staff"):
        with pytest.raises(ValueError, match="inside"), acting("partner", world.alpine.partner.pk):
            raise ValueError("inside")
        assert DealRegistration.objects.filter(partner=world.boreal.partner).count() == 5


def test_history_cannot_be_rewritten(world):
    history = apps.get_model("deals", "DealRegistrationEvent")
    with acting("staff"):
        assert history.objects.filter(partner=world.alpine.partner).exists()
        for write in (lambda rows: rows.update(customer_name="x"), lambda rows: rows.delete()):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                write(history.objects.all())
