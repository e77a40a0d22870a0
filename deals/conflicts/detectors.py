"""Rules that find two channels at work on the same business, by exact keys (docs/adr/0004).

Each rule is a function from one registration and its surroundings to findings; nothing is written here. Records of one linked
deal are never compared, nor a distributor with the reseller it supplies, nor two bidders of one tender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from deals.axes import OPEN_REVIEW, RUNNING, Initiative, RegistrationType, Route
from deals.conflicts.models import Conflict, ConflictKind, Severity
from deals.models import Approval, DealRegistration, Opportunity
from deals.territory import coverage_of
from partners.models import SupplyRelation
from territories.matching.keys import CERTAIN, LIKELY, Keys, band, explain, keys, keys_of_customers, sharing
from territories.matching.normalise import VERSION as NORMALISER
from territories.matching.normalise import domain_key, name_key, number_key
from territories.models import Customer, TerritoryRule
from territories.wording import EXCLUSIVE, HOUSE, UNASSIGNED

VERSION = 1
SCORE = {CERTAIN: Decimal("1.0000"), LIKELY: Decimal("0.9500")}


@dataclass(frozen=True)
class Finding:
    """What a rule found, ready to be stored."""

    rule: str
    kind: str
    severity: int
    score: Decimal
    registration: DealRegistration
    other: DealRegistration | None = None
    opportunity: Opportunity | None = None
    customer: Customer | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple:
        """What makes it the same finding when the rule runs again."""
        return (
            self.rule,
            self.registration.pk,
            self.other.pk if self.other else None,
            self.opportunity.pk if self.opportunity else None,
            self.customer.pk if self.customer else None,
        )


class Surroundings:
    """Everything the rules need about one registration, fetched in a constant number of statements."""

    def __init__(self, registration: DealRegistration):
        self.registration = registration
        self.keys = keys_of_registration(registration)
        file = registration.approval
        self.sequence = file.sequence if file else 0
        self.confirmed = file.customer if file else None
        self.deal = deal_of(registration, file)
        self.customers = self._customers()
        self.lines = lines_of(registration)
        self.others = self._other_registrations()

    def _customers(self) -> dict[Any, tuple[Customer, list[dict[str, str]], str]]:
        """The customers it may be: id → (customer, evidence, band); the confirmed one alone when there is one."""
        if self.confirmed:
            return {self.confirmed.pk: (self.confirmed, [{"kind": "customer", "value": self.confirmed.name}], CERTAIN)}
        shared = sharing(self.keys, "customer")
        rows = Customer.objects.in_bulk(list(shared)[:200])
        return {pk: (row, explain(shared[pk]), band(shared[pk])) for pk, row in rows.items()}

    def _other_registrations(self) -> list[tuple[DealRegistration, list[dict[str, str]], str, int]]:
        """Live registrations of the same customer: (registration, evidence, band, sequence), oldest first.

        By what two partners wrote, and by the customer's own keys where one of the two is confirmed.
        """
        shared = sharing(self.keys, "deal_registration", without=self.registration.pk)
        by_customer = self._written_like_the_customer()
        files = {
            file.registration_id: file
            for file in Approval.objects.of_present_submission()
            .filter(Q(registration__in=[*shared, *by_customer]) | Q(customer__in=list(self.customers)))
            .select_related("customer")
        }
        rows = (
            DealRegistration.objects.filter(pk__in=list(files))
            .filter(Q(review_status__in=OPEN_REVIEW) | Q(protection_status__in=RUNNING))
            .exclude(pk=self.registration.pk)
            .select_related("partner", "participant")
            .prefetch_related("lines__product__line")
        )
        supplied = self._supply_pairs({row.partner_id for row in rows})
        found = []
        for row in rows:
            file = files[row.pk]
            if row.partner_id in supplied or self._one_deal(row, file) or self._bidders(row):
                continue
            if self.confirmed and file.customer and file.customer_id != self.confirmed.pk:
                continue  # two people said: two customers
            if file.customer_id in self.customers:
                _customer, evidence, sure = self.customers[file.customer_id]
            else:
                evidence, sure = explain(by_customer.get(row.pk, set())), band(by_customer.get(row.pk, set()))
            own = shared.get(row.pk, set())
            evidence = [*evidence, *(fact for fact in explain(own) if fact not in evidence)]
            sure = CERTAIN if CERTAIN in (sure, band(own)) else LIKELY
            if evidence:
                found.append((row, evidence, sure, file.sequence))
        return sorted(found, key=lambda item: item[3])

    def _written_like_the_customer(self) -> dict[Any, Keys]:
        """Registrations that share keys with the confirmed customer, whatever this partner wrote."""
        if not self.confirmed:
            return {}
        known = keys_of_customers([self.confirmed.pk]).get(self.confirmed.pk, set())
        return sharing(known, "deal_registration", without=self.registration.pk)

    def _supply_pairs(self, partner_ids: set) -> set:
        """Those of the partners that supply this one, or are supplied by it."""
        mine = self.registration.partner_id
        relations = SupplyRelation.objects.in_force().filter(
            Q(distributor=mine, reseller__in=partner_ids) | Q(reseller=mine, distributor__in=partner_ids)
        )
        return {pk for pair in relations.values_list("distributor", "reseller") for pk in pair} - {mine}

    def _one_deal(self, other: DealRegistration, file: Approval) -> bool:
        return self.deal is not None and self.deal == deal_of(other, file)

    def _bidders(self, other: DealRegistration) -> bool:
        return self.registration.type == other.type == RegistrationType.TENDER

    def overlap(self, other: DealRegistration) -> list[str]:
        """Names of the product lines both are about, where the places can be the same."""
        one, two = self.registration, other
        if one.scope != "whole" and two.scope != "whole" and one.place_name.casefold() != two.place_name.casefold():
            return []
        return sorted(self.lines.keys() & lines_of(other).keys())


def deal_of(registration: DealRegistration, file: Approval | None) -> Any:
    """The opportunity it led to, or that a person said it is."""
    return registration.participant.opportunity_id if registration.participant else file and file.opportunity_id


def keys_of_registration(registration: DealRegistration) -> Keys:
    """How the partner wrote the customer, as keys."""
    return keys(
        names=[registration.customer_name],
        domains=[registration.customer_domain],
        numbers=[registration.customer_number],
        countries=[registration.customer_country.code or ""],
    )


def lines_of(registration: DealRegistration) -> dict[str, Any]:
    return {row.product.line.name: row.product.line_id for row in registration.lines.all()}


def side(registration: DealRegistration) -> dict[str, Any]:
    """A registration as evidence: what was true when the rule looked."""
    return {
        "partner": registration.partner.name,
        "customer_name": registration.customer_name,
        "customer_domain": registration.customer_domain,
        "customer_country": registration.customer_country.code or "",
        "customer_number": registration.customer_number,
        "lines": sorted(lines_of(registration)),
        "scope": registration.scope,
        "place": registration.place_name,
        "amount": str(registration.amount),
        "currency": registration.currency,
        "submitted_at": registration.submitted_at.isoformat() if registration.submitted_at else "",
        "protected_until": registration.last_protected_day.isoformat() if registration.last_protected_day else "",
    }


def duplicates(around: Surroundings) -> Iterator[Finding]:
    """DUP-1, DUP-2, PROT-1: another live registration of the same customer on the same product line."""
    for other, shared, sure, sequence in around.others:
        if not (overlap := around.overlap(other)):
            continue
        later, earlier = (around.registration, other) if sequence < around.sequence else (other, around.registration)
        evidence = {
            "shared": shared,
            "overlap": overlap,
            "registration": side(later),
            "other": side(earlier),
            "normaliser": NORMALISER,
            "band": sure,
        }
        score = SCORE[sure]
        if later.partner_id == earlier.partner_id:
            yield Finding("DUP-2", ConflictKind.DUPLICATE, Severity.LOW, score, later, other=earlier, evidence=evidence)
        elif earlier.protection_status in RUNNING:
            severity = Severity.CRITICAL if sure == CERTAIN else Severity.HIGH
            yield Finding("PROT-1", ConflictKind.OVERLAP, severity, score, later, other=earlier, evidence=evidence)
        else:
            severity = Severity.HIGH if sure == CERTAIN else Severity.MEDIUM
            yield Finding("DUP-1", ConflictKind.DUPLICATE, severity, score, later, other=earlier, evidence=evidence)


def direct(around: Surroundings) -> Iterator[Finding]:
    """DIR-1: direct sales has an open opportunity with a customer this may be, opened before or after."""
    rows = Opportunity.objects.open().filter(route=Route.DIRECT, customer__in=list(around.customers))
    if around.deal:
        rows = rows.exclude(pk=around.deal)
    for row in rows.select_related("customer").prefetch_related("lines__line"):
        lines = {line.line.name for line in row.lines.all()}
        overlap = sorted(around.lines.keys() & lines) if lines else sorted(around.lines)
        if not overlap:
            continue
        _customer, shared, sure = around.customers[row.customer_id]
        severity = Severity.HIGH if row.stage != "prospect" and sure == CERTAIN else Severity.MEDIUM
        evidence = {
            "shared": shared,
            "overlap": overlap,
            "registration": side(around.registration),
            "other": {
                "opportunity": row.name,
                "stage": row.stage,
                "amount": str(row.amount) if row.amount is not None else "",
                "currency": row.currency,
                "opened_on": row.opened_on.isoformat() if row.opened_on else "",
                "customer_name": row.customer.name,
            },
            "normaliser": NORMALISER,
            "band": sure,
        }
        yield Finding(
            "DIR-1",
            ConflictKind.DIRECT,
            severity,
            SCORE[sure],
            around.registration,
            opportunity=row,
            customer=row.customer,
            evidence=evidence,
        )


def reserved(customer: Customer, registration: DealRegistration) -> dict[str, Any]:
    """A reserved customer as evidence; of its spellings, domains and numbers those nearest to what was registered."""
    names = [customer.name, *customer.names.order_by("pk").values_list("name", flat=True)]
    domains = list(customer.domains.order_by("pk").values_list("domain", flat=True))
    numbers = list(customer.identifiers.order_by("pk").values_list("value", flat=True))
    return {
        "account": customer.name,
        "team": customer.team.name if customer.team else "",
        "customer_name": nearest(names, registration.customer_name, name_key),
        "customer_domain": nearest(domains, registration.customer_domain, domain_key),
        "customer_country": customer.country.code or "",
        "customer_number": nearest(numbers, registration.customer_number, number_key),
    }


def nearest(known: list[str], written: str, key: Callable[[str], str]) -> str:
    """Of what is known the one that was written, else the first."""
    return next((text for text in known if key(text) == key(written)), known[0] if known else "")


def house_account(around: Surroundings) -> Iterator[Finding]:
    """HOUSE-1: the customer is reserved for the vendor's own team."""
    for customer, shared, sure in around.customers.values():
        if customer.house_account:
            evidence = {
                "shared": shared,
                "customer": customer.name,
                "registration": side(around.registration),
                "other": reserved(customer, around.registration),
                "overlap": sorted(around.lines),
                "normaliser": NORMALISER,
                "band": sure,
            }
            yield Finding(
                "HOUSE-1",
                ConflictKind.HOUSE,
                Severity.HIGH,
                SCORE[sure],
                around.registration,
                customer=customer,
                evidence=evidence,
            )


