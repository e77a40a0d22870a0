"""The inbox and the page of a conflict: who sees them, what closes it, what stays closed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deals.conflicts.models import Conflict
from deals.conflicts.watch import refresh
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event
from tests import factories
from tests.statements import statements


def settled(conflict, by, **values):
    conflict.settle(by=by, **{"ruling": "uphold_first", "reason": "Alpine was first", **values})


def test_inbox_tabs(signed_in, channel_manager, program_owner, conflict):
    client = signed_in(channel_manager)
    found = {view: len(client.get(f"/conflicts/?view={view}").context["lines"]) for view in ("", "mine", "settled")}
    assert found == {"": 1, "mine": 1, "settled": 0}
    assert not signed_in(program_owner).get("/conflicts/?view=mine").context["lines"]
    settled(conflict, channel_manager)
    client = signed_in(channel_manager)
    found = {
        view: len(client.get(f"/conflicts/?view={view}").context["lines"]) for view in ("", "settled", "dismissed")
    }
    assert found == {"": 0, "settled": 1, "dismissed": 0}


@pytest.mark.parametrize(
    ("query", "count"), [("severity=3", 1), ("severity=1", 0), ("kind=duplicate_registration", 1), ("q=boreal", 1), ("q=cima", 0)]
)  # fmt: skip
def test_filters(query, count, signed_in, channel_manager, conflict):
    assert len(signed_in(channel_manager).get(f"/conflicts/?{query}").context["lines"]) == count


@pytest.mark.parametrize(("who", "status"), [("viewer", 200), ("direct_seller", 403), ("owner", 404), ("rival", 404)])
def test_who_reads_the_inbox(who, status, request, signed_in, conflict):
    client = signed_in(request.getfixturevalue(who))
    assert client.get("/conflicts/").status_code == status
    assert client.get(reverse("conflicts:conflict", args=[conflict.pk])).status_code == (200 if status == 200 else 404)


def test_page_says_who_was_first(signed_in, channel_manager, conflict):
    page = signed_in(channel_manager).get(conflict.get_absolute_url())
    assert page.context["precedence"].startswith("Alpine was first: received on ")
    assert [side["name"] for side in page.context["timelines"]] == ["Boreal", "Alpine"]
    assert all(side["events"] for side in page.context["timelines"])
    assert {row["fact"] for row in page.context["rows"]} >= {"Customer name", "Website"}


def test_settling(signed_in, channel_manager, conflict):
    client, url = signed_in(channel_manager), reverse("conflicts:settle", args=[conflict.pk])
    given = {"settle-version": conflict.version, "settle-ruling": "uphold_first", "settle-reason": "First come"}
    assert client.post(url, {**given, "settle-reason": ""}).status_code == 422
    assert client.post(url, {**given, "settle-ruling": "customer_choice"}).status_code == 422
    assert client.post(url, given).url == conflict.get_absolute_url()
    conflict.refresh_from_db()
    assert (conflict.status, conflict.ruling, conflict.kept_side, conflict.closed_by) == (
        "settled", "uphold_first", "first", channel_manager,
    )  # fmt: skip
    assert "Alpine goes on." in client.get(conflict.get_absolute_url()).content.decode()


def test_the_customer_chooses_a_side(channel_manager, conflict):
    with pytest.raises(RuleViolation, match="which side"):
        settled(conflict, channel_manager, ruling="customer_choice", kept_side="both")
    settled(conflict, channel_manager, ruling="customer_choice", kept_side="later")
    assert conflict.kept_side == "later"


def test_two_people_at_once(signed_in, channel_manager, program_owner, conflict):
    Conflict.objects.get(pk=conflict.pk).dismiss(by=program_owner, reason="Two sites")
    answer = signed_in(channel_manager).post(
        reverse("conflicts:settle", args=[conflict.pk]),
        {"settle-version": conflict.version, "settle-ruling": "no_conflict", "settle-reason": "Kept words"},
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"{program_owner.name} was faster: Dismissed: Two sites" in page
    with pytest.raises(StaleVersion):
        settled(conflict, channel_manager, version=1)


def test_settled_stays_settled_and_reopened_is_looked_at_again(channel_manager, conflict):
    settled(conflict, channel_manager)
    refresh(conflict.registration)
    conflict.refresh_from_db()
    assert conflict.status == "settled"
    conflict.reopen(by=channel_manager, reason="New facts")
    assert (conflict.status, conflict.ruling, conflict.closed_at) == ("open", "", None)
    conflict.registration.withdraw(by=conflict.registration.created_by)
    refresh(conflict.registration)
    conflict.refresh_from_db()
    assert conflict.status == "cleared"


def test_no_partner_is_told(channel_manager, conflict):
    settled(conflict, channel_manager)
    conflict.reopen(by=channel_manager, reason="Once more")
    conflict.dismiss(by=channel_manager, reason="No")
    told = Event.objects.filter(subject_id=conflict.pk)
    assert {event.verb for event in told} == {"detected", "settled", "reopened", "dismissed"}
    assert {event.partner_id for event in told} == {None}


@pytest.mark.parametrize("who", ["viewer", "deal_desk", "owner", "finance"])
def test_others_do_not_settle(who, request, signed_in, conflict):
    client = signed_in(request.getfixturevalue(who))
    for name in ("settle", "reopen"):
        assert client.post(reverse(f"conflicts:{name}", args=[conflict.pk]), {}).status_code == 404


def test_statements(signed_in, channel_manager, rival, product, conflict):
    client = signed_in(channel_manager)
    addresses = ("/conflicts/", conflict.get_absolute_url())
    for url in addresses:
        client.get(url)
    few = [len(statements(client, url)) for url in addresses]
    for _ in range(3):
        Conflict.objects.create(
            kind="duplicate_registration",
            rule="DUP-1",
            rule_version=1,
            severity=3,
            score=1,
            registration=factories.submitted(rival, products=[product]),
            other=conflict.other,
        )
    assert [len(statements(client, url)) for url in addresses] == few
    assert max(few) <= 12
