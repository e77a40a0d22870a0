"""Two rows of one customer become one, and are taken apart again."""

import pytest

from deals.conflicts.models import Conflict, ConflictStatus
from deals.models import Approval, Opportunity, Protection
from prm.errors import RuleViolation
from prm.externals.models import ExternalId
from territories.matching.keys import keys, sharing
from territories.models import (
    Customer,
    CustomerAddress,
    CustomerDomain,
    CustomerIdentifier,
    CustomerMerge,
    CustomerName,
)
from tests import factories
from tests.errands import run_errands
from tests.territories.conftest import rule

pytestmark = pytest.mark.usefixtures("system")


@pytest.fixture
def twin(system):
    """The hospital once more, written otherwise, with everything a customer can have."""
    made = factories.customer("CH du Lac", domain="ch-lac.example", industry="Health", segment="public", country="FR")
    CustomerDomain.objects.create(customer=made, domain="hopital-du-lac.example")
    CustomerName.objects.create(customer=made, name="Centre hospitalier du Lac")
    CustomerIdentifier.objects.create(customer=made, scheme="siren", value="732829320")
    CustomerAddress.objects.create(customer=made, city="Annecy", country="FR")
    ExternalId.objects.link(made, "crm", "A-1")
    made.parents.add(factories.customer("Groupe Santé"))
    made.children.add(factories.customer("Clinique"))
    return made


def state(*customers):
    """Everything of these customers that a merge touches."""
    return {
        customer.name: {
            "facts": (str(customer.industry), str(customer.segment), customer.house_account),
            "names": sorted(customer.names.values_list("name", flat=True)),
            "domains": sorted(customer.domains.values_list("domain", flat=True)),
            "numbers": sorted(customer.identifiers.values_list("value", flat=True)),
            "places": sorted(customer.addresses.values_list("city", flat=True)),
            "parents": sorted(customer.parents.values_list("name", flat=True)),
            "children": sorted(customer.children.values_list("name", flat=True)),
            "deals": sorted(customer.opportunities.values_list("name", flat=True)),
            "files": sorted(str(pk) for pk in customer.approvals.values_list("pk", flat=True)),
            "rules": customer.territory_rules.count(),
            "external": sorted(ExternalId.objects.about(Customer, [customer.pk]).values_list("external_id", flat=True)),
        }
        for customer in (Customer.objects.get(pk=row.pk) for row in customers)
    }


def test_there_and_back(hospital, twin, owner, channel_manager, france):
    factories.opportunity("Backup", customer=twin)
    rule(france, customer=twin)
    factories.approved(owner, decided_by=channel_manager, known_as=twin)
    before = state(hospital, twin)
    trail = hospital.merge(twin, by=channel_manager)
    merged = state(hospital)["Hôpital du Lac"]
    assert not Customer.objects.filter(pk=twin.pk).exists()
    assert merged["domains"] == ["ch-lac.example", "hopital-du-lac.example"]
    assert "CH du Lac" in merged["names"]
    assert (merged["facts"][0], merged["numbers"], merged["external"]) == ("Health", ["732829320"], ["A-1"])
    assert (merged["parents"], merged["children"]) == (["Groupe Santé"], ["Clinique"])
    assert len(merged["deals"]) == 2
    assert merged["rules"] == 1
    assert trail.unmerge(by=channel_manager).pk == twin.pk
    assert state(hospital, twin) == before


def test_twice_apart_is_refused(hospital, twin, channel_manager):
    trail = hospital.merge(twin, by=channel_manager)
    trail.unmerge(by=channel_manager)
    with pytest.raises(RuleViolation, match="already"):
        trail.unmerge(by=channel_manager)


def test_chain(hospital, twin, channel_manager):
    last = factories.customer("Third")
    first = hospital.merge(twin, by=channel_manager)
    second = last.merge(hospital, by=channel_manager)
    second.unmerge(by=channel_manager)
    first.unmerge(by=channel_manager)
    assert Customer.objects.filter(pk__in=[hospital.pk, twin.pk, last.pk]).count() == 3
    assert sorted(Customer.objects.get(pk=twin.pk).domains.values_list("domain", flat=True)) == [
        "ch-lac.example",
        "hopital-du-lac.example",
    ]


