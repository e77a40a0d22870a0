"""The vendor's side: the queue, the decision with its evidence, and two people at once."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from deals.models import Approval, DealRegistration, Protection
from prm.events.models import Event
from territories.models import Customer
from tests import factories
from tests.deals.counting import statements


def address(name: str, registration, **query) -> str:
    return reverse(f"deals:{name}", args=[registration.pk]) + (f"?{urlencode(query)}" if query else "")


@pytest.fixture
def queue(signed_in, channel_manager):
    return signed_in(channel_manager)


@pytest.fixture
def confirmed(submitted_deal, hospital, channel_manager):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    return submitted_deal


def test_queue_is_sorted_by_time_left(queue, owner, product):
    later, sooner = factories.submitted(owner, products=[product]), factories.submitted(owner, products=[product])
    DealRegistration.objects.filter(pk=sooner.pk).update(decide_by=sooner.decide_by.replace(year=2020))
    page = queue.get("/approvals/")
    assert [row.pk for row, _flagged in page.context["rows"]] == [sooner.pk, later.pk]
    assert page.context["registration"] == sooner


def test_mine_and_team(signed_in, deal_desk, submitted_deal):
    client = signed_in(deal_desk)
    assert client.get("/approvals/").context["view"] == "team"
    assert client.get("/approvals/?view=mine").context["rows"] == []
    client.post(address("take", submitted_deal), {"version": submitted_deal.version})
    assert [row for row, _flagged in client.get("/approvals/?view=mine").context["rows"]] == [submitted_deal]


def test_empty_queue(queue):
    assert "Nothing waits for a decision" in queue.get("/approvals/").content.decode()


@pytest.mark.parametrize("view", ["mine", "team", "returned", "decided", "nonsense"])
def test_every_view_answers(queue, submitted_deal, view):
    assert queue.get(f"/approvals/?view={view}&rows=%00").status_code == 200


def test_detail_shows_candidates_and_creates_nothing(queue, submitted_deal, hospital):
    from territories.matching.keys import index_customers

    index_customers([hospital.pk])
    page = queue.get(address("approval", submitted_deal))
    assert [found["customer"] for found in page.context["candidates"]] == [hospital]
    assert "same website hopital-du-lac.example" in page.content.decode()
    assert Customer.objects.count() == 1


def test_htmx_gets_the_two_halves_only(queue, submitted_deal):
    page = queue.get(address("approval", submitted_deal), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "split-list" in page
    assert "split-detail" in page


def test_confirm_a_customer(queue, submitted_deal, hospital, channel_manager):
    version = submitted_deal.version
    queue.post(address("confirm_customer", submitted_deal), {"customer": hospital.pk})
    file = submitted_deal.approval
    assert (file.customer, file.confirmed_by) == (hospital, channel_manager)
    submitted_deal.refresh_from_db()
    assert submitted_deal.version == version


def test_create_the_customer_from_what_the_partner_wrote(queue, submitted_deal):
    form = {
        "create": "1",
        "customer-name": "Hôpital du Lac Nord",
        "customer-country": "FR",
        "customer-domain": "lac-nord.example",
    }
    queue.post(address("confirm_customer", submitted_deal), form)
    made = Customer.objects.get(name="Hôpital du Lac Nord")
    assert submitted_deal.approval.customer == made
    assert [row.domain for row in made.domains.all()] == ["lac-nord.example"]


@pytest.mark.parametrize("customer", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_customer_that_is_not_there(queue, submitted_deal, customer):
    assert queue.post(address("confirm_customer", submitted_deal), {"customer": customer}).status_code == 422


def test_approve(queue, confirmed):
    answer = queue.post(
        address("approve", confirmed), {"version": confirmed.version, "approve-days": "45", "approve-message": "Go"}
    )
    assert answer.status_code == 302
    confirmed.refresh_from_db()
    assert (confirmed.review_status, confirmed.message) == ("approved", "Go")
    protection = Protection.objects.get()
    assert (protection.period.upper - protection.period.lower).days == 45


def test_approve_without_a_customer(queue, submitted_deal):
    answer = queue.post(address("approve", submitted_deal), {"version": submitted_deal.version})
    assert answer.status_code == 422
    assert "Confirm which customer this is" in answer.content.decode()


@pytest.mark.parametrize("days", ["0", "-3", "9999999", "many"])
def test_length_out_of_range(queue, confirmed, days):
    answer = queue.post(address("approve", confirmed), {"version": confirmed.version, "approve-days": days})
    assert answer.status_code == 422
    assert answer.context["approve_form"].errors["days"]


def test_a_protected_line_blocks_and_says_which(queue, rival, channel_manager, confirmed, product, hospital):
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[product])
    page = queue.get(address("approval", confirmed))
    assert [protection.partner.name for protection in page.context["blocking"]] == ["Boreal"]
    answer = queue.post(address("approve", confirmed), {"version": confirmed.version})
    assert answer.status_code == 422
    assert "Backup is protected for Boreal until" in answer.content.decode()
    confirmed.refresh_from_db()
    assert confirmed.review_status == "pending"


def test_reject(queue, submitted_deal):
    form = {"version": submitted_deal.version, "reject-reason": "duplicate", "reject-message": "Merci, mais non."}
    queue.post(address("reject", submitted_deal), form)
    submitted_deal.refresh_from_db()
    assert (submitted_deal.review_status, submitted_deal.public_reason) == ("rejected", "not_available")
    assert submitted_deal.approval.rejection_reason == "duplicate"


def test_reject_needs_a_reason(queue, submitted_deal):
    answer = queue.post(
        address("reject", submitted_deal), {"version": submitted_deal.version, "reject-message": "Kept text"}
    )
    assert answer.status_code == 422
    assert "Kept text" in answer.content.decode()


def test_preview_never_says_who(queue, submitted_deal):
    url = address("reject", submitted_deal, **{"reject-reason": "duplicate", "reject-message": "Bonjour"})
    shown = queue.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Not available for registration" in shown
    assert "Bonjour" in shown
    assert "another partner" not in shown


def test_send_back(queue, submitted_deal):
    form = {"version": submitted_deal.version, "return-asked": ["description", "amount"], "return-message": "What for?"}
    queue.post(address("send_back", submitted_deal), form)
    submitted_deal.refresh_from_db()
    assert (submitted_deal.review_status, submitted_deal.returned_fields) == (
        "action_required",
        ["amount", "description"],
    )


@pytest.mark.parametrize("name", ["reject", "send_back"])
def test_forms_have_pages_without_scripts(queue, submitted_deal, name):
    assert queue.get(address(name, submitted_deal)).status_code == 200


def test_the_second_of_two_reads_who_decided(queue, signed_in, client, admin, confirmed):
    seen = confirmed.version
    confirmed.approve(by=admin)
    answer = queue.post(
        address("reject", confirmed), {"version": seen, "reject-reason": "other", "reject-message": "My careful words"}
    )
    words = answer.content.decode()
    assert answer.status_code == 409
    assert "Ada Admin was faster" in words
    assert "My careful words" in words
    confirmed.refresh_from_db()
    assert confirmed.review_status == "approved"


def test_private_notes_do_not_touch_the_partners_row(queue, submitted_deal):
    version, file = submitted_deal.version, submitted_deal.approval
    queue.post(address("notes", submitted_deal), {"notes": "Call Rita first", "file_version": file.version})
    assert Approval.objects.get().notes == "Call Rita first"
    again = queue.post(address("notes", submitted_deal), {"notes": "Other", "file_version": file.version})
    assert again.status_code == 409
    submitted_deal.refresh_from_db()
    assert submitted_deal.version == version
    assert Event.objects.get(verb="noted").partner_id is None


@pytest.mark.parametrize("who", ["viewer", "finance", "direct_seller"])
def test_only_those_who_decide(signed_in, request, submitted_deal, who):
    client = signed_in(request.getfixturevalue(who))
    assert client.get("/approvals/").status_code == 403
    assert client.get(address("approval", submitted_deal)).status_code == 404
    assert client.post(address("approve", submitted_deal)).status_code == 404


def test_partners_know_no_queue(signed_in, owner, submitted_deal):
    client = signed_in(owner)
    assert client.get("/approvals/").status_code == 404
    assert client.get(address("approval", submitted_deal)).status_code == 404


def test_a_manager_of_other_countries_sees_nothing(signed_in, submitted_deal):
    other = factories.vendor_user("channel_manager", scope_countries=["JP"])
    assert signed_in(other).get(address("approval", submitted_deal)).status_code == 404


def test_queue_costs_the_same_whatever_the_rows(queue, owner, product):
    """List and record on one page: as much as a dashboard may cost."""
    url = address("approval", factories.submitted(owner, products=[product]), view="team")
    one = statements(queue, url)
    for _ in range(3):
        factories.submitted(owner, products=[product])
    assert statements(queue, url) == one
    assert one <= 20, one
