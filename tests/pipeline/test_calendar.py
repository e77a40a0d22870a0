"""Open deals by the day they are expected to close, with the filters of the board."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from deals.closings import NAMED, month
from deals.models import Opportunity, OpportunityParticipant
from deals.views.calendar import month_of
from prm.calendar import business_today
from prm.money.models import ExchangeRate
from tests import factories
from tests.statements import statements

FIRST, URL = date(2027, 2, 1), "/pipeline/calendar/?month=2027-02"


def closing(name, day, of=None, **values):
    return factories.opportunity(name, of=of, customer=None, expected_close_date=day, **values)


@pytest.mark.parametrize(("starts", "weeks", "first"), [(0, 4, 1), (6, 5, None)])
def test_weeks(starts, weeks, first, system):
    shown = month(Opportunity.objects.all(), FIRST, week_starts=starts)
    assert (len(shown.weeks), {len(week) for week in shown.weeks}) == (weeks, {7})
    start = shown.weeks[0][0]
    assert (start and start.day.day) == first
    assert (shown.previous, shown.next, shown.last) == (date(2027, 1, 1), date(2027, 3, 1), date(2027, 2, 28))
    assert [day.day.day for day in shown.days] == list(range(1, 29))


def test_days_add_up_and_name_the_largest(alpine):
    ExchangeRate.objects.create(day=business_today(), currency="USD", base="EUR", rate=Decimal("0.5"))
    for amount in (10, 20, 30, 40, 50):
        closing(f"Deal {amount}", date(2027, 2, 9), alpine, amount=amount)
    closing("In dollars", date(2027, 2, 9), alpine, amount=70, currency="USD")
    closing("In yen", date(2027, 2, 28), alpine, amount=70, currency="JPY")
    closing("Unknown", date(2027, 2, 28), alpine, amount=None, currency="")
    closing("Won", date(2027, 2, 9), alpine, stage="won", closed_on=business_today())
    closing("Next month", date(2027, 3, 1), alpine)
    shown = month(Opportunity.objects.all(), FIRST)
    ninth, last = shown.days[8], shown.days[27]
    assert (ninth.count, ninth.total, ninth.more) == (6, Decimal(185), 6 - NAMED)
    assert [deal.name for deal in ninth.deals] == ["Deal 50", "Deal 40", "In dollars", "Deal 30"]
    assert ({deal.name for deal in last.deals}, last.total) == ({"In yen", "Unknown"}, Decimal(0))
    assert (shown.count, shown.total, shown.weighted) == (8, Decimal(185), Decimal("46.25"))
    assert shown.without_rate == ["JPY"]


def test_page_and_agenda(channel_manager, alpine, boreal, signed_in):
    for n in range(6):
        closing(f"Alpine deal {n}", date(2027, 2, 9), alpine)
    closing("Boreal deal", date(2027, 2, 10), boreal)
    closing("Some day", None, alpine)
    client = signed_in(channel_manager)
    answer = client.get(f"{URL}&partner={alpine.pk}")
    page = answer.content.decode()
    assert "February 2027" in page
    assert "Tuesday 9 February 2027" in page
    assert "Boreal deal" not in page
    assert "6 open deals" in answer.context["list"].lead
    assert "1 open deal has no expected close date" in page
    cell = next(day for week in answer.context["weeks"] for day in week if day and day["iso"] == "2027-02-09")
    lines = client.get(cell["more_url"]).context["lines"]
    assert {line["title"] for line in lines} == {f"Alpine deal {n}" for n in range(6)}
    assert "month=2027-01" in answer.context["previous_month"]
    assert f"partner={alpine.pk}" in answer.context["next_month"]
    layouts = {layout["label"]: layout for layout in answer.context["layouts"]}
    assert layouts["Calendar"]["active"]
    assert layouts["Board"]["url"] == f"/pipeline/?partner={alpine.pk}"
    assert "No open deal is expected to close" in client.get("/pipeline/calendar/?month=2031-05").content.decode()


def test_today_is_marked_and_the_month_defaults_to_it(channel_manager, signed_in):
    page = signed_in(channel_manager).get("/pipeline/calendar/").content.decode()
    assert page.count('aria-current="date"') == 1
    for nonsense in ("", "2027", "2027-13", "9999-01", "0001-01", "x" * 500, "2027-02-01"):
        assert month_of(nonsense) == business_today().replace(day=1)
    assert month_of("2027-02") == FIRST


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 403), ("deal_desk", 403), ("viewer", 200), ("direct_seller", 200)]
)
def test_who_sees_it(who, status, request, signed_in):
    assert signed_in(request.getfixturevalue(who)).get("/pipeline/calendar/").status_code == status


def test_a_sellers_own_count_once(direct_seller, signed_in):
    deal = closing("Mine", date(2027, 2, 9), route="direct", owner=direct_seller)
    OpportunityParticipant.objects.create(opportunity=deal, partner=factories.partner())
    closing("Another's", date(2027, 2, 9), route="direct")
    assert signed_in(direct_seller).get(URL).context["month"].count == 1


def test_statements_do_not_grow(channel_manager, alpine, signed_in):
    client = signed_in(channel_manager)
    closing("One", FIRST, alpine)
    client.get(URL)
    few = len(statements(client, URL))
    for n in range(20):
        factories.opportunity(of=alpine, expected_close_date=FIRST + timedelta(days=n))
    assert len(statements(client, URL)) == few <= 12
