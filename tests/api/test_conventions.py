"""What holds for every resource: errors, pages, preconditions, safe repetition, preferences, upsert, batch."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from partners.catalogue.models import ProductLine
from prm.api.models import ApiToken, RememberedAnswer
from prm.api.problems import KINDS
from prm.db import acting
from prm.externals.models import ExternalId
from tests import factories
from tests.api.conftest import Api

LINES = "/product-lines/"


@pytest.fixture
def ours(api, program_owner):
    return api(program_owner)


@pytest.fixture
def line(ours):
    return ours.post(LINES, {"name": "Backup"}).json()


def problem(response, status, code, *pointers):
    """The answer is this problem document."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"/api/v1/docs/#{code}"
    assert set(body) >= {"type", "title", "status", "detail", "instance", "code", "reason", "errors"}
    assert [flaw["pointer"] for flaw in body["errors"]] == list(pointers)
    return body


# Errors -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name"]),
        ({"name": "A\0B"}, ["/name"]),
        ({"name": "x" * 10_000}, ["/name"]),
        ({"name": ""}, ["/name"]),
        ({"name": "A", "colour": "red"}, ["/colour"]),
        ({"name": "A", "id": "1", "version": 3}, ["/id", "/version"]),
        ({"name": "A", "is_active": "perhaps"}, ["/is_active"]),
        ({"name": ["A"]}, ["/name"]),
    ],
)
def test_wrong_values_are_named(ours, body, pointers):
    problem(ours.post(LINES, body), 400, "invalid", *pointers)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"{}}", b'{"name": NaN}', b"\xff"])
def test_unreadable_bodies(ours, body):
    problem(ours.post(LINES, body), 400, "malformed")


def test_other_media_types_are_refused(ours):
    answer = ours.client.post(f"/api/v1{LINES}", {"name": "A"})
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "name", ["expected_close_date", "amount", "customer_country", "products", "partner", "distributor", "type"]
)
@pytest.mark.parametrize(
    "value", ["20260-01-01", "x\0", -1, {"amount": "-1", "currency": "EUR"}, {"amount": "1", "currency": "ZZZ"}]
)
def test_wrong_values_of_a_registration(api, owner, name, value):
    problem(api(owner).post("/deal-registrations/", {name: value}), 400, "invalid", *[f"/{name}"])


def test_a_reference_to_another_and_to_nobody_read_alike(api, owner, boreal, hospital):
    ours = api(owner)
    for name in ("partner", "distributor"):
        answers = [
            ours.post("/deal-registrations/", {name: str(pk)}).json()["errors"] for pk in (boreal.pk, hospital.pk)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0]["pointer"] == f"/{name}"


def test_others_and_missing_answer_alike(api, rival, submitted_deal, hospital):
    theirs = api(rival)
    bodies = []
    for pk in (submitted_deal.pk, hospital.pk):
        for method, path in (
            ("get", ""),
            ("patch", ""),
            ("delete", ""),
            ("post", "submission/"),
            ("post", "comments/"),
        ):
            answer = theirs(
                method, f"/deal-registrations/{pk}/{path}", {"text": "x"} if path == "comments/" else {}, If_Match='"2"'
            )
            assert answer.status_code == 404
            bodies.append({**answer.json(), "instance": ""})
    assert all(body == bodies[0] for body in bodies)


def test_unknown_addresses_and_methods(ours):
    problem(ours.get("/nothing/"), 404, "not_found")
    problem(ours.get(f"{LINES}not-an-id/"), 404, "not_found")
    problem(ours.delete(LINES), 405, "method_not_allowed")


def test_a_duplicate_is_refused(ours, line):
    answer = ours.post(LINES, {"name": "backup"})
    assert answer.status_code in (400, 409)
    assert answer.json()["code"] in ("invalid", "contradiction")


# Who ------------------------------------------------------------------------------------------------------------------------


