"""Each figure equals what pandas reckons from the rows, on made deals and on a real export of a CRM."""

from __future__ import annotations

import json
import os
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from django.conf import settings
from django.db.models import F
from psycopg2.extras import DateRange

from attribution import kpis
from attribution.kpis.rollups import rebuild
from deals.conflicts.models import Conflict, ConflictKind
from deals.models import DealRegistration, Opportunity, OpportunityParticipant, Stage
from prm.calendar import business_today, business_zone
from prm.management.commands.import_data import declare
from territories.models import Territory, TerritoryRule
from tests import factories
from tests.imports.conftest import load  # noqa: F401
from tests.imports.test_crm_sales import FILES, MAPPINGS
from tests.kpis.conftest import ledger, rollups

TODAY = business_today()
DATA = Path(os.environ.get("PRM_TEST_DATA", "missing")) / "crm-sales"


def frame() -> pd.DataFrame:
    """The opportunities as an export would hold them, one row a deal (all amounts in euros, one seller)."""
    rows = pd.DataFrame(
        Opportunity.objects.values("id", "stage", "route", "amount", "opened_on", "closed_on", "created_at")
    )
    seller = pd.DataFrame(OpportunityParticipant.objects.values("opportunity_id", "partner__name"))
    rows = rows.merge(seller, left_on="id", right_on="opportunity_id", how="left")
    rows["amount"] = rows["amount"].map(lambda value: Decimal(0) if value is None else value)
    return rows


@pytest.fixture
def many(admin, up_to_date):
    chance = random.Random(7)
    partners = [factories.partner(f"Partner {n}") for n in range(4)]
    for _n in range(120):
        opened = TODAY - timedelta(days=chance.randint(60, 600))
        deal = factories.opportunity(
            of=chance.choice(partners),
            amount=Decimal(chance.randint(100, 10**7)) / 100,
            stage=Stage.PROSPECT,
            opened_on=opened,
            route=chance.choice(["partner", "marketplace"]),
        )
        if chance.random() < 0.8:
            deal.move_to(Stage.QUALIFIED, by=admin)
        if chance.random() < 0.6:
            deal.stage_changes.update(at=pd.Timestamp(opened + timedelta(days=5), tz=business_zone()))
            stage = chance.choice([Stage.WON, Stage.LOST])
            deal.move_to(stage, by=admin, on=opened + timedelta(days=chance.randint(6, 59)), reason="Price")
    up_to_date()
    return frame()


@pytest.mark.parametrize("name", ["month", "quarter", "year", "12m", "last_quarter", "last_year", "odd"])
def test_sums_and_rates(many, name):
    period = (
        kpis.Period(TODAY - timedelta(days=333), TODAY - timedelta(days=33))
        if name == "odd"
        else kpis.Period.named(name)
    )
    inside = many["closed_on"].map(lambda day: day is not None and pd.notna(day) and period.start <= day < period.end)
    closed = many[inside]
    won = closed[closed["stage"] == "won"]

    def figure(key, **filters):
        return kpis.value(key, period, filters).value

    assert figure("bookings") == won["amount"].sum()
    assert figure("won_deals") == len(won)
    assert figure("win_rate") == (round(Decimal(len(won)) / len(closed), 4) if len(closed) else None)
    assert figure("average_deal") == (round(won["amount"].sum() / len(won), 2) if len(won) else None)
    by_partner = {one.label: one.value for one in kpis.values("bookings", period, "partner")}
    assert by_partner == won.groupby("partner__name")["amount"].sum().to_dict()
    by_route = {one.key: one.value for one in kpis.values("won_deals", period, "route")}
    assert by_route == won.groupby("route").size().to_dict()
    months = {one.key: one.value for one in kpis.values("bookings", period, "month")}
    expected = won.groupby(won["closed_on"].map(lambda day: day.replace(day=1)))["amount"].sum().to_dict()
    assert {month: value for month, value in months.items() if value} == expected
    open_at_end = many[
        many["opened_on"].map(lambda day: day < period.end)
        & many["closed_on"].map(lambda day: day is None or pd.isna(day) or day >= period.end)
    ]
    assert figure("pipeline") == open_at_end["amount"].sum()
    assert figure("open_deals") == len(open_at_end)
    former = many[
        many["closed_on"].map(lambda day: pd.notna(day) and period.previous.start <= day < period.previous.end)
    ]
    before = former[former["stage"] == "won"]["amount"].sum()
    growth = round((won["amount"].sum() - before) / before, 4) if before else None
    assert figure("growth") == growth


