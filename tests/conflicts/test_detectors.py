"""Each rule, said as the business would."""

from datetime import timedelta

import pytest
from psycopg2.extras import DateRange

from deals.conflicts.models import Conflict, ConflictStatus, Severity
from deals.conflicts.watch import watch
from deals.models import DealRegistration
from partners.models import SupplyRelation
from prm.calendar import business_today
from territories.matching.keys import index_customers
from tests import factories

pytestmark = pytest.mark.usefixtures("system")
HOSPITAL = {"customer_name": "Hôpital du Lac", "customer_domain": "hopital-du-lac.example"}


def watched(registration: DealRegistration) -> DealRegistration:
    watch(DealRegistration.objects.get(pk=registration.pk))
    return registration


def rules() -> list[tuple[str, str, int]]:
    return sorted(Conflict.objects.values_list("rule", "status", "severity"))


def test_two_partners_on_one_customer_and_line(owner, rival, product):
    first = watched(factories.submitted(owner, products=[product], **HOSPITAL))
    second = watched(
        factories.submitted(
            rival, products=[product], customer_name="HOPITAL DU LAC SA", customer_domain="hopital-du-lac.example"
        )
    )
    conflict = Conflict.objects.get()
    assert (conflict.rule, conflict.registration, conflict.other, conflict.severity) == (
        "DUP-1",
        second,
        first,
        Severity.HIGH,
    )
    assert conflict.evidence["shared"] == [
        {"kind": "domain", "value": "hopital-du-lac.example"},
        {"kind": "name", "value": "hopital du lac"},
    ]
    assert "Alpine" in conflict.explanation


def test_order_of_looking_changes_nothing(owner, rival, product):
    first = factories.submitted(owner, products=[product], **HOSPITAL)
    second = factories.submitted(rival, products=[product], **HOSPITAL)
    for registration in (second, first, second, first):
        watched(registration)
    assert [(c.registration, c.other) for c in Conflict.objects.all()] == [(second, first)]


def test_other_product_lines_do_not_conflict(owner, rival):
    watched(factories.submitted(owner, products=[factories.product("Backup")], **HOSPITAL))
    watched(factories.submitted(rival, products=[factories.product("Vault")], **HOSPITAL))
    assert rules() == []


def test_two_sites_do_not_conflict_and_the_whole_overlaps_both(owner, rival, teammate, product):
    watched(factories.submitted(owner, products=[product], scope="site", place_name="Lyon", **HOSPITAL))
    watched(factories.submitted(rival, products=[product], scope="site", place_name="Paris", **HOSPITAL))
    assert rules() == []
    watched(factories.submitted(rival, products=[product], scope="whole", **HOSPITAL))
    assert [rule for rule, _status, _severity in rules()] == ["DUP-1", "DUP-2"]


def test_free_mail_domain_proves_nothing(owner, rival, product):
    watched(factories.submitted(owner, products=[product], customer_name="Dupont", customer_domain="gmail.com"))
    watched(factories.submitted(rival, products=[product], customer_name="Durand", customer_domain="gmail.com"))
    assert rules() == []


def test_same_name_in_another_country_is_another_company(owner, rival, product):
    watched(factories.submitted(owner, products=[product], customer_name="Delta", customer_domain=""))
    watched(
        factories.submitted(rival, products=[product], customer_name="Delta", customer_domain="", customer_country="DE")
    )
    assert rules() == []


def test_distributor_and_its_reseller_work_on_one_deal(owner, wholesaler, product):
    SupplyRelation.objects.create(
        distributor=wholesaler.acting_for,
        reseller=owner.acting_for,
        period=DateRange(business_today() - timedelta(days=1), None),
    )
    watched(factories.submitted(owner, products=[product], **HOSPITAL))
    watched(factories.submitted(wholesaler, products=[product], **HOSPITAL))
    assert rules() == []


def test_bidders_of_a_tender_are_no_duplicates(owner, rival, product):
    watched(factories.submitted(owner, products=[product], type="tender", **HOSPITAL))
    watched(factories.submitted(rival, products=[product], type="tender", **HOSPITAL))
    assert rules() == []


def test_protected_for_another_partner(owner, rival, product, hospital, channel_manager):
    watched(factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product], **HOSPITAL))
    watched(factories.submitted(rival, products=[product], **HOSPITAL))
    assert rules() == [("PROT-1", "open", Severity.CRITICAL)]


def test_withdrawal_clears_the_conflict(owner, rival, product):
    first = watched(factories.submitted(owner, products=[product], **HOSPITAL))
    watched(factories.submitted(rival, products=[product], **HOSPITAL))
    first.withdraw(by=owner)
    watched(first)
    assert rules() == [("DUP-1", ConflictStatus.CLEARED, Severity.HIGH)]


def test_dismissed_stays_dismissed(owner, rival, product, channel_manager):
    watched(factories.submitted(owner, products=[product], **HOSPITAL))
    second = watched(factories.submitted(rival, products=[product], **HOSPITAL))
    Conflict.objects.get().dismiss(by=channel_manager, reason="Two departments")
    watched(second)
    assert rules() == [("DUP-1", ConflictStatus.DISMISSED, Severity.HIGH)]


def test_open_direct_opportunity(owner, product, hospital):
    index_customers([hospital.pk])
    deal = factories.opportunity("Direct", customer=hospital, route="direct")
    watched(factories.submitted(owner, products=[product], **HOSPITAL))
    conflict = Conflict.objects.get()
    assert (conflict.rule, conflict.opportunity, conflict.severity) == ("DIR-1", deal, Severity.HIGH)


def test_house_account(owner, product, hospital):
    hospital.house_account = True
    hospital.save()
    index_customers([hospital.pk])
    watched(factories.submitted(owner, products=[product], **HOSPITAL))
    assert rules() == [("HOUSE-1", "open", Severity.HIGH)]


def test_certain_customer_is_confirmed_by_the_matcher(owner, product, hospital):
    index_customers([hospital.pk])
    registration = watched(factories.submitted(owner, products=[product], **HOSPITAL))
    assert registration.approval.customer == hospital
    assert registration.approval.confirmed_by is None
    assert registration.approval.customer_evidence["band"] == "certain"


def test_two_certain_customers_are_left_to_a_person(owner, product, hospital):
    twin = factories.customer("Hopital du Lac SAS", domain="hopital-du-lac.example")
    index_customers([hospital.pk, twin.pk])
    assert watched(factories.submitted(owner, products=[product], **HOSPITAL)).approval.customer is None


def test_watching_never_touches_what_the_partner_reads(owner, rival, product, hospital):
    index_customers([hospital.pk])
    first = factories.submitted(owner, products=[product], **HOSPITAL)
    watched(factories.submitted(rival, products=[product], **HOSPITAL))
    before = DealRegistration.objects.values().get(pk=first.pk)
    watched(first)
    assert DealRegistration.objects.values().get(pk=first.pk) == before
    assert Conflict.objects.count() == 1
