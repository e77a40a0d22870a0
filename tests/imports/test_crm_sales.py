"""A real export of a CRM, whole: what database, pages and API say afterwards is what the files say."""

import csv
import io
import json
import os
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import ExtractQuarter, ExtractYear

from attribution.kpis.rollups import refresh
from deals.models import Opportunity, StageChange
from partners.catalogue.models import Price
from partners.models import Partner, PartnerGroup
from prm.management.commands.import_data import declare
from prm.periods import add_months
from territories.models import Customer
from tests.api.conftest import Api
from tests.imports.conftest import counts

DATA = Path(os.environ.get("PRM_TEST_DATA", "missing")) / "crm-sales"
MAPPINGS = Path(settings.BASE_DIR) / "docs" / "mappings"
FILES = [
    ("partners", "sales_teams.csv", "crm-sales-teams.json", 35),
    ("customers", "accounts.csv", "crm-sales-accounts.json", 85),
    ("products", "products.csv", "crm-sales-products.json", 7),
    ("opportunities", "sales_pipeline.csv", "crm-sales-pipeline.json", 8800),
]
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="PRM_TEST_DATA names no folder with crm-sales"),
    pytest.mark.timeout(600),
]


def won_in_files():
    """Rows and amount won by partner, year and quarter."""
    found = defaultdict(lambda: [0, Decimal(0)])
    with (DATA / "sales_pipeline.csv").open() as file:
        for row in csv.DictReader(file):
            if row["deal_stage"] == "Won":
                day = datetime.strptime(row["close_date"], "%d-%m-%Y")
                place = found[row["sales_agent"], day.year, (day.month + 2) // 3]
                place[0] += 1
                place[1] += Decimal(row["close_value"])
    return {key: tuple(value) for key, value in found.items()}


def won_in_database():
    rows = (
        Opportunity.objects.won()
        .values_list("participants__partner__name", ExtractYear("closed_on"), ExtractQuarter("closed_on"))
        .annotate(Count("pk"), Sum("amount"))
    )
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


def won_on_pages(client, metric, start, end):
    """A metric by partner as the file of its page has it."""
    asked = {"from": start.isoformat(), "to": (end - timedelta(days=1)).isoformat(), "by": "partner", "export": "csv"}
    content = b"".join(client.get(f"/metrics/{metric}/", asked).streaming_content).decode("utf-8-sig")
    return {row[1]: Decimal(row[2]) for row in csv.reader(io.StringIO(content)) if row[0] == "Partner"}


def won_in_api(api, metric, start, end):
    page = api.get(f"/metric-values/?metric={metric}&by=partner&start={start}&end={end}").json()
    assert page["next"] is None
    assert {row["currency"] for row in page["results"]} <= {"USD" if metric == "bookings" else ""}
    return {row["label"]: Decimal(row["value"]) for row in page["results"]}


def test_the_whole_import(load, settings, admin, signed_in):
    settings.REPORTING_CURRENCY = "USD"
    for kind, file, mapping, rows in FILES:
        mapping = json.loads((MAPPINGS / mapping).read_text())
        declare(mapping, kind)
        assert counts(load(kind, DATA / file, mapping, source="crm-sales")) == (rows, rows, 0, 0, 0)

    in_files = won_in_files()
    assert won_in_database() == in_files
    assert [sum(value[0] for value in in_files.values()), sum(value[1] for value in in_files.values())] == [
        4238,
        10_005_534,
    ]

    while refresh():  # the figures, as the worker keeps them
        pass
    client, api = signed_in(admin), Api(admin)
    for year, quarter in sorted({(year, quarter) for _partner, year, quarter in in_files}):
        start = date(year, 3 * quarter - 2, 1)
        for position, metric in enumerate(("won_deals", "bookings")):
            said = {
                key[0]: value[position]
                for key, value in in_files.items()
                if key[1:] == (year, quarter) and value[position]
            }
            for reader, read in ((client, won_on_pages), (api, won_in_api)):
                found = read(reader, metric, start, add_months(start, 3))
                assert {partner: value for partner, value in found.items() if value} == said

    deals = Opportunity.objects.all()
    assert deals.filter(customer=None).count() == 1425
    assert (deals.filter(opened_on=None).count(), deals.filter(amount=None).count()) == (500, 2089)
    assert Counter(deals.values_list("stage", flat=True)) == {
        "won": 4238,
        "lost": 2473,
        "qualified": 1589,
        "prospect": 500,
    }
    assert StageChange.objects.count() == 8800 + 4238 + 2473

    assert Partner.objects.get(name="Anna Snelling").custom == {"regional_office": "Central"}
    assert (PartnerGroup.objects.count(), set(map(tuple, Partner.objects.values_list("types", flat=True)))) == (
        6,
        {("agent",)},
    )
    assert not Customer.objects.filter(industry="technolgy").exists()
    assert Customer.parents.through.objects.count() == 15
    assert (Price.objects.count(), Price.objects.get(product__name="GTK 500").amount) == (7, 26768)
    acme = Customer.objects.get(name="Acme Corporation")
    assert (acme.country.code, acme.annual_revenue, acme.industry) == ("US", Decimal("1100040000"), "technology")


def test_a_second_import_changes_nothing(load):
    kind, file, mapping, rows = FILES[1]
    mapping = json.loads((MAPPINGS / mapping).read_text())
    load(kind, DATA / file, mapping, source="crm-sales")
    assert counts(load(kind, DATA / file, mapping, source="crm-sales")) == (rows, 0, 0, rows, 0)
