"""What the portal's form promises before anything is sent: little to fill in, the partner's discount, the day of the answer."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from psycopg2.extras import DateRange

from deals.models.registration import needed
from partners.catalogue.models import DiscountRule
from prm.calendar import business_today, due_by
from prm.ui.templatetags import ui
from tests import factories


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
