"""Who reads the events about what: the story follows the roles, not only the company."""

import pytest

from prm import events
from prm.db import acting
from prm.events.models import Event
from tests import factories

pytestmark = pytest.mark.usefixtures("system")


def read(user) -> set[str]:
    with acting(*(("partner", user.acting_for_id, user.pk) if user.is_partner else ("staff", None, user.pk))):
        return {event.name for event in Event.objects.visible_to(user)}


@pytest.mark.parametrize(
    ("role", "reads"),
    [("partner_admin", True), ("partner_sales", True), ("partner_marketing", False), ("partner_finance", False)],
)
def test_registrations_are_read_by_those_who_sell(role, reads, alpine, submitted_deal):
    events.record(alpine, "status_changed", partner_id=alpine.pk, status="active")
    person = factories.member(alpine, role, "Pat")
    told = read(person)
    assert "partner.status_changed" in told
    assert ("deal_registration.submitted" in told) is reads


def test_who_sees_only_their_own_rows_reads_only_their_story(alpine, owner, submitted_deal):
    person = factories.member(alpine, "partner_sales", "Pat")
    person.membership.own_rows_only = True
    assert "deal_registration.submitted" not in read(person)
    factories.submitted(person)
    assert "deal_registration.submitted" in read(person)


def test_invitations_are_read_by_who_invites(alpine, owner, teammate, admin):
    from partners.models import Invitation

    sent = Invitation(partner=alpine, name="Nia", email="nia@alpine.example", role="partner_sales").send(by=owner)
    assert "invitation.sent" in read(owner) & read(admin)
    assert "invitation.sent" not in read(teammate)
    assert sent.is_open


def test_a_subject_no_app_declared_is_kept_from_partners(alpine, owner, product, admin):
    events.record(product, "created", partner_id=alpine.pk)
    assert "product.created" not in read(owner)
    assert "product.created" in read(admin)


def test_vendor_roles_read_the_story_of_what_they_see(direct_seller, finance, viewer, submitted_deal):
    assert read(direct_seller) == set()
    assert "deal_registration.submitted" not in read(finance)
    assert "deal_registration.submitted" in read(viewer)
