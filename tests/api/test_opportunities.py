"""Opportunities through the API: a partner reports where it sells, the vendor names the registration and the amounts by line."""

from __future__ import annotations

import pytest

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import Opportunity
from prm.calendar import business_today
from prm.events.models import Event
from tests import factories
from tests.errands import run_errands


@pytest.fixture
def part(owner, product, hospital, channel_manager):
    """Alpine's part in a deal of its own."""
    return factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product]).participant


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


# Stage ----------------------------------------------------------------------------------------------------------------------


def test_a_partner_reports_where_it_sells(api, owner, part):
    ours = api(owner)
    read = ours.get(f"/opportunities/{part.pk}/")
    moved = ours.post(f"/opportunities/{part.pk}/stage/", {"stage": "won"}, If_Match=read["ETag"])
    assert moved.status_code == 200, moved.content
    assert (moved.json()["id"], moved.json()["stage"]) == (str(part.pk), "won")
    assert moved["ETag"] != read["ETag"]
    assert moved.json() == ours.get(f"/opportunities/{part.pk}/").json()
    assert Opportunity.objects.get().stage == "won"
    refused(ours.post(f"/opportunities/{part.pk}/stage/", {"stage": "committed"}, If_Match=read["ETag"]), 412, "stale")


def test_lost_says_why(api, owner, part):
    ours, etag = api(owner), f'"{part.version}"'
    refused(ours.post(f"/opportunities/{part.pk}/stage/", {"stage": "lost"}, If_Match=etag), 409, "reason_missing")
    lost = ours.post(f"/opportunities/{part.pk}/stage/", {"stage": "lost", "cause": "price"}, If_Match=etag)
    assert (lost.status_code, Opportunity.objects.get().lost_cause) == (200, "price")


def test_the_lost_by_their_cause(api, channel_manager):
    for cause in ("price", "no_decision"):
        factories.opportunity(f"Lost: {cause}", stage="lost", closed_on=business_today(), lost_cause=cause)
    ours = api(channel_manager)
    found = ours.get("/opportunities/?lost_cause=price").json()["results"]
    assert [(row["name"], row["lost_cause"]) for row in found] == [("Lost: price", "price")]
    assert ours.get("/opportunities/?lost_cause=weather").status_code == 400


def test_for_the_others_it_is_missing(api, rival, part):
    theirs, etag = api(rival), f'"{part.version}"'
    for pk in (part.pk, part.opportunity_id):
        refused(theirs.post(f"/opportunities/{pk}/stage/", {"stage": "won"}, If_Match=etag), 404, "not_found")
    assert Opportunity.objects.get().stage != "won"


def test_who_only_refers_does_not_report(api, rival, boreal, part):
    referral = part.opportunity.participants.create(partner=boreal, role="referral")
    theirs = api(rival)
    assert theirs.get(f"/opportunities/{referral.pk}/").status_code == 200
    answer = theirs.post(f"/opportunities/{referral.pk}/stage/", {"stage": "won"}, If_Match=f'"{referral.version}"')
    refused(answer, 404, "not_found")


def test_reading_is_not_reporting(api, owner, part):
    theirs = api(owner, "opportunities:read")
    answer = theirs.post(f"/opportunities/{part.pk}/stage/", {"stage": "won"}, If_Match=f'"{part.version}"')
    refused(answer, 403, "scope_missing")


# The registration that is the same deal ----------------------------------------------------------------------------------


def made(hospital, **values):
    return {"name": "Hospital backup", "customer": str(hospital.pk), "route": "direct", **values}


def test_linked_when_made_it_never_conflicts(api, channel_manager, hospital, submitted_deal):
    ours = api(channel_manager)
    answer = ours.post("/opportunities/", made(hospital, registration=str(submitted_deal.pk)))
    assert answer.status_code == 201, answer.content
    assert "registration" not in answer.json()
    run_errands()
    assert submitted_deal.approval.opportunity_id == Opportunity.objects.get().pk
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    watch(submitted_deal)
    assert not Conflict.objects.open().exists()


def test_linked_later_the_conflict_is_cleared(api, channel_manager, hospital, product, submitted_deal):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    direct = factories.opportunity(customer=hospital, route="direct")
    direct.lines.create(line=product.line)
    watch(submitted_deal)
    assert Conflict.objects.open().get().rule == "DIR-1"
    ours = api(channel_manager)
    etag = ours.get(f"/opportunities/{direct.pk}/")["ETag"]
    body = {"registration": str(submitted_deal.pk)}
    answer = ours.patch(f"/opportunities/{direct.pk}/", body, If_Match=etag)
    assert answer.status_code == 200, answer.content
    run_errands()
    assert not Conflict.objects.open().exists()


def test_a_registration_one_does_not_see(api, channel_manager, hospital, owner):
    draft = factories.draft(owner)
    answer = api(channel_manager).post("/opportunities/", made(hospital, registration=str(draft.pk)))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/registration")
    assert not Opportunity.objects.exists()