def test_anonymous_and_wrong_tokens(client, system):
    for headers in (
        {},
        {"authorization": "Bearer prm_wrong"},
        {"authorization": "Basic x"},
        {"authorization": "Bearer"},
    ):
        answer = client.get(f"/api/v1{LINES}", headers=headers)
        problem(answer, 401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends(ours):
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    problem(ours.get(LINES), 401, "not_authenticated")


def test_a_revoked_token(ours):
    ours.token.revoke()
    problem(ours.get(LINES), 401, "not_authenticated")


def test_the_secret_is_kept_as_a_hash_and_its_use_noticed(ours):
    ours.get(LINES)
    token = ApiToken.objects.get()
    assert ours.secret not in str(token.__dict__)
    assert token.last_used_at is not None


def test_scopes_limit_a_token(api, program_owner, channel_manager, submitted_deal):
    reader = api(program_owner, "product-lines:read")
    assert reader.get(LINES).status_code == 200
    assert "product-lines:write" in problem(reader.post(LINES, {"name": "A"}), 403, "scope_missing")["detail"]
    problem(reader.get("/products/"), 403, "scope_missing")
    writer = api(channel_manager, "deal-registrations:read", "deal-registrations:write")
    problem(
        writer.post(f"/deal-registrations/{submitted_deal.pk}/rejection/", {"reason": "other"}, If_Match='"2"'),
        403,
        "scope_missing",
    )


def test_a_token_never_does_more_than_its_person(api, viewer, owner):
    problem(api(viewer).post(LINES, {"name": "A"}), 403, "not_allowed")
    problem(api(owner).post(LINES, {"name": "A"}), 403, "not_allowed")
    problem(api(owner).get("/customers/"), 404, "not_found")
    problem(api(owner).get("/conflicts/"), 404, "not_found")


def test_a_suspended_partner_reads_and_does_nothing(api, owner, alpine, submitted_deal):
    ours = api(owner)
    alpine.status = "suspended"
    alpine.save()
    assert len(ours.get("/deal-registrations/").json()["results"]) == 1
    problem(ours.post("/deal-registrations/", {}), 403, "not_allowed")
    problem(ours.post(f"/deal-registrations/{submitted_deal.pk}/recall/", If_Match='"2"'), 404, "not_found")


@pytest.mark.parametrize("what", ["partner", "membership", "person"])
def test_who_may_no_longer_act_is_out(api, owner, alpine, what):
    ours = api(owner)
    if what == "partner":
        alpine.status = "terminated"
        alpine.save()
    elif what == "membership":
        owner.membership.is_active = False
        owner.membership.save()
    else:
        owner.is_active = False
        owner.save()
    problem(ours.get("/deal-registrations/"), 401, "not_authenticated")


def test_sessions_read_and_write_with_their_csrf_token(system, program_owner):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    factories.sign_in(browser, program_owner)
    assert browser.get(f"/api/v1{LINES}").status_code == 200
    answer = browser.post(f"/api/v1{LINES}", {"name": "A"}, content_type="application/json")
    problem(answer, 403, "csrf")


# Pages ------------------------------------------------------------------------------------------------------------------------


def walk(ours, address):
    found = []
    while address:
        page = ours.client.get(address).json()
        found.append([row["name"] for row in page["results"]])
        address = page["next"]
    return found


def test_pages_walk_there_and_back(ours):
    names = [f"Line {n}" for n in range(7)]
    for name in names:
        ours.post(LINES, {"name": name})
    there = walk(ours, f"/api/v1{LINES}?limit=3&ordering=name")
    assert there == [names[:3], names[3:6], names[6:]]
    page = ours.client.get(f"/api/v1{LINES}?limit=3").json()
    assert [row["name"] for row in page["results"]] == names[:3:-1]
    assert page["previous"] is None
    second = ours.client.get(page["next"]).json()
    assert ours.client.get(second["previous"]).json()["results"] == page["results"]
    assert ours.client.get(second["previous"]).json()["previous"] is None


def test_rows_made_meanwhile_do_not_shift_pages(ours):
    for n in range(6):
        ours.post(LINES, {"name": f"Line {n}"})
    page = ours.get(f"{LINES}?limit=2").json()
    ours.post(LINES, {"name": "Late"})
    rest = walk(ours, page["next"])
    assert rest == [["Line 3", "Line 2"], ["Line 1", "Line 0"]]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=", "cursor=WzFd", "cursor=W10"])
def test_broken_cursors(ours, query):
    problem(ours.get(f"{LINES}?{query}"), 400, "invalid_cursor")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=", "limit=-1", "ordering=colour", "is_active=maybe", "created_after=x"],
)
def test_broken_parameters(ours, query):
    problem(ours.get(f"{LINES}?{query}"), 400, "invalid_parameter")


