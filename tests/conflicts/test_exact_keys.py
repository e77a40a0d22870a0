"""One exact key is enough: website, official number, or name and country, against whatever else there is of a customer."""

import pytest

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import DealRegistration
from territories.matching.keys import index_customers
from territories.models import CustomerIdentifier
from tests import factories

KEYS = {
    "domain": {"customer_name": "Lac Care", "customer_domain": "www.hopital-du-lac.example"},
    "number": {"customer_name": "Lac Care", "customer_domain": "", "customer_number": "732 829 320"},
    "name": {"customer_name": "HOPITAL DU LAC", "customer_domain": ""},
}


@pytest.fixture
def known(hospital):
    """The hospital with its number, as the matcher knows it."""
    CustomerIdentifier.objects.create(customer=hospital, scheme="siren", value="732829320")
    index_customers([hospital.pk])
    return hospital


WRITTEN = {
    "customer_name": "Hôpital du Lac",
    "customer_domain": "hopital-du-lac.example",
    "customer_number": "732829320",
}


def registered(rival, product, **_more):
    watch(factories.submitted(rival, products=[product], **WRITTEN))


def protected(rival, product, known, channel_manager):
    held = factories.approved(rival, decided_by=channel_manager, known_as=known, products=[product], **WRITTEN)
    watch(DealRegistration.objects.get(pk=held.pk))


def sold_directly(known, **_more):
    factories.opportunity("Direct", customer=known, route="direct")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("there_is", "rule"), [(registered, "DUP-1"), (protected, "PROT-1"), (sold_directly, "DIR-1")])
def test_one_key_finds_it(key, there_is, rule, owner, rival, product, known, channel_manager):
    there_is(rival=rival, product=product, known=known, channel_manager=channel_manager)
    registration = factories.submitted(owner, products=[product], **KEYS[key])
    watch(registration)
    (found,) = Conflict.objects.filter(registration=registration)
    assert found.rule == rule
    kinds = {shared["kind"] for shared in found.evidence["shared"]}
    assert kinds & {key, "customer"}  # an official number made the matcher certain of the customer


@pytest.mark.parametrize("key", KEYS)
def test_a_customer_confirmed_under_another_spelling_is_found(key, owner, rival, product, known, channel_manager):
    """What the rival wrote shares nothing with what comes in; the customer a person confirmed for it does."""
    held = factories.approved(
        rival,
        decided_by=channel_manager,
        known_as=known,
        products=[product],
        customer_name="CHU Nord",
        customer_domain="",
        customer_number="",
    )
    watch(DealRegistration.objects.get(pk=held.pk))
    registration = factories.submitted(owner, products=[product], **KEYS[key])
    watch(registration)
    (found,) = Conflict.objects.filter(registration=registration)
    assert found.rule == "PROT-1"
    before = found.evidence["shared"]
    watch(DealRegistration.objects.get(pk=held.pk))  # and from the other side the same
    assert Conflict.objects.get().evidence["shared"] == before
