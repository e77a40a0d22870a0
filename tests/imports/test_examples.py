"""The examples of the guide import as they stand."""

import json
from pathlib import Path

from django.conf import settings

from deals.models import Opportunity
from territories.models import Customer
from tests.imports.conftest import counts

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"


def test_a_hubspot_and_a_salesforce_export(load):
    for kind, name, source, rows in [
        ("partners", "salesforce-partners", "salesforce", 3),
        ("products", "salesforce-products", "salesforce", 3),
        ("customers", "hubspot-companies", "hubspot", 4),
        ("opportunities", "hubspot-deals", "hubspot", 4),
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
    }