def test_unknown_parameters_are_refused(ours):
    problem(ours.get(f"{LINES}?colour=red"), 400, "unknown_parameter")


def test_filters_search_and_order(ours):
    ours.post(LINES, {"name": "Backup"})
    ours.post(LINES, {"name": "Archive", "is_active": False})
    assert walk(ours, f"/api/v1{LINES}?is_active=false") == [["Archive"]]
    assert walk(ours, f"/api/v1{LINES}?search=back") == [["Backup"]]
    assert walk(ours, f"/api/v1{LINES}?ordering=-name") == [["Backup", "Archive"]]


# Versions ---------------------------------------------------------------------------------------------------------------------


def test_writes_need_the_version_that_was_read(ours, line):
    here = f"{LINES}{line['id']}/"
    problem(ours.patch(here, {"name": "B"}), 428, "version_required")
    problem(ours.patch(here, {"name": "B"}, If_Match="*"), 428, "version_required")
    problem(ours.patch(here, {"name": "B"}, If_Match='W/"1"'), 412, "stale")
    problem(ours.patch(here, {"name": "B"}, If_Match='"7"'), 412, "stale")
    changed = ours.patch(here, {"name": "B"}, If_Match='"1"')
    assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "B")
    problem(ours.patch(here, {"name": "C"}, If_Match='"1"'), 412, "stale")


def test_reading_again_costs_nothing(ours, line):
    answer = ours.get(f"{LINES}{line['id']}/")
    assert ours.get(f"{LINES}{line['id']}/", If_None_Match=answer["ETag"]).status_code == 304


# Repetition -------------------------------------------------------------------------------------------------------------------


def test_a_repeated_call_happens_once(ours):
    first = ours.post(LINES, {"name": "A"}, Idempotency_Key="k1")
    second = ours.post(LINES, {"name": "A"}, Idempotency_Key="k1")
    assert first.status_code == second.status_code == 201
    assert (first.content, first["ETag"], first["Location"]) == (second.content, second["ETag"], second["Location"])
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert ProductLine.objects.count() == 1
    problem(ours.post(LINES, {"name": "B"}, Idempotency_Key="k1"), 422, "key_reused")


def test_a_refused_call_may_be_repeated_with_its_key(ours):
    problem(ours.post(LINES, {}, Idempotency_Key="k1"), 400, "invalid", "/name")
    assert RememberedAnswer.objects.count() == 0
    assert ours.post(LINES, {"name": "A"}, Idempotency_Key="k1").status_code == 201


def test_partners_repeat_calls_too(api, owner, teammate):
    body = {"customer_name": "Lake"}
    first = api(owner).post("/deal-registrations/", body, Idempotency_Key="k1")
    second = api(owner).post("/deal-registrations/", body, Idempotency_Key="k1")
    assert first.status_code == 201, first.content
    assert first.content == second.content
    assert api(teammate).post("/deal-registrations/", body, Idempotency_Key="k1").json()["id"] != first.json()["id"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_copies_happen_once():
    with acting("system"):
        ours = Api(factories.vendor_user("program_owner"))
    answers = []

    def call():
        try:
            answers.append(Api.__call__(ours, "post", LINES, {"name": "A"}, Idempotency_Key="k1"))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"in_flight", "contradiction"}
    with acting("system"):
        assert ProductLine.objects.count() == 1
    assert ours.post(LINES, {"name": "A"}, Idempotency_Key="k1").status_code == 201