# Amounts by line -------------------------------------------------------------------------------------------------------------


def test_amounts_by_line(api, channel_manager, hospital, product):
    ours, vault = api(channel_manager), factories.product("Vault")
    lines = [
        {"line": str(product.line_id), "amount": "3000.0000"},
        {"line": str(vault.line_id), "amount": "1500.5000"},
    ]
    answer = ours.post("/opportunities/", made(hospital, lines=lines, amount={"amount": "4500.50", "currency": "EUR"}))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert sorted(body["lines"], key=str) == sorted(lines, key=str)
    assert body["amount"] == {"amount": "4500.50", "currency": "EUR"}
    here = f"/opportunities/{body['id']}/"
    assert ours.get(here).json() == body

    fewer = ours.patch(here, {"lines": lines[:1]}, If_Match=answer["ETag"])
    assert fewer.status_code == 200, fewer.content
    assert (fewer.json()["lines"], fewer.json()["amount"]["amount"]) == (lines[:1], "3000.00")
    event = Event.objects.filter(subject_id=body["id"]).order_by("at", "id").last()
    assert {"amount", "lines"} == set(event.payload["fields"])

    unknown = ours.patch(here, {"lines": [{"line": str(product.line_id), "amount": None}]}, If_Match=fewer["ETag"])
    assert unknown.json()["lines"] == [{"line": str(product.line_id), "amount": None}]
    assert unknown.json()["amount"]["amount"] == "3000.00"
    emptied = ours.patch(here, {"lines": []}, If_Match=unknown["ETag"])
    assert (emptied.status_code, emptied.json()["lines"]) == (200, [])


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        ("none", "/lines"),
        ([{"line": "018f0000-0000-7000-8000-000000000000", "amount": "1"}], "/lines/0/line"),
        ([{"amount": "1"}], "/lines/0/line"),
        ([{"line": "OURS", "amount": "-1"}], "/lines/0/amount"),
        ([{"line": "OURS", "amount": "1"}] * 2, "/lines"),
        ([{"line": "OURS", "amount": "1", "more": 1}], "/lines/0/more"),
    ],
)
def test_wrong_lines_are_named(api, channel_manager, hospital, product, lines, pointer):
    if isinstance(lines, list):
        lines = [row | ({"line": str(product.line_id)} if row.get("line") == "OURS" else {}) for row in lines]
    answer = api(channel_manager).post("/opportunities/", made(hospital, lines=lines))
    assert (answer.status_code, [flaw["pointer"] for flaw in answer.json()["errors"]]) == (400, [pointer])


def test_lines_that_do_not_add_up(api, channel_manager, hospital, product):
    body = made(
        hospital,
        lines=[{"line": str(product.line_id), "amount": "2"}],
        amount={"amount": "3.00", "currency": "EUR"},
    )
    refused(api(channel_manager).post("/opportunities/", body), 409, "amounts_differ")
    assert not Opportunity.objects.exists()


def test_a_stage_names_what_it_needs(api, channel_manager, alpine):
    deal = factories.opportunity(of=alpine)
    answer = api(channel_manager).post(f"/opportunities/{deal.pk}/stage/", {"stage": "committed"}, If_Match='"1"')
    refused(answer, 409, "facts_missing")
    assert "needs the expected close date" in answer.content.decode()
    body = {
        "stage": "committed",
        "expected_close_date": "2027-03-01",
        "amount": {"amount": "900.00", "currency": "EUR"},
    }
    answer = api(channel_manager).post(f"/opportunities/{deal.pk}/stage/", body, If_Match='"1"').json()
    assert (answer["stage"], answer["expected_close_date"]) == ("committed", "2027-03-01")
    assert answer["amount"] == {"amount": "900.00", "currency": "EUR"}


def test_forecast_and_flags(api, channel_manager, owner, alpine):
    late = factories.opportunity(of=alpine, expected_close_date="2026-01-01")
    sound = factories.opportunity(of=alpine)
    ours = api(channel_manager)
    answer = ours.post(f"/opportunities/{sound.pk}/forecast/", {"forecast": "commit"}, If_Match='"1"')
    assert (answer.status_code, answer.json()["forecast"], answer.json()["put_off"]) == (200, "commit", 0)
    for query, rows in (("slipping=true", [late]), ("stale=true", []), ("forecast=commit", [sound])):
        assert [row["id"] for row in ours.get(f"/opportunities/?{query}").json()["results"]] == [
            str(r.pk) for r in rows
        ]
    theirs = api(owner)
    refused(theirs.post(f"/opportunities/{sound.pk}/forecast/", {"forecast": ""}, If_Match='"2"'), 404, "not_found")
    assert "forecast" not in theirs.get("/opportunities/").json()["results"][0]
