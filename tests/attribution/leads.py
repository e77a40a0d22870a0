"""Leads for tests: one with every personal fact marked, so that a leak is found wherever it stands."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from attribution.models import Campaign, Lead, LeadOffer

SECRETS = ("Zqclinic", "zqjeanne", "Zqjeanne", "0033155667788", "Zqville", "zq-69003")


def campaign(by=None, **values) -> Campaign:
    return Campaign.start(by=by, **{"name": "Spring fair", "code": "FAIR-26", "kind": "event", **values})


def lead(by=None, **values) -> Lead:
    values = {
        "company_name": "Zqclinic",
        "contact_name": "Zqjeanne Martin",
        "email": "zqjeanne@clinic.example",
        "phone": "0033155667788",
        "country": "FR",
        "region": "FR-ARA",
        "postcode": "zq-69003",
        "city": "Zqville",
        "industry": "Health",
        "need": "Backup for three sites",
        "amount": Decimal("20000"),
        "currency": "EUR",
        "source": "Trade fair",
        "legal_basis": "consent",
        **values,
    }
    return Lead.create(by=by, **values)


def soon(days: int = 2):
    return timezone.now() + timedelta(days=days)


def offered(to, by=None, of: Lead | None = None, **values) -> LeadOffer:
    """A lead proposed to that partner."""
    return (of or lead(by, **values)).offer_to(to, by=by, respond_by=soon())


def leaks(text: str) -> list[str]:
    """The personal facts that stand in a text."""
    return [secret for secret in SECRETS if secret in text]
