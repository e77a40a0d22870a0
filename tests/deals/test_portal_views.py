"""The partner's side: the form keeps what is typed, says the same to everybody, and submits once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from deals.models import DealRegistration
from partners.models import SupplyRelation
from prm.calendar import business_today
from prm.events.models import Event
from tests import factories
from tests.deals.counting import statements

NEW = "/portal/deals/new/"


def filled(product, **values) -> dict:
    return {
        "customer_name": "Hôpital du Lac",
        "customer_country": "FR",
        "customer_domain": "https://www.hopital-du-lac.example/contact",
        "products": [str(product.pk)],
        "amount": "12,500.50",
        "currency": "EUR",
        "expected_close_date": (business_today() + timedelta(days=60)).isoformat(),
        **values,
    }


def key_of(page) -> str:
    return page.context["key"]


@pytest.fixture
def portal(signed_in, owner):
    return signed_in(owner)


def test_home_says_what_to_do(portal, owner, channel_manager, product):
    factories.draft(owner, products=[product], customer_name="Unfinished Ltd")
    returned = factories.submitted(owner, products=[product], customer_name="Returned Ltd")
    returned.send_back(by=channel_manager, fields=["description"], message="What is it for?")
    page = portal.get("/portal/")
    assert page.status_code == 200
    assert [item["title"] for item in page.context["todo"]] == [
        "Answer our question on Returned Ltd",
        "Finish the draft Unfinished Ltd",
    ]
    assert "Camille Manager" in page.content.decode()


def test_home_of_somebody_without_deals(signed_in, alpine):
    finance = factories.member(alpine, "partner_finance")
    page = signed_in(finance).get("/portal/")
    assert page.status_code == 200
    assert page.context["todo"] == []
    assert "My deals" not in page.content.decode()


def test_the_vendor_has_no_portal(signed_in, channel_manager):
    client = signed_in(channel_manager)
    assert [client.get(url).status_code for url in ("/portal/", "/portal/deals/", NEW)] == [404, 404, 404]


def test_submission(portal, owner, product):
    page = portal.get(NEW)
    answer = portal.post(NEW, {**filled(product), "key": key_of(page), "submit": "1"})
    registration = DealRegistration.objects.get()
    assert answer.url == reverse("deals:portal_registration", args=[registration.pk])
    assert registration.review_status == "pending"
    assert (registration.customer_domain, str(registration.amount)) == ("hopital-du-lac.example", "12500.5000")
    assert registration.created_by == owner
    shown = portal.get(answer.url)
    assert "You have our decision by" in shown.content.decode()


def test_double_submission_does_nothing_twice(portal, product):
    form = {**filled(product), "key": key_of(portal.get(NEW)), "submit": "1"}
    first, second = portal.post(NEW, form), portal.post(NEW, form)
    assert first.url == second.url
    assert DealRegistration.objects.count() == 1
    assert Event.objects.filter(verb="submitted").count() == 1


def test_draft_is_kept_as_one_types(portal, product):
    key = key_of(portal.get(NEW))
    answer = portal.post(NEW, {"key": key, "customer_name": "Hôp", "currency": "EUR"}, headers={"HX-Request": "true"})
    draft = DealRegistration.objects.get()
    assert (draft.customer_name, draft.submission_status) == ("Hôp", "draft")
    assert answer.headers["HX-Replace-Url"] == reverse("deals:edit_registration", args=[draft.pk])
    assert "Draft saved" in answer.content.decode()
    portal.post(NEW, {"key": key, "customer_name": "Hôpital", "amount": "a lot"}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.customer_name, draft.amount) == ("Hôpital", None)
    assert "Go on with Hôpital" in portal.get(NEW).content.decode()


def test_what_is_kept_late_says_nothing(portal, owner, product):
    sent = factories.submitted(owner, products=[product])
    url = reverse("deals:edit_registration", args=[sent.pk])
    assert portal.post(url, {"customer_name": "Late"}, headers={"HX-Request": "true"}).status_code == 204
    sent.refresh_from_db()
    assert sent.customer_name != "Late"


def test_an_empty_form_makes_no_draft(portal):
    portal.post(NEW, {"key": key_of(portal.get(NEW)), "currency": "EUR"}, headers={"HX-Request": "true"})
    assert not DealRegistration.objects.exists()


def test_a_forged_key_makes_a_draft_of_its_own(portal, rival):
    other = factories.draft(rival)
    portal.post(NEW, {"key": str(other.pk), "customer_name": "Mine"}, headers={"HX-Request": "true"})
    other.refresh_from_db()
    assert other.customer_name != "Mine"
    assert DealRegistration.objects.filter(partner=other.partner).count() == 1
    assert DealRegistration.objects.filter(customer_name="Mine").exists()


def test_missing_fields_are_named_and_the_rest_is_kept(portal, product):
    answer = portal.post(NEW, {"key": key_of(portal.get(NEW)), "customer_name": "Hôpital du Lac", "submit": "1"})
    assert answer.status_code == 422
    assert {"customer_country", "products", "amount", "expected_close_date"} <= set(answer.context["form"].errors)
    assert DealRegistration.objects.get().customer_name == "Hôpital du Lac"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_name", "x" * 10_000),
        ("customer_name", "Hos\x00pital"),
        ("customer_name", "Hospital\u202egnp"),
        ("customer_country", "ZZ"),
        ("customer_domain", "not a site"),
        ("amount", "-5"),
        ("amount", "1" * 30),
        ("amount", "12.345"),
        ("amount", "NaN"),
        ("currency", "ZZZ"),
        ("expected_close_date", "20260-01-01"),
        ("expected_close_date", "2001-01-01"),
        ("products", ["nonsense"]),
        ("distributor", "00000000-0000-0000-0000-000000000000"),
        ("type", "gift"),
    ],
)
def test_bad_input_is_said_at_its_field(portal, product, field, value):
    answer = portal.post(NEW, {**filled(product), field: value, "key": key_of(portal.get(NEW)), "submit": "1"})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not DealRegistration.objects.filter(submission_status="submitted").exists()


def test_amounts_as_french_people_write_them(signed_in, owner, product):
    owner.language = "fr"
    owner.save()
    client = signed_in(owner)
    client.post(NEW, {**filled(product, amount="12 500,50"), "key": key_of(client.get(NEW)), "submit": "1"})
    assert str(DealRegistration.objects.get().amount) == "12500.5000"


def test_distributors_are_those_that_supply_the_partner(portal, alpine, boreal, cima, product):
    SupplyRelation.objects.create(
        distributor=cima, reseller=alpine, period=(business_today() - timedelta(days=5), None)
    )
    page = portal.get(NEW)
    assert [str(partner) for partner in page.context["form"].fields["distributor"].queryset] == ["Cima"]
    form = {**filled(product, distributor=str(boreal.pk)), "key": key_of(page), "submit": "1"}
    assert "distributor" in portal.post(NEW, form).context["form"].errors


def test_hint_looks_at_own_registrations_only(portal, owner, rival, product):
    factories.submitted(rival, products=[product], customer_name="Hôpital du Lac")
    draft = factories.draft(owner, products=[product], customer_name="Hôpital du Lac")
    url = reverse("deals:edit_registration", args=[draft.pk])
    assert portal.get(url).context["same"] is None
    mine = factories.draft(owner, products=[product], customer_name="hôpital du lac")
    assert portal.get(url).context["same"] == mine


def test_same_answer_with_and_without_a_rival(portal, rival, product, django_assert_num_queries):
    def submit(name):
        form = {
            **filled(product, customer_name=name, customer_domain=""),
            "key": key_of(portal.get(NEW)),
            "submit": "1",
        }
        answer = portal.post(NEW, form)
        page = portal.get(answer.url).content.decode()
        return page.count("<"), page.replace(name, "")[page.index("<main") :].count("Boreal")

    factories.submitted(rival, products=[product], customer_name="Contested Ltd")
    assert submit("Contested Ltd") == submit("Untouched Ltd")


def test_returned_registration_opens_only_the_named_fields(portal, owner, channel_manager, product):
    registration = factories.submitted(owner, products=[product])
    registration.send_back(by=channel_manager, fields=["description", "amount"], message="Tell us more.")
    url = reverse("deals:edit_registration", args=[registration.pk])
    page = portal.get(url)
    assert set(page.context["form"].fields) == {"description", "amount"}
    assert "Tell us more." in page.content.decode()
    answer = portal.post(url, {"description": "Backup", "amount": "900", "customer_name": "Changed", "submit": "1"})
    registration.refresh_from_db()
    assert answer.status_code == 302
    assert (registration.review_status, registration.description) == ("pending", "Backup")
    assert registration.customer_name != "Changed"


def test_recall_and_withdraw(portal, owner, product):
    registration = factories.submitted(owner, products=[product])
    answer = portal.post(reverse("deals:recall", args=[registration.pk]), {"version": registration.version})
    assert answer.url == reverse("deals:edit_registration", args=[registration.pk])
    registration.refresh_from_db()
    registration.submit(by=owner)
    portal.post(reverse("deals:withdraw", args=[registration.pk]), {"reason": "Lost interest"})
    registration.refresh_from_db()
    assert registration.review_status == "cancelled"
    again = portal.post(reverse("deals:withdraw", args=[registration.pk]))
    assert again.status_code == 422
    assert "no longer possible" in again.content.decode()


def test_stale_page_is_told_so(portal, owner, product):
    registration = factories.submitted(owner, products=[product])
    answer = portal.post(reverse("deals:withdraw", args=[registration.pk]), {"version": "1"})
    assert answer.status_code == 422
    registration.refresh_from_db()
    assert registration.review_status == "pending"


def test_comments(portal, owner, product):
    registration = factories.submitted(owner, products=[product])
    url = reverse("deals:portal_comment", args=[registration.pk])
    assert portal.post(url, {"text": "  "}).status_code == 422
    assert portal.post(url, {"text": "Visit on 3 December"}).status_code == 302
    assert (
        "Visit on 3 December"
        in portal.get(reverse("deals:portal_registration", args=[registration.pk])).content.decode()
    )


def test_discard_deletes_a_draft_only(portal, owner, product):
    draft, sent = factories.draft(owner, products=[product]), factories.submitted(owner, products=[product])
    assert portal.post(reverse("deals:discard", args=[draft.pk])).status_code == 302
    assert portal.post(reverse("deals:discard", args=[sent.pk])).status_code == 422
    assert list(DealRegistration.objects.all()) == [sent]


def test_another_partners_registration_is_missing(signed_in, rival, submitted_deal):
    client = signed_in(rival)
    for name in ("portal_registration", "edit_registration", "registration"):
        assert client.get(reverse(f"deals:{name}", args=[submitted_deal.pk])).status_code == 404
    for name in ("recall", "withdraw", "discard", "portal_comment"):
        assert client.post(reverse(f"deals:{name}", args=[submitted_deal.pk]), {"text": "?"}).status_code == 404


def test_distributor_reads_its_part_only(signed_in, wholesaler, cima, owner, product):
    named = factories.submitted(owner, products=[product], distributor=cima, description="Secret margin talk")
    factories.submitted(owner, products=[product])
    client = signed_in(wholesaler)
    listed = client.get("/portal/deals/")
    assert [line["row"].pk for line in listed.context["lines"]] == [named.pk]
    page = client.get(reverse("deals:portal_registration", args=[named.pk])).content.decode()
    assert named.customer_name in page
    assert product.name in page
    for word in ("12,000", "Secret margin talk", "Alix Admin", "Decision by"):
        assert word not in page
        assert word not in listed.content.decode()
    assert client.get(reverse("deals:edit_registration", args=[named.pk])).status_code == 404


def test_suspended_partner_reads_and_does_nothing(signed_in, owner, alpine, product):
    registration = factories.submitted(owner, products=[product])
    alpine.status = "suspended"
    alpine.save()
    client = signed_in(factories.act(owner.membership))
    assert client.get(reverse("deals:portal_registration", args=[registration.pk])).status_code == 200
    assert client.get(NEW).status_code == 403
    assert client.post(reverse("deals:recall", args=[registration.pk])).status_code == 404


def test_approved_page_shows_the_last_day(portal, owner, channel_manager, product):
    registration = factories.approved(owner, decided_by=channel_manager, products=[product])
    page = portal.get(reverse("deals:portal_registration", args=[registration.pk])).content.decode()
    assert "Protected until" in page
    assert str((business_today() + timedelta(days=89)).day) in page
    assert registration.protected_until == business_today() + timedelta(days=90)


def test_pages_cost_the_same_whatever_the_rows(signed_in, owner, product):
    made = factories.submitted(owner, products=[product])
    client = signed_in(owner)
    urls = ("/portal/", "/portal/deals/", reverse("deals:portal_registration", args=[made.pk]), NEW)
    one = [statements(client, url) for url in urls]
    for _ in range(3):
        factories.submitted(owner, products=[product])
    assert [statements(client, url) for url in urls] == one
    assert all(count <= most for count, most in zip(one, (12, 12, 12, 12), strict=True)), one


def test_session_that_ended_keeps_what_was_typed(client, owner, product):
    draft = factories.draft(owner, products=[product])
    url = reverse("deals:edit_registration", args=[draft.pk])
    answer = client.post(url, {"customer_name": "Typed"})
    assert answer.status_code == 401
    assert f'action="{url}"' in answer.content.decode()
    assert 'name="customer_name" value="Typed"' in answer.content.decode()
