"""Leads and touchpoints from files."""

from __future__ import annotations

import pytest

from attribution.models import Lead, LeadOffer, Touchpoint
from prm.db import acting
from tests import factories
from tests.attribution import leads
from tests.errands import run_errands
from tests.imports.conftest import counts, failures, given, load, uploads  # noqa: F401  (fixtures)

HEAD = ["Lead ID", "Company", "First name", "Last name", "Email", "Country", "Campaign", "Legal basis", "Created date"]
HEAD += ["Status", "Partner", "Opportunity"]
MAPPING = {
    "columns": {
        "external_id": "Lead ID",
        "company_name": "Company",
        "first_name": "First name",
        "last_name": "Last name",
        "email": "Email",
        "country": "Country",
        "campaign": "Campaign",
        "legal_basis": "Legal basis",
        "received_at": "Created date",
        "status": "Status",
        "partner": "Partner",
        "opportunity": "Opportunity",
    },
    "key": ["external_id"],
}
LEAD = ["L1", "Clinique", "Jeanne", "Martin", "j@clinique.example", "FR", "FAIR-26", "consent", "2026-03-02"]


def row(*changed, **values):
    cells = dict(zip(HEAD, [*LEAD, "", "", ""], strict=True)) | values
    return [cells[name] for name in HEAD]


def test_leads_are_read_and_found_again(given, load, alpine, channel_manager):  # noqa: F811
    fair = leads.campaign(channel_manager)
    deal = factories.opportunity("Deal 1")
    path = given(
        [
            HEAD,
            row(),
            row(**{"Lead ID": "L2", "Company": "Lycée", "Status": "accepted", "Partner": "Alpine"}),
            row(**{"Lead ID": "L3", "Company": "Mairie", "Status": "converted", "Opportunity": "Deal 1"}),
        ]
    )
    assert counts(load("leads", path, MAPPING)) == (3, 3, 0, 0, 0)
    lead = Lead.objects.get(company_name="Clinique")
    assert (lead.contact_name, lead.campaign, lead.status, lead.legal_basis) == (
        "Jeanne Martin",
        fair,
        "new",
        "consent",
    )
    assert (lead.received_at.date().isoformat(), lead.country.code) == ("2026-03-02", "FR")
    assert Lead.objects.get(company_name="Mairie").converted_opportunity == deal
    assert LeadOffer.objects.get().lead.company_name == "Lycée"
    run_errands()
    assert {touch.lead_id for touch in Touchpoint.objects.filter(kind="lead_source", campaign=fair)} == set(
        Lead.objects.values_list("pk", flat=True)
    )
    assert counts(load("leads", path, MAPPING)) == (3, 0, 0, 3, 0)
    changed = given([HEAD, row(Email="new@clinique.example", Status="converted", Opportunity="Deal 1")])
    assert counts(load("leads", changed, MAPPING)) == (1, 0, 1, 0, 0)
    lead.refresh_from_db()
    assert (lead.email, lead.status) == ("new@clinique.example", "new")


def test_a_partner_reaches_its_imported_lead(given, load, alpine, owner, rival, channel_manager):  # noqa: F811
    leads.campaign(channel_manager)
    load("leads", given([HEAD, row(Status="contacted", Partner="Alpine")]), MAPPING)
    for user, sees in ((owner, 1), (rival, 0)):
        with acting("partner", user.acting_for_id, user.pk):
            assert Lead.objects.count() == sees


@pytest.mark.parametrize(
    ("wrong", "column", "code"),
    [
        ({"Legal basis": ""}, "legal_basis", "required"),
        ({"Legal basis": "because"}, "legal_basis", "invalid_choice"),
        ({"Campaign": "nothing"}, "campaign", "unknown_reference"),
        ({"Created date": "2199-01-01"}, "received_at", "in_the_future"),
        ({"Status": "accepted"}, "partner", "required"),
        ({"Status": "offered"}, "status", "not_importable"),
        ({"Status": "converted"}, "opportunity", "required"),
        ({"Partner": "Alpine"}, "status", "required"),
        ({"Email": "nobody"}, "email", "invalid_email"),
    ],
)
def test_rows_that_are_refused(given, load, alpine, channel_manager, wrong, column, code):  # noqa: F811
    leads.campaign(channel_manager)
    report = load("leads", given([HEAD, row(**wrong)]), MAPPING)
    assert counts(report) == (1, 0, 0, 0, 1)
    assert (report["errors"][0]["column"], report["errors"][0]["code"]) == (column, code)
    assert Lead.objects.count() == 0


def test_touchpoints(given, load, alpine, channel_manager):  # noqa: F811
    deal = factories.opportunity("Deal 1", of=alpine)
    head = ["id", "kind", "at", "partner", "opportunity", "weight"]
    path = given(
        [
            head,
            ["T1", "meeting", "2026-02-01T09:30:00+01:00", "Alpine", "Deal 1", "2"],
            ["T2", "Demonstration", "2026-02-03", "Alpine", "Deal 1", ""],
            ["T3", "demo", "2026-02-03", "", "Deal 1", ""],
            ["T4", "demo", "2026-02-03", "Alpine", "", ""],
            ["T5", "nonsense", "2026-02-03", "Alpine", "Deal 1", ""],
        ]
    )
    mapping = {"columns": {"external_id": "id", **{name: name for name in head[1:]}}, "key": ["external_id"]}
    report = load("touchpoints", path, mapping)
    assert counts(report) == (5, 2, 0, 0, 3)
    found = list(Touchpoint.objects.towards(deal).values_list("kind", "partner", "weight", "origin"))
    assert found == [("meeting", alpine.pk, 2, "import"), ("demo", alpine.pk, 1, "import")]
    assert Touchpoint.objects.first().at.isoformat() == "2026-02-01T08:30:00+00:00"
    assert counts(load("touchpoints", path, mapping)) == (5, 0, 0, 2, 3)
