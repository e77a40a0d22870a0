"""The examples of the guide import as they stand."""

import json
from pathlib import Path

from django.conf import settings

from attribution.models import Lead, LeadOffer, Touchpoint
from deals.models import DealRegistration, Opportunity, Protection
from territories.models import Customer, Territory, TerritoryAssignment
from tests import factories
from tests.imports.conftest import counts

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"


def test_a_hubspot_and_a_salesforce_export(load):
    for name in (
        "Alpine Conseil",
        "Boreal Cloud",
    ):  # as in the demo: registrations need partners with people and a program
        factories.member(factories.partner(name))
    for kind, name, source, rows in [
        ("partners", "salesforce-partners", "salesforce", 3),
        ("products", "salesforce-products", "salesforce", 3),
        ("customers", "hubspot-companies", "hubspot", 4),
        ("opportunities", "hubspot-deals", "hubspot", 4),
        ("territories", "territories", "ours", 4),
        ("leads", "hubspot-leads", "hubspot", 4),
        ("touchpoints", "hubspot-touchpoints", "hubspot", 4),
        ("deal-registrations", "salesforce-deal-registrations", "salesforce", 4),
    ]:
        mapping = json.loads((EXAMPLES / f"{name}.json").read_text())
        for created in (rows, 0):
            report = load(kind, EXAMPLES / f"{name}.csv", mapping, source=source)
            assert counts(report) == (rows, created, 0, rows - created, 0), report
    assert Customer.objects.get(name="Clinique des Alpes").parents.get().name == "Groupe Alpin de Santé"
    won = Opportunity.objects.get(stage="won")
    assert (won.amount, won.closed_on.isoformat(), won.participants.get().partner.name) == (
        48200,
        "2026-03-17",
        "Rive Conseil",
    )
    assert set(Opportunity.objects.values_list("stage", "route")) == {
        ("won", "partner"),
        ("committed", "partner"),
        ("prospect", "direct"),
        ("lost", "partner"),
        ("qualified", "partner"),
    }
    assert Territory.objects.get(code="ALPS-38").path == "ALPS/ALPS-FR/ALPS-38"
    assert set(TerritoryAssignment.objects.values_list("territory__code", "partner__name", "kind")) == {
        ("ALPS-FR", "Rive Conseil", "exclusive"),
        ("ALPS-38", "Rive Conseil", "exclusive"),
        ("ALPS-DE", "Delta Channel", "shared"),
    }
    assert list(Lead.objects.order_by("received_at").values_list("status", flat=True)) == [
        "disqualified",
        "contacted",
        "new",
        "new",
    ]
    assert LeadOffer.objects.get().partner.name == "Rive Conseil"
    assert Touchpoint.objects.filter(opportunity=won).count() == 2
    assert set(DealRegistration.objects.values_list("submission_status", "review_status")) == {
        ("submitted", "approved"),
        ("submitted", "pending"),
        ("submitted", "rejected"),
        ("draft", "none"),
    }
    assert Protection.objects.get().customer.name == "Groupe Alpin de Santé"