# Where unsolicited demand may always be served: the European Union, Iceland, Liechtenstein and Norway.
EEA = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split())


def territory(around: Surroundings) -> Iterator[Finding]:
    """TERR-1: the customer lies outside the partner's territory, by the rules in force on the day of submission."""
    registration = around.registration
    if registration.submitted_at is None:
        return
    resolution = coverage_of(registration, around.confirmed)
    outside = [
        answer
        for answer in resolution.answers
        if answer.state != HOUSE and registration.partner not in answer.holders  # house accounts: HOUSE-1
    ]
    if not outside:
        return
    evidence = resolution.evidence
    passive = registration.initiative == Initiative.PASSIVE and registration.initiative_evidence.strip()
    if passive and evidence["inputs"].get("country") in EEA:
        return
    states = {answer.state for answer in outside}
    submitted_on = date.fromisoformat(evidence["inputs"]["on"])
    if states == {UNASSIGNED} and not TerritoryRule.objects.in_force(submitted_on).exists():
        return  # territories are not in use yet
    severity = Severity.HIGH if EXCLUSIVE in states else Severity.LOW if states == {UNASSIGNED} else Severity.MEDIUM
    yield Finding(
        "TERR-1",
        ConflictKind.TERRITORY,
        severity,
        SCORE[CERTAIN],
        registration,
        evidence={
            "registration": side(registration),
            "outside": [line.name for answer in outside for line in answer.lines],
            "initiative": registration.initiative,
            "coverage": evidence,
        },
    )


