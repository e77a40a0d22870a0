"""What the portal's form promises before anything is sent: little to fill in, the partner's discount, the day of the answer."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg2.extras import DateRange

from deals.models.registration import needed
from partners.catalogue.models import DiscountRule
from prm.calendar import business_today, due_by
from prm.ui.templatetags import ui
from tests import factories
from tests.api.conftest import Api


@pytest.fixture
def draft(owner, product):
    since = DateRange(business_today() - timedelta(days=10), None)
    DiscountRule.objects.create(
        tier=factories.tier(), percent=Decimal(20), registration_percent=Decimal(10), period=since
    )
    return factories.draft(owner, products=[product], amount=Decimal(1000))


def test_at_most_seven_fields_are_required(signed_in, owner):
    page = signed_in(owner).get("/portal/deals/new/")
    required = {name for name, field in page.context["form"].fields.items() if field.required}
    assert set(needed()) <= required
    assert len(required) <= 7
    html = page.content.decode()
    assert len(set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"[^>]* required', html))) <= 7


def test_the_partner_sees_its_discount_and_the_day_of_the_answer(signed_in, owner, draft):
    page = signed_in(owner).get(reverse("deals:edit_registration", args=[draft.pk]))
    html = page.content.decode()
    assert page.context["price"]["pays"] == Decimal("720")  # 20 % off list, then 10 % of the rest
    assert ui.money(Decimal(720), "EUR") in html
    days = factories.program().decision_days
    assert ui.weekday(due_by(draft.created_at, days)) in html


def test_a_partner_without_a_tier_reads_no_price_and_no_promise(signed_in, product, channel_manager):
    outsider = factories.member(factories.partner(enrolled=False), "partner_sales")
    page = signed_in(outsider).get("/portal/deals/new/").content.decode()
    assert "not enrolled in a partner program" in page
    assert "Your price if approved" not in page


@pytest.mark.parametrize("door", ["portal", "api"])
def test_the_whole_call_asks_the_database_the_same_with_and_without_a_rival(door, signed_in, owner, rival, product):
    """Not the verb alone: session or token, submission and the answer, statement by statement."""
    client, api = signed_in(owner), Api(owner)

    def asked(name: str) -> list[str]:
        draft = factories.draft(owner, products=[product], customer_name=name, customer_domain="lac.example")
        with CaptureQueriesContext(connection) as caught:
            if door == "api":
                answer = api.post(f"/deal-registrations/{draft.pk}/submission/", If_Match=f'"{draft.version}"')
                assert answer.status_code == 200, answer.content
            else:
                url = reverse("deals:edit_registration", args=[draft.pk])
                form = {
                    "customer_name": name,
                    "customer_country": "FR",
                    "products": [str(product.pk)],
                    "amount": "9",
                    "currency": "EUR",
                }
                form["expected_close_date"] = (business_today() + timedelta(days=9)).isoformat()
                assert client.post(url, {**form, "submit": "1"}).status_code == 302
        return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in caught.captured_queries]

    asked("Warm")  # what is remembered from the first call on
    alone = asked("Clinique A")
    factories.submitted(rival, products=[product], customer_name="Clinique B", customer_domain="lac.example")
    contested = asked("Clinique B")
    assert len(contested) == len(alone) > 3
    assert contested == alone
