import pytest

from prm.fields.models import CustomField


def declare(key, kind="customer", **values):
    return CustomField.objects.create(kind=kind, key=key, label_en=key.replace("_", " ").capitalize(), **values)


@pytest.fixture
def beds(system):
    return declare("beds", type="number", required=True)


@pytest.fixture
def ownership(system):
    return declare(
        "ownership",
        type="choice",
        label_fr="Statut",
        choices=[{"value": "Public", "fr": "Publique"}, {"value": "Private"}],
    )