# Preferences --------------------------------------------------------------------------------------------------------------------


def test_lenient_handling_ignores_and_names(ours):
    answer = ours.post(LINES, {"name": "A", "colour": "red", "id": "x"}, Prefer="handling=lenient")
    assert answer.status_code == 201
    assert (answer["Preference-Applied"], answer["Ignored-Fields"]) == ("handling=lenient", '"colour", "id"')


def test_a_dry_run_answers_and_saves_nothing(ours, line):
    answer = ours.post(LINES, {"name": "A"}, Prefer="dry-run", Idempotency_Key="k1")
    assert (answer.status_code, answer.json()["name"], answer["Preference-Applied"]) == (201, "A", "dry-run")
    assert ours.patch(f"{LINES}{line['id']}/", {"name": "B"}, If_Match='"1"', Prefer="dry-run").json()["name"] == "B"
    assert list(ProductLine.objects.values_list("name", flat=True)) == ["Backup"]
    assert RememberedAnswer.objects.count() == 0


# Upsert and batch -----------------------------------------------------------------------------------------------------------------


def test_upsert_makes_then_changes(ours):
    here = f"{LINES}by-external-id/crm/L-1/"
    problem(ours.get(here), 404, "not_found")
    made = ours.put(here, {"name": "A"})
    assert (made.status_code, made.json()["external_ids"]) == (201, [{"source": "crm", "external_id": "L-1"}])
    changed = ours.put(here, {"name": "B"})
    assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "B")
    assert ours.get(here).json() == changed.json()
    problem(ours.put(here, {"name": "C"}, If_Match='"1"'), 412, "stale")


def test_external_ids_belong_to_their_owner(api, owner, rival, deal_desk):
    here = "/deal-registrations/by-external-id/crm/1/"
    made = api(owner).put(here, {"customer_name": "Lake"})
    assert made.status_code == 201, made.content
    theirs = api(rival).put(here, {"customer_name": "Lake"})
    assert theirs.status_code == 201, theirs.content
    assert theirs.json()["id"] != made.json()["id"]
    assert api(deal_desk).get(here).status_code == 404
    assert ExternalId.objects.count() == 2


def test_batch_answers_each_item(ours, line):
    items = [
        {"name": "A"},
        {"name": ""},
        {"id": line["id"], "version": 1, "name": "B"},
        {"id": line["id"], "version": 1, "name": "C"},
        {"external_id": {"source": "crm", "external_id": "1"}, "name": "D"},
        {"id": "nobody", "name": "E"},
    ]
    results = ours.post(f"{LINES}batch/", {"items": items}).json()["results"]
    assert [result["status"] for result in results] == [201, 400, 200, 412, 201, 400]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/name"
    assert set(ProductLine.objects.values_list("name", flat=True)) == {"A", "B", "D"}


def test_batch_all_or_none(ours):
    body = problem(
        ours.post(f"{LINES}batch/", {"items": [{"name": "A"}, {"name": ""}], "all_or_none": True}),
        422,
        "batch_refused",
        "/items/1/name",
    )
    assert [result["index"] for result in body["results"]] == [1]
    assert ProductLine.objects.count() == 0


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [1]}, {"items": "x"}, {"items": [{}] * 201}])
def test_batch_bodies(ours, body):
    problem(ours.post(f"{LINES}batch/", body), 400, "invalid", "/items")


def test_every_code_is_documented():
    from prm.settings import BASE_DIR

    guide = (BASE_DIR / "docs" / "api.md").read_text()
    assert [code for code in KINDS if f"`{code}`" not in guide] == []
