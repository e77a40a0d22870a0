import pytest

from partners.programs.models import Enrolment, Program, Tier
from prm.calendar import business_today
from tests import factories
from tests.statements import statements

PROMISES = {
    "protection_days": 90,
    "extension_days": 30,
    "extensions": 1,
    "extension_window_days": 30,
    "response_days": 1,
    "decision_days": 2,
    "return_days": 10,
    "appeal_days": 10,
}


def test_program_tiers_and_enrolment_by_hand(program_owner, signed_in, system):
    client = signed_in(program_owner)
    assert client.post("/programs/new/", {"name": "Resale", "is_open": "on", **PROMISES}).status_code == 302
    program = Program.objects.get()
    client.post(f"/programs/{program.pk}/tiers/", {"name": "Silver", "rank": 1})
    assert client.post(f"/programs/{program.pk}/tiers/", {"name": "Gold", "rank": 1}).status_code == 422
    client.post(f"/programs/{program.pk}/tiers/", {"name": "Gold", "rank": 2})
    silver, gold = Tier.objects.order_by("rank")
    partner = factories.partner(enrolled=False)
    data = {"tier": str(silver.pk), "period_0": "2026-01-01", "period_1": ""}
    assert client.post(f"/programs/partners/{partner.pk}/enrolments/", data).status_code == 302
    again = client.post(f"/programs/partners/{partner.pk}/enrolments/", data)
    assert again.status_code == 422
    assert "already enrolled" in again.content.decode()
    enrolment = Enrolment.objects.get()
    client.post(
        f"/programs/enrolments/{enrolment.pk}/tier/", {"tier": str(gold.pk), "start": business_today().isoformat()}
    )
    assert [(row.tier.name, row.period.upper) for row in partner.enrolments.order_by("period")] == [
        ("Silver", business_today()),
        ("Gold", None),
    ]
    assert "Gold" in client.get(f"/programs/{program.pk}/").content.decode()


def test_enrol_from_the_program(channel_manager, program, signed_in):
    partner = factories.partner(enrolled=False)
    data = {"partner": str(partner.pk), "tier": str(factories.tier().pk), "period_0": "2026-01-01"}
    assert signed_in(channel_manager).post(f"/programs/{program.pk}/enrolments/", data).status_code == 302
    assert Enrolment.objects.get().partner == partner


def test_enrolment_ends_by_its_last_day(channel_manager, alpine, signed_in):
    enrolment = Enrolment.objects.get()
    client = signed_in(channel_manager)
    assert client.post(f"/programs/enrolments/{enrolment.pk}/end/", {"last_day": "1990-01-01"}).status_code == 422
    client.post(f"/programs/enrolments/{enrolment.pk}/end/", {"last_day": business_today().isoformat()})
    assert Enrolment.objects.in_force().count() == 1


@pytest.mark.parametrize("value", ["", "-1", "9999", "20260-01-01", "ten"])
def test_promises_out_of_reason_are_refused_at_the_field(value, program_owner, program, signed_in):
    response = signed_in(program_owner).post(
        f"/programs/{program.pk}/edit/", {"name": "Resale", **PROMISES, "protection_days": value}
    )
    assert response.status_code == 422
    assert "protection_days" in response.context["form"].errors


def test_a_channel_manager_reads_programs_and_changes_none(channel_manager, program, signed_in):
    client = signed_in(channel_manager)
    assert client.get(f"/programs/{program.pk}/").status_code == 200
    assert client.get(f"/programs/{program.pk}/edit/").status_code == 404
    assert client.get("/programs/new/").status_code == 403


def test_pages_of_the_vendor_are_missing_to_partners(owner, program, signed_in):
    client = signed_in(owner)
    assert client.get(f"/programs/{program.pk}/").status_code == 404
    assert client.get(f"/programs/{program.pk}/enrolments/").status_code == 404


def test_list_costs_the_same_with_one_row_and_with_three(program_owner, program, signed_in):
    client = signed_in(program_owner)
    client.get("/programs/")
    one = len(statements(client, "/programs/"))
    factories.program("Referral")
    factories.program("Service")
    assert len(statements(client, "/programs/")) == one <= 12