def test_weighted_pipeline(many):
    weights = {stage: Decimal(str(value)) for stage, value in settings.STAGE_WEIGHTS.items()}
    still_open = many[~many["stage"].isin(["won", "lost"])]
    expected = sum(row.amount * weights[row.stage] / 100 for row in still_open.itertuples())
    assert kpis.value("weighted_pipeline", kpis.Period.named("month")).value == round(expected, 2)


def test_decisions(owner, channel_manager, up_to_date):
    for n in range(6):
        row = factories.submitted(owner)
        if n < 3:
            row.approval.confirm(factories.customer(), by=channel_manager)
            row.approve(by=channel_manager)
        elif n < 5:
            row.reject(by=channel_manager, reason="other", message="No")
        start = pd.Timestamp.now(tz="UTC") - pd.Timedelta(hours=50 * (n + 1))
        DealRegistration.objects.filter(pk=row.pk).update(submitted_at=start)
    up_to_date()
    rows = pd.DataFrame(DealRegistration.objects.values("review_status", "submitted_at", "decided_at", "decide_by"))
    decided = rows[rows["review_status"].isin(["approved", "rejected"])]
    period = kpis.Period.named("12m")
    assert kpis.value("approval_rate", period).value == round(
        Decimal((decided["review_status"] == "approved").sum().item()) / len(decided), 4
    )
    minutes = ((decided["decided_at"] - decided["submitted_at"]).dt.total_seconds() // 60).sum()
    assert kpis.value("decision_time", period).value == round(Decimal(int(minutes)) / 60 / len(decided), 4)
    on_time = (decided["decided_at"] <= decided["decide_by"]).sum().item()
    assert kpis.value("decided_on_time", period).value == round(Decimal(on_time) / len(decided), 4)


def test_registrations_and_conflicts_by_territory_line_and_route(owner, channel_manager, up_to_date):
    """Where each lies is said here by the country: of the customer that was confirmed, else the one the partner named."""
    for country in ("FR", "DE"):
        territory = Territory.objects.create(name=country, code=country)
        TerritoryRule.objects.create(territory=territory, country=country, period=DateRange(date(2020, 1, 1), None))
    products = [factories.product("Backup"), factories.product("Vault")]
    chance, rows = random.Random(3), []
    for _n in range(12):
        sold, named, known = chance.choice([products, products[:1]]), chance.choice(["FR", "DE", "ES"]), None
        row = factories.submitted(owner, products=sold, customer_country=named)
        if chance.random() < 0.7:
            known = chance.choice(["FR", "DE", "ES", ""])
            row.approval.confirm(factories.customer(country=known), by=channel_manager)
            if chance.random() < 0.5:
                row.approve(by=channel_manager)
            else:
                row.reject(by=channel_manager, reason="other", message="No")
        place = known or named
        conflict = chance.random() < 0.5
        if conflict:
            Conflict.objects.create(
                kind=ConflictKind.DIRECT, rule="DIR-1", rule_version=1, severity=1, score=1, registration=row
            )
        hours = 10 * chance.randint(1, 90)
        DealRegistration.objects.filter(pk=row.pk).update(submitted_at=F("submitted_at") - timedelta(hours=hours))
        row.refresh_from_db()
        told = {"place": place if place != "ES" else "no territory", "route": "partner", "conflict": conflict}
        told |= {"decided": row.decided_at, "submitted": row.submitted_at, "until": row.decide_by}
        told |= {"outcome": row.review_status, "id": row.pk}
        rows += [told | {"line": product.line.name} for product in sold]
    up_to_date()
    period = kpis.Period.named("12m")
    for by, column in (("territory", "place"), ("line", "line"), ("route", "route")):
        frame = pd.DataFrame(rows).drop_duplicates(["id", column])
        decided = frame[frame["outcome"].isin(["approved", "rejected"])]
        minutes = (decided["decided"] - decided["submitted"]).dt.total_seconds() // 60

        def figures(key, by=by):
            return {str(one.label): one.value for one in kpis.values(key, period, by)}

        def shares(which, of=decided, column=column):
            return {
                key: round(Decimal(int(which[mine.index].sum())) / len(mine), 4) for key, mine in of.groupby(column)
            }

        assert figures("submissions") == frame.groupby(column).size().to_dict()
        assert figures("approval_rate") == shares(decided["outcome"] == "approved")
        assert figures("decided_on_time") == shares(decided["decided"] <= decided["until"])
        mean = {
            key: round(Decimal(int(minutes[mine.index].sum())) / 60 / len(mine), 4)
            for key, mine in decided.groupby(column)
        }
        assert figures("decision_time") == mean
        assert figures("open_conflicts") == frame[frame["conflict"]].groupby(column).size().to_dict()
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before


@pytest.mark.skipif(not DATA.is_dir(), reason="PRM_TEST_DATA names no folder with crm-sales")
@pytest.mark.timeout(900)
def test_a_real_export(settings, load, up_to_date):  # noqa: F811
    """What the files say and what the figures say, after an import and without a word to the ledger."""
    settings.REPORTING_CURRENCY = "USD"
    for kind, file, mapping, _rows in FILES:
        mapping = json.loads((MAPPINGS / mapping).read_text())
        declare(mapping, kind)
        load(kind, DATA / file, mapping, source="crm-sales")
    up_to_date()
    rows = pd.read_csv(DATA / "sales_pipeline.csv")
    for name in ("engage_date", "close_date"):
        rows[name] = pd.to_datetime(rows[name], format="%d-%m-%Y")
    won, lost = rows[rows["deal_stage"] == "Won"], rows[rows["deal_stage"] == "Lost"]
    closed = rows[rows["deal_stage"].isin(["Won", "Lost"])]
    years = kpis.Period(date(2016, 1, 1), date(2018, 1, 1))

    def figure(key, period=years):
        return kpis.value(key, period).value

    assert figure("bookings") == int(won["close_value"].sum())
    assert figure("won_deals") == len(won)
    assert figure("win_rate") == round(Decimal(len(won)) / (len(won) + len(lost)), 4)
    assert figure("average_deal") == round(Decimal(int(won["close_value"].sum())) / len(won), 2)
    days = (closed["close_date"] - closed["engage_date"]).dt.days
    assert figure("cycle_time") == round(Decimal(int(days.sum())) / len(days), 4)
    contacted = rows[rows["deal_stage"] != "Prospecting"]
    found = kpis.value("conversion", kpis.Period(date(2016, 1, 1), date(2100, 1, 1)))
    assert (found.top, found.bottom) == (len(won), len(contacted))
    for by, column in (("partner", "sales_agent"), ("line", None)):
        figures = {one.label: one.value for one in kpis.values("bookings", years, by)}
        assert sum(figures.values()) == int(won["close_value"].sum())
        if column:
            assert figures == won[won["close_value"] > 0].groupby(column)["close_value"].sum().astype(int).to_dict()
    months = {one.key: one.value for one in kpis.values("bookings", years, "month") if one.value}
    by_month = won.groupby(won["close_date"].dt.date.map(lambda day: day.replace(day=1)))["close_value"].sum()
    assert months == by_month.astype(int).to_dict()
    before = ledger(), rollups()
    rebuild()
    assert (ledger(), rollups()) == before
