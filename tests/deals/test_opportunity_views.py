from decimal import Decimal

import pytest

from deals.models import Opportunity
from tests import factories
from tests.statements import statements


def rows(prefix, *values):
    data = {
        f"{prefix}-TOTAL_FORMS": len(values),
        f"{prefix}-INITIAL_FORMS": 0,
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 50,
    }
    for number, value in enumerate(values):
        data.update({f"{prefix}-{number}-{field}": text for field, text in value.items()})
    return data


def facts(lines=(), participants=(), **changes):
    return {
        "name": "Backup",
        "route": "partner",
        "stage": "qualified",
        "amount": "1200.50",
        "currency": "EUR",
        **rows("lines", *lines),
        **rows("participants", *participants),
        **changes,
    }


def test_create_with_lines_and_participants(channel_manager, alpine, hospital, product, signed_in):
    data = facts(
        customer=str(hospital.pk),
        lines=[{"line": str(product.line_id), "amount": "1200.50"}],
        participants=[{"partner": str(alpine.pk), "role": "selling", "share": "100"}],
    )
    response = signed_in(channel_manager).post("/opportunities/new/", data)
    made = Opportunity.objects.get()
    assert response.url == made.get_absolute_url()
    assert (made.stage, made.amount, made.lines.count(), made.participants.get().partner) == (
        "qualified",
        Decimal("1200.5"),
        1,
        alpine,
    )
    assert [change.new for change in made.stage_changes.all()] == ["qualified"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"currency": ""}, "currency"),
        ({"currency": "ZZZ"}, "currency"),
        ({"expected_close_date": "20260-01-01"}, "expected_close_date"),
        ({"name": "x" * 10000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"customer": "not-an-id"}, "customer"),
    ],
)
def test_bad_input_is_said_at_its_field(changes, field, channel_manager, signed_in):
    response = signed_in(channel_manager).post("/opportunities/new/", facts(**changes))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Opportunity.objects.exists()


def test_lines_add_up_to_the_amount(channel_manager, product, signed_in):
    response = signed_in(channel_manager).post(
        "/opportunities/new/", facts(lines=[{"line": str(product.line_id), "amount": "1000"}])
    )
    assert response.status_code == 422
    assert "add up to" in response.content.decode()


def test_a_participant_is_a_partner_or_a_team(channel_manager, signed_in):
    response = signed_in(channel_manager).post(
        "/opportunities/new/", facts(participants=[{"role": "selling", "share": "50"}])
    )
    assert response.status_code == 422


def test_stage_with_reason(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    client = signed_in(channel_manager)
    url = f"/opportunities/{deal.pk}/stage/"
    response = client.post(url, {"stage": "lost", "version": deal.version})
    assert response.status_code == 422
    assert "reason" in response.context["form"].errors
    assert (
        client.post(url, {"stage": "lost", "reason": "Price", "on": "2026-11-02", "version": deal.version}).status_code
        == 302
    )
    deal.refresh_from_db()
    assert (deal.stage, deal.lost_reason, deal.closed_on.isoformat()) == ("lost", "Price", "2026-11-02")
    assert client.post(url, {"stage": "won", "version": 1}).status_code == 422


def test_sums_are_per_currency(channel_manager, alpine, signed_in):
    for amount, currency in ((100, "EUR"), (50, "EUR"), (70, "USD"), (None, "")):
        factories.opportunity(of=alpine, amount=amount, currency=currency)
    response = signed_in(channel_manager).get("/opportunities/")
    assert [[text for _column, text in line["cells"] if text] for line in response.context["foot"]] == [
        ["no amount"],
        ["€150"],
        ["US$70"],
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stage=won", ["Won"]),
        ("state=open", ["Open"]),
        ("amount_from=600", ["Won"]),
        ("close_from=2027-01-01", ["Open"]),
        ("currency=USD", ["Won"]),
        ("q=open", ["Open"]),
        ("sort=name", ["Open", "Won"]),
    ],
)
def test_filters(query, found, channel_manager, alpine, signed_in):
    factories.opportunity("Won", of=alpine, amount=900, currency="USD").move_to("won", by=channel_manager)
    factories.opportunity("Open", of=alpine, amount=500, expected_close_date="2027-02-01")
    response = signed_in(channel_manager).get(f"/opportunities/?{query}")
    assert sorted(line["row"].name for line in response.context["lines"]) == found


def test_filter_by_partner_and_customer(channel_manager, alpine, boreal, hospital, signed_in):
    deal = factories.opportunity(of=alpine, customer=hospital)
    factories.opportunity(of=boreal)
    client = signed_in(channel_manager)
    for query in (f"partner={alpine.pk}", f"customer={hospital.pk}"):
        assert [line["row"] for line in client.get(f"/opportunities/?{query}").context["lines"]] == [deal]


def test_a_direct_seller_sees_and_makes_its_own_direct_deals(direct_seller, alpine, signed_in):
    factories.opportunity(of=alpine)
    client = signed_in(direct_seller)
    assert not client.get("/opportunities/").context["lines"]
    assert client.post("/opportunities/new/", facts(route="partner", owner=str(direct_seller.pk))).status_code == 422
    assert client.post("/opportunities/new/", facts(route="direct", owner=str(direct_seller.pk))).status_code == 302
    assert [line["row"].name for line in client.get("/opportunities/").context["lines"]] == ["Backup"]


@pytest.mark.parametrize("who", ["owner", "rival"])
def test_the_vendors_pages_are_missing_to_partners(who, alpine, signed_in, request):
    deal = factories.opportunity(of=alpine)
    client = signed_in(request.getfixturevalue(who))
    for url in (f"/opportunities/{deal.pk}/", f"/opportunities/{deal.pk}/edit/", f"/opportunities/{deal.pk}/stage/"):
        assert client.get(url).status_code == 404


def test_list_and_page_cost_the_same_whatever_the_rows(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    client = signed_in(channel_manager)
    client.get("/opportunities/")
    one = len(statements(client, "/opportunities/"))
    factories.opportunity(of=alpine)
    factories.opportunity(of=alpine)
    assert len(statements(client, "/opportunities/")) == one <= 12
    assert len(statements(client, f"/opportunities/{deal.pk}/")) <= 12