def protected_at_once(one: DealRegistration, two: DealRegistration) -> Finding:
    """Two partners protected on what two rows say of one customer: whoever came first is the other side."""
    earlier, later = sorted((one, two), key=lambda row: (row.submitted_at, row.pk))
    evidence = {
        "registration": side(later),
        "other": side(earlier),
        "overlap": sorted(lines_of(later).keys() & lines_of(earlier).keys()),
        "shared": [],
        "band": CERTAIN,
    }
    return Finding(
        "PROT-3", ConflictKind.OVERLAP, Severity.CRITICAL, SCORE[CERTAIN], later, other=earlier, evidence=evidence
    )


def protected_twice(around: Surroundings) -> Iterator[Finding]:
    """PROT-3: a refused merge of two customers stays in view while both protections run."""
    rows = Conflict.objects.touching(around.registration).filter(rule="PROT-3")
    for row in rows.select_related("registration__partner", "other__partner"):
        if row.other and row.registration.is_protected and row.other.is_protected:
            yield protected_at_once(row.registration, row.other)


RULES = (duplicates, direct, house_account, territory, protected_twice)


def findings(registration: DealRegistration) -> list[Finding]:
    """All that the rules find about a registration; nothing once it is neither open nor protected."""
    if not (registration.is_open or registration.is_protected):
        return []
    around = Surroundings(registration)
    return [finding for rule in RULES for finding in rule(around)]