def test_what_changed_since_stays(hospital, twin, channel_manager):
    deal = factories.opportunity(customer=twin)
    trail = hospital.merge(twin, by=channel_manager)
    other = factories.customer("Elsewhere")
    Opportunity.objects.filter(pk=deal.pk).update(customer=other)
    trail.unmerge(by=channel_manager)
    assert Opportunity.objects.get(pk=deal.pk).customer == other


def test_itself(hospital, channel_manager):
    with pytest.raises(RuleViolation, match="another"):
        hospital.merge(hospital, by=channel_manager)


def test_overlapping_protections_are_refused(hospital, twin, owner, rival, channel_manager, product):
    factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    later = factories.approved(rival, decided_by=channel_manager, known_as=twin, products=[product])
    with pytest.raises(RuleViolation, match="is protected for Boreal at CH du Lac"):
        hospital.merge(twin, by=channel_manager)
    assert Customer.objects.filter(pk=twin.pk).exists()
    Protection.objects.filter(registration=later).release()
    hospital.merge(twin, by=channel_manager)


def test_sites_are_numbered_anew(hospital, twin, owner, rival, channel_manager, product):
    for by, known_as, site in ((owner, hospital, "Lyon"), (rival, twin, "Annecy")):
        factories.approved(
            by, decided_by=channel_manager, known_as=known_as, products=[product], scope="site", place_name=site
        )
    hospital.merge(twin, by=channel_manager)
    assert sorted(Approval.objects.values_list("registration__place_name", "place_number")) == [
        ("Annecy", 2),
        ("Lyon", 1),
    ]
    assert sorted(row.place.lower for row in Protection.objects.all()) == [1, 2]


def test_recognised_by_all_it_was_called(hospital, twin, channel_manager):
    trail = hospital.merge(twin, by=channel_manager)
    run_errands()
    found = sharing(keys(domains=["ch-lac.example"]), "customer")
    assert set(found) == {hospital.pk}
    trail.unmerge(by=channel_manager)
    run_errands()
    assert set(sharing(keys(domains=["ch-lac.example"]), "customer")) == {twin.pk}


def test_screen_previews_then_merges(signed_in, channel_manager, hospital, twin):
    factories.opportunity(customer=twin)
    client = signed_in(channel_manager)
    url = f"/customers/{hospital.pk}/merge/"
    html = client.post(url, {"other": twin.pk, "version": hospital.version}).content.decode()
    assert "What would happen" in html
    assert Customer.objects.filter(pk=twin.pk).exists()
    response = client.post(url, {"other": twin.pk, "version": hospital.version, "sure": "1"})
    assert (response.status_code, response.url) == (302, hospital.get_absolute_url())
    assert "Take apart" in client.get(hospital.get_absolute_url()).content.decode()
    trail = CustomerMerge.objects.get()
    assert client.post(f"/customer-merges/{trail.pk}/undo/").status_code == 302
    assert Customer.objects.filter(pk=twin.pk).exists()


def test_refusal_opens_a_conflict(signed_in, owner, rival, channel_manager, hospital, twin, product):
    factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    later = factories.approved(rival, decided_by=channel_manager, known_as=twin, products=[product])
    run_errands()
    Conflict.objects.all().delete()
    response = signed_in(channel_manager).post(
        f"/customers/{hospital.pk}/merge/", {"other": twin.pk, "version": hospital.version, "sure": "1"}
    )
    assert response.status_code == 422
    run_errands()
    found = Conflict.objects.get(rule="PROT-3")
    assert (found.status, found.registration) == (ConflictStatus.OPEN, later)
    assert "could not be merged" in found.explanation


def test_who_may(signed_in, viewer, owner, hospital, twin):
    for user in (viewer, owner):
        assert signed_in(user).get(f"/customers/{hospital.pk}/merge/").status_code == 404
