"""The vendor's people register for a partner: the partner's own form and rules, the partner's own row."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from deals.models import DealRegistration
from prm.calendar import business_today
from tests import factories


@pytest.fixture
def desk(signed_in, channel_manager):
    return signed_in(channel_manager)


def url(partner) -> str:
    return f"{reverse('deals:register_for')}?partner={partner.pk}"


def key(client, partner) -> str:
    return re.search(r'name="key" value="([^"]+)"', client.get(url(partner)).content.decode())[1]


@pytest.fixture
def filled(product):
    return {
        "customer_name": "Hôpital du Lac",
        "customer_country": "FR",
        "products": [product.pk],
        "amount": "12000",
        "currency": "EUR",
        "expected_close_date": (business_today() + timedelta(days=40)).isoformat(),
    }


def test_submitted_for_a_partner(desk, alpine, owner, filled, signed_in, channel_manager):
    form = {**filled, "key": key(desk, alpine), "submit": "1"}
    answer = desk.post(url(alpine), form, follow=True)
    row = DealRegistration.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("deals:registration", args=[row.pk])
    assert (row.partner, row.created_by, row.review_status) == (alpine, channel_manager, "pending")
    assert row.approval.sequence
    assert "Hôpital du Lac" in signed_in(owner).get(reverse("deals:portal_registrations")).content.decode()


def test_sent_twice_is_one(desk, alpine, filled):
    form = {**filled, "key": key(desk, alpine), "submit": "1"}
    desk.post(url(alpine), form)
    again = desk.post(url(alpine), form, follow=True)
    assert DealRegistration.objects.count() == 1
    assert "already been submitted" in again.content.decode()


def test_a_draft_is_kept_gone_on_with_and_deleted(desk, alpine, filled):
    desk.post(url(alpine), {"customer_name": "Half known", "key": key(desk, alpine), "keep": "1"})
    row = DealRegistration.objects.get()
    edit = reverse("deals:go_on_for", args=[row.pk])
    assert edit in desk.get(reverse("deals:registration", args=[row.pk])).content.decode()
    assert "Half known" in desk.get(edit).content.decode()
    missing = desk.post(edit, {"customer_name": "Half known", "submit": "1"})
    assert missing.status_code == 422
    assert "Choose at least one product" in missing.content.decode()
    assert desk.post(edit, {**filled, "submit": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.submission_status == "submitted"
    desk.post(url(alpine), {"customer_name": "Another", "key": key(desk, alpine), "keep": "1"})
    other = DealRegistration.objects.get(submission_status="draft")
    desk.post(reverse("deals:discard_for", args=[other.pk]))
    assert not DealRegistration.objects.filter(pk=other.pk).exists()


def test_answering_a_return_for_it(desk, alpine, filled, admin):
    desk.post(url(alpine), {**filled, "key": key(desk, alpine), "submit": "1"})
    row = DealRegistration.objects.get()
    row.send_back(by=admin, fields=["amount", "currency"], message="Which amount?")
    edit = reverse("deals:go_on_for", args=[row.pk])
    page = desk.get(edit)
    assert set(page.context["form"].fields) == {"amount", "currency"}
    assert desk.post(edit, {"amount": "15000", "currency": "EUR", "submit": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.review_status, row.amount) == ("pending", 15000)


def test_for_whom_is_asked_first(desk, alpine):
    page = desk.get(reverse("deals:register_for"))
    assert "For whom?" in page.content.decode()
    assert desk.get(reverse("deals:register_for") + "?partner=nonsense").status_code == 422


def test_not_beyond_ones_scope(signed_in, alpine):
    elsewhere = factories.vendor_user("channel_manager", scope_countries=["DE"])
    assert signed_in(elsewhere).get(url(alpine)).status_code == 422


def test_another_colleagues_draft_is_missing(desk, signed_in, admin, alpine):
    desk.post(url(alpine), {"customer_name": "Half known", "key": key(desk, alpine), "keep": "1"})
    edit = reverse("deals:go_on_for", args=[DealRegistration.objects.get().pk])
    assert signed_in(admin).get(edit).status_code == 404


def test_not_enrolled(desk, filled):
    stranger = factories.partner("Stranger", enrolled=False)
    assert "not enrolled" in desk.get(url(stranger)).content.decode()
    answer = desk.post(url(stranger), {**filled, "key": key(desk, stranger), "submit": "1"})
    assert answer.status_code == 422
    assert DealRegistration.objects.get().submission_status == "draft"


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("finance", 403), ("owner", 404)])
def test_who_may_not(signed_in, who, status, request, alpine):
    assert signed_in(request.getfixturevalue(who)).get(url(alpine)).status_code == status
