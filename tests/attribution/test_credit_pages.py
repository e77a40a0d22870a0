"""The report, the rows behind it, a deal's journey and a partner's share: figures, links and who sees them."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pandas
import pytest
from psycopg2.extras import DateRange

from attribution.models import Campaign, Credit, Touchpoint
from deals.models import Opportunity, OpportunityParticipant
from partners.models import Team
from prm.api.models import ApiToken
from prm.db import acting
from prm.money.models import ExchangeRate
from territories.models import Customer
from tests import factories
from tests.errands import run_errands
from tests.statements import statements
from tests.territories.conftest import rule, territory

CLOSED = date(2026, 3, 31)
CLOSE = datetime(2026, 3, 31, 22, tzinfo=UTC)
MODELS = ["Sourced", "Influenced", "First touch", "Last touch", "Linear"]


def deal(name, amount, partners, *, currency="EUR", closed=CLOSED, **values):
    made = factories.opportunity(
        name, stage="won", closed_on=closed, amount=Decimal(amount), currency=currency, **values
    )
    for n, who in enumerate(partners):
        Touchpoint.objects.create(kind="demo", at=CLOSE - timedelta(days=100 - n), opportunity=made, **who)
    return made


@pytest.fixture
def deals(alpine, boreal):
    ExchangeRate.objects.create(day=date(2026, 1, 1), currency="USD", base="EUR", rate=Decimal("0.9"))
    team, campaign = Team.objects.create(name="Key accounts"), Campaign.objects.create(name="Spring", code="spring")
    found = [
        deal("One", "100.00", [{"partner": alpine}, {"partner": boreal}, {"partner": alpine}], of=alpine),
        deal("Two", "50.01", [{"partner": boreal}, {"campaign": campaign}], currency="USD", of=boreal),
        deal("Three", "70.00", [{"team": team}, {"partner": alpine}], route="direct"),
        deal("Four", "30.00", []),
        deal("Five", "999.00", [{"partner": alpine}], closed=date(2025, 1, 31)),
    ]
    run_errands()
    return found


def file(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    return pandas.read_csv(io.BytesIO(b"".join(response.streaming_content)))


def numbers(html):
    """Each linked number of the report, with its address."""
    for href, text in re.findall(r'<a class="text-reset" href="(/reports/credit/rows/[^"]+)">([^<]+)</a>', html):
        yield unescape(href), Decimal(text.replace(",", "").removeprefix("€"))


@pytest.mark.parametrize("query", ["period=all", "from=2026-03-01&to=2026-03-31", "period=all&route=direct"])
@pytest.mark.parametrize("by", ["partner", "campaign", "kind"])
def test_each_number_equals_the_rows_it_leads_to(deals, channel_manager, signed_in, query, by):
    client = signed_in(channel_manager)
    html = client.get(f"/reports/credit/?{query}&by={by}").content.decode()
    found = list(numbers(html))
    assert found
    for href, shown in found:
        rows = file(client, href + "&export=csv")
        assert Decimal(str(rows["In reporting currency"].sum())).quantize(Decimal("0.01")) == shown, href


def test_the_report_equals_pandas_over_the_exported_rows(deals, channel_manager, signed_in):
    client = signed_in(channel_manager)
    rows = file(client, "/reports/credit/rows/?export=csv")
    sums = rows.pivot_table("In reporting currency", "Who", "Model", "sum", fill_value=0).round(2)
    report = file(client, "/reports/credit/?period=all&export=csv").set_index("Partner")
    assert set(report.index) >= {"Alpine", "Boreal", "No touch on record"}
    for name, who in {"Alpine": "Alpine", "Boreal": "Boreal", "Direct: Key accounts": "Key accounts"}.items():
        for model in MODELS:
            expected = sums.loc[who].get(model, 0)
            assert round(report.loc[name, model], 2) == expected, (name, model)
    won = rows[rows["Model"] == "Sourced"]["In reporting currency"].sum()
    for model in ("Sourced", "First touch", "Last touch", "Linear"):
        assert round(report[model].sum(), 2) == round(won, 2) == round(100 + 45.01 + 70 + 30 + 999, 2)


def test_the_deals_of_a_territory(deals, channel_manager, signed_in):
    france = territory("FR", name="France")
    rule(france, country="FR", priority=1, period=DateRange(date(2020, 1, 1), None))
    for n, country in ((0, "FR"), (1, "FR"), (2, "DE"), (3, "FR")):
        Customer.objects.filter(pk=deals[n].customer_id).update(country=country)
    Customer.objects.filter(pk=deals[4].customer_id).update(country="DE")
    run_errands()
    client = signed_in(channel_manager)
    page = client.get(f"/reports/credit/?period=all&territory={france.pk}")
    html = page.content.decode()
    assert page.context["check"].deals == 3
    assert "Each model adds up to what was won." in html
    found = list(numbers(html))
    assert found
    for href, shown in found:
        assert f"territory={france.pk}" in href
        rows = file(client, href + "&export=csv")
        assert Decimal(str(rows["In reporting currency"].sum())).quantize(Decimal("0.01")) == shown, href
    assert sum(shown for href, shown in found if "model=sourced" in href) == Decimal("175.01")


def test_the_api_narrows_credits_as_the_report_does(deals, channel_manager, owner, client):
    line, france = factories.product("Vault").line, territory("FR", name="France")
    rule(france, product_line=line, period=DateRange(date(2020, 1, 1), None))
    for n in (0, 1):
        deals[0].lines.create(line=line, amount=Decimal(n))
    run_errands()

    def ask(user, query):
        _token, secret = ApiToken.objects.issue(user, scopes=["*"], membership=user.membership)
        return client.get(f"/api/v1/attribution-credits/?{query}", headers={"Authorization": f"Bearer {secret}"})

    for query, count in ((f"line={line.pk}", 1), (f"territory={france.pk}", 1), ("route=direct", 1), ("line=x", None)):
        answer = ask(channel_manager, f"model=sourced&{query}")
        assert ((answer.status_code == 200 and len(answer.json()["results"])) or None) == count, query
        assert ask(owner, query).status_code == 400


def test_the_report_says_that_it_adds_up_or_waits(deals, channel_manager, signed_in):
    client = signed_in(channel_manager)
    assert "Each model adds up to what was won." in client.get("/reports/credit/?period=all").content.decode()
    Opportunity.objects.filter(pk=deals[0].pk).update(amount=Decimal(101))
    assert "Some deals are being computed." in client.get("/reports/credit/?period=all").content.decode()
    run_errands()
    assert "Each model adds up to what was won." in client.get("/reports/credit/?period=all").content.decode()


def test_a_missing_rate_is_said_with_its_deals(deals, channel_manager, signed_in):
    ExchangeRate.objects.all().delete()
    run_errands()
    client = signed_in(channel_manager)
    html = client.get("/reports/credit/?period=all").content.decode()
    assert "1 deal is left out of the sums." in html
    (href,) = re.findall(r'href="([^"]+problem=true[^"]*)"', html)
    assert "Two" in client.get(unescape(href)).content.decode()


def test_only_the_partners_in_ones_scope(deals, alpine, signed_in):
    manager = factories.vendor_user("channel_manager", scope_partners=[alpine.pk])
    html = signed_in(manager).get("/reports/credit/?period=all").content.decode()
    assert "Alpine" in html
    assert "Boreal" not in html
    assert "Key accounts" not in html


def test_journey_by_date_with_its_sums(deals, channel_manager, signed_in):
    client = signed_in(channel_manager)
    html = client.get(f"/reports/credit/deals/{deals[0].pk}/").content.decode()
    for text in ("Demonstration", "21 Dec 2025", "€33.34", "€33.33", "Touch 2 of 3", "Boreal", "after 100 days"):
        assert text in html, text
    assert "Journey and credit" in client.get(f"/opportunities/{deals[0].pk}/").content.decode()


def test_pages_ask_little_whatever_the_rows(deals, channel_manager, signed_in, alpine, boreal, rival):
    client = signed_in(channel_manager)
    urls = {"/reports/credit/?period=all": 20, "/reports/credit/rows/": 12, f"/reports/credit/deals/{deals[0].pk}/": 12}
    client.get("/reports/credit/")  # what is remembered from then on
    before = {url: len(statements(client, url)) for url in urls}
    for n in range(6):
        deal(f"More {n}", "10.00", [{"partner": factories.partner()} for _ in range(4)])
    run_errands()
    for url, most in urls.items():
        assert len(statements(client, url)) == before[url] <= most, url


def test_a_partner_reads_its_own_share_alone(deals, owner, rival, signed_in):
    html = signed_in(owner).get("/portal/credit/").content.decode()
    assert "€33.34" in html
    assert "€33.33" in html
    assert "Boreal" not in html
    assert "€35" not in html  # a deal in which Alpine acted and takes no part
    assert "of 3" not in html
    rivals = signed_in(rival).get("/portal/credit/").content.decode()
    assert "33.3" not in rivals
    assert "$25" in rivals


def test_the_database_shows_a_partner_its_own_share_alone(deals, alpine, boreal, owner):
    with acting("partner", alpine.pk, owner.pk):
        rows = list(Credit.objects.all())
    assert {(row.partner_id, row.opportunity_id) for row in rows} == {(alpine.pk, deals[0].pk)}
    assert {row.model for row in rows} == {"linear", "sourced"}
    OpportunityParticipant.objects.all().delete()
    with acting("partner", alpine.pk, owner.pk):
        assert not Credit.objects.exists()


def test_the_api_reads_credits_and_runs(deals, channel_manager, owner, client):
    def ask(user, url):
        _token, secret = ApiToken.objects.issue(user, scopes=["*"], membership=user.membership)
        return client.get(url, headers={"Authorization": f"Bearer {secret}"})

    found = ask(channel_manager, f"/api/v1/attribution-credits/?opportunity={deals[0].pk}&model=linear").json()[
        "results"
    ]
    assert sorted(row["amount"]["amount"] for row in found) == ["33.33", "33.33", "33.34"]
    assert {row["of"] for row in found} == {3}
    assert all(row["explanation"].startswith("Touch ") for row in found)
    own = ask(owner, "/api/v1/attribution-credits/").json()["results"]
    assert {row["partner"] for row in own} == {str(owner.acting_for_id)}
    assert {(row["opportunity"], row["position"], row["of"], row["explanation"]) for row in own} == {(None,) * 4}
    from attribution.credit import rebuild

    run = rebuild()
    (shown,) = ask(channel_manager, "/api/v1/attribution-runs/").json()["results"]
    assert (shown["id"], shown["changed"], shown["lookback_days"]) == (str(run.pk), 0, 365)
    assert ask(owner, "/api/v1/attribution-runs/").status_code == 404
