"""Reports, the page of a metric, the rows behind a figure, and the API: what they show and to whom."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from attribution import kpis
from deals.models import Opportunity, OpportunityParticipant, Stage, StageChange
from prm.api.models import ApiToken
from prm.calendar import business_today
from prm.db import acting
from tests import factories
from tests.statements import statements

TODAY = business_today()
YEAR = kpis.Period.named("12m")


def won(of, amount, on=TODAY):
    return factories.opportunity(
        of=of, stage=Stage.WON, amount=Decimal(amount), closed_on=on, opened_on=on - timedelta(days=9)
    )


@pytest.fixture
def deals(alpine, boreal, submitted_deal, up_to_date):
    shared = won(alpine, 100)
    OpportunityParticipant.objects.filter(opportunity=shared).update(share=60)
    OpportunityParticipant.objects.create(opportunity=shared, partner=boreal, share=40, customer_name="Boreal's words")
    rows = {
        "shared": shared,
        "alpine": won(alpine, 10),
        "boreal": won(boreal, 7),
        "open": factories.opportunity(of=alpine),
    }
    up_to_date()
    return rows


@pytest.mark.parametrize("metric", list(kpis.METRICS), ids=lambda metric: metric.key)
def test_every_metric_has_its_page_its_rows_and_its_file(metric, deals, admin, signed_in):
    client = signed_in(admin)
    assert client.get(kpis.metric_url(metric.key, YEAR)).status_code == 200
    assert client.get(kpis.rows_url(metric.key, YEAR)).status_code == 200
    assert b"".join(client.get(kpis.metric_url(metric.key, YEAR) + "&export=csv").streaming_content)


@pytest.mark.parametrize(
    ("metric", "rows"), [("bookings", 3), ("pipeline", 1), ("win_rate", 3), ("submissions", 1), ("active_partners", 1)]
)
def test_a_figure_links_to_exactly_its_rows(metric, rows, deals, admin, signed_in):
    page = signed_in(admin).get(kpis.rows_url(metric, YEAR))
    assert len(page.context["lines"]) == rows


def test_what_the_rows_add_is_the_figure(deals, alpine, admin, signed_in):
    figure = kpis.value("bookings", YEAR, {"partner": alpine.pk}, admin)
    page = signed_in(admin).get(figure.url)
    adds = [line["row"].adds for line in page.context["lines"]]
    assert (figure.value, sorted(adds)) == (70, [1000, 6000])


def test_a_partner_has_its_own_numbers_and_no_others(deals, owner, rival, signed_in):
    with acting("partner", owner.acting_for_id, owner.pk):
        assert kpis.value("bookings", YEAR, user=owner).value == 70
    with acting("partner", rival.acting_for_id, rival.pk):
        assert kpis.value("bookings", YEAR, user=rival).value == 47
        assert kpis.value("bookings", YEAR, {"partner": owner.acting_for_id}, rival).value == 0
        with pytest.raises(kpis.UnknownQuestion):
            kpis.value("bookings", YEAR, {"territory": "none"}, rival)
    client = signed_in(owner)
    page = client.get(kpis.rows_url("bookings", YEAR))
    assert len(page.context["lines"]) == 2
    assert "Boreal" not in page.content.decode()
    assert client.get(reverse("kpis:metric", args=["open_conflicts"])).status_code == 404
    assert client.get(reverse("kpis:metric", args=["active_partners"])).status_code == 404
    assert "Boreal" not in client.get(reverse("kpis:metric", args=["bookings"])).content.decode()


def test_who_joins_a_deal_later_learns_nothing_of_the_time_before(alpine, boreal, owner, admin, up_to_date, signed_in):
    """Else the figures would say that somebody worked there before."""
    began = timezone.now() - timedelta(days=200)
    deal = factories.opportunity(of=boreal, stage=Stage.WON, amount=Decimal(100), closed_on=TODAY)
    Opportunity.objects.filter(pk=deal.pk).update(created_at=began, opened_on=began.date())
    StageChange.objects.create(opportunity=deal, old="prospect", new="qualified", at=began + timedelta(days=5))
    part = OpportunityParticipant.objects.create(opportunity=deal, partner=alpine, customer_name="Alpine's words")
    up_to_date()
    with acting("partner", owner.acting_for_id, owner.pk):
        assert [month.value for month in kpis.values("pipeline", YEAR, "month", user=owner) if month.value] == []
        for metric in ("cycle_time", "conversion"):
            assert kpis.value(metric, YEAR, user=owner).value is None
        assert kpis.value("bookings", YEAR, user=owner).value == 50
    assert kpis.value("cycle_time", YEAR, user=admin).value == 195
    assert any(month.value for month in kpis.values("pipeline", YEAR, "month", user=admin))
    client, then = signed_in(owner), kpis.Period(began.date(), TODAY)
    assert client.get(kpis.rows_url("open_deals", then)).context["lines"] == []
    assert len(client.get(kpis.rows_url("won_deals", YEAR)).context["lines"]) == 1
    page = client.get(reverse("deals:portal_opportunity", args=[part.pk]))
    assert "qualified" not in {change.new for change in page.context["changes"]}


def test_a_channel_manager_counts_the_partners_in_its_scope(deals, boreal):
    limited = factories.vendor_user("channel_manager", scope_partners=[boreal.pk])
    assert kpis.value("bookings", YEAR, user=limited).value == 47
    assert kpis.value("won_deals", YEAR, user=limited).value == 2
    assert [one.label for one in kpis.values("bookings", YEAR, "partner", user=limited)] == ["Boreal"]


def test_a_deal_of_two_partners_in_scope_counts_once(deals, alpine, boreal):
    both = factories.vendor_user("channel_manager", scope_partners=[alpine.pk, boreal.pk])
    assert kpis.value("won_deals", YEAR, user=both).value == 3
    assert kpis.value("bookings", YEAR, user=both).value == 117


def test_budgets(deals, alpine, admin, signed_in):
    client = signed_in(admin)
    assert len(statements(client, reverse("kpis:reports"))) <= 12
    assert len(statements(client, kpis.metric_url("bookings", YEAR))) <= 12
    assert len(statements(client, kpis.rows_url("bookings", YEAR))) <= 12
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from attribution.kpis.registrations import key_figures

    with CaptureQueriesContext(connection) as seen:
        shown = key_figures(alpine, admin)
    assert len(seen) <= 2
    assert shown["tiles"][0]["figure"].value == 70


def test_the_page_of_a_partner_shows_its_key_figures(deals, alpine, admin, signed_in):
    page = signed_in(admin).get(alpine.get_absolute_url())
    assert "€70" in page.content.decode()


def test_the_file_holds_months_and_parts(deals, admin, signed_in):
    response = signed_in(admin).get(kpis.metric_url("bookings", YEAR) + "&export=csv")
    lines = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert {(line[1], line[2]) for line in lines if line[0] == "Partner"} == {("Alpine", "70"), ("Boreal", "47")}
    assert sum(Decimal(line[2]) for line in lines if line[0] == "Month") == 117


def test_nonsense_in_an_address_is_no_page(deals, admin, signed_in):
    client = signed_in(admin)
    assert client.get("/metrics/bookings/?partner=x").status_code == 404
    assert client.get("/metrics/nothing/").status_code == 404
    assert client.get("/metrics/bookings/?from=2026-13-45&to=x").status_code == 200


@pytest.fixture
def api(client):
    def call(user, address):
        _token, secret = ApiToken.objects.issue(user, membership=user.membership)
        return client.get(f"/api/v1/{address}", headers={"authorization": f"Bearer {secret}"})

    return call


def test_the_api_tells_metrics_and_values(deals, admin, api):
    keys = {row["key"] for row in api(admin, "metrics/").json()["results"]}
    assert {"bookings", "open_conflicts"} <= keys
    row = api(admin, "metric-values/?metric=bookings&by=partner").json()["results"][0]
    assert (row["label"], row["value"], row["currency"]) == ("Alpine", "70.00", "EUR")
    assert api(admin, "metric-values/?metric=bookings&by=nothing").status_code == 400
    assert api(admin, "metric-values/?metric=nothing").status_code == 400
    assert api(admin, "metric-values/?metric=bookings&start=2026-02-01&end=2026-01-01").status_code == 400


def test_a_partner_asks_the_api_for_its_own(deals, owner, api):
    results = api(owner, "metric-values/?metric=bookings").json()["results"]
    assert [row["value"] for row in results] == ["70.00"]
    assert api(owner, "metric-values/?metric=open_conflicts").status_code == 403
