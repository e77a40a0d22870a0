"""Which keys a record has, and which records share them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from territories.matching.models import KeyKind, MatchKey
from territories.matching.normalise import domain_key, name_key, number_key
from territories.models import Customer

Keys = set[tuple[str, str]]
CERTAIN = "certain"
LIKELY = "likely"
POSSIBLE = "possible"


def keys(*, names=(), domains=(), numbers=(), countries=("",)) -> Keys:
    """The keys of a record that is written in these ways: {(kind, value), …}."""
    found: Keys = {(KeyKind.DOMAIN, key) for domain in domains if (key := domain_key(domain))}
    found |= {(KeyKind.NUMBER, key) for number in numbers if (key := number_key(number))}
    found |= {
        (KeyKind.NAME, f"{key[:290]}|{country}") for name in names if (key := name_key(name)) for country in countries
    }
    return found


def keys_of_customers(ids) -> dict[Any, Keys]:
    """The keys of these customers, whatever their number, in five statements."""
    parts: dict[Any, dict[str, list]] = defaultdict(
        lambda: {"names": [], "domains": [], "numbers": [], "countries": []}
    )
    for customer in Customer.objects.filter(pk__in=ids).only("pk", "name", "country", "website"):
        part = parts[customer.pk]
        part["names"].append(customer.name)
        part["countries"].append(customer.country.code or "")
        part["domains"].append(customer.website)
    for field, relation, column in (
        ("names", "names", "name"),
        ("domains", "domains", "domain"),
        ("numbers", "identifiers", "value"),
    ):
        for pk, value in (
            Customer.objects.filter(pk__in=list(parts))
            .exclude(**{f"{relation}__{column}": None})
            .values_list("pk", f"{relation}__{column}")
        ):
            parts[pk][field].append(value)
    return {pk: keys(**part) for pk, part in parts.items()}


def index(subject_type: str, by_subject: dict[Any, Keys]) -> None:
    """Keep the keys of these records; what they no longer have is forgotten. Safe to repeat."""
    MatchKey.objects.filter(subject_type=subject_type, subject_id__in=list(by_subject)).delete()
    MatchKey.objects.bulk_create(
        [
            MatchKey(kind=kind, value=value, subject_type=subject_type, subject_id=subject_id)
            for subject_id, found in by_subject.items()
            for kind, value in sorted(found)
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )


def index_customers(ids) -> None:
    """Index customers by whatever they are called today; one that is gone is forgotten."""
    nothing: dict[Any, Keys] = {UUID(str(pk)): set() for pk in ids}
    index("customer", nothing | keys_of_customers(ids))


def sharing(found: Keys, subject_type: str, without=None) -> dict[Any, Keys]:
    """Records of that type that share at least one of these keys: {id: shared keys}."""
    if not found:
        return {}
    condition = Q()
    for kind in {kind for kind, _value in found}:
        condition |= Q(kind=kind, value__in=[value for k, value in found if k == kind])
    shared: dict[Any, Keys] = defaultdict(set)
    rows = MatchKey.objects.filter(condition, subject_type=subject_type)
    for key in rows.exclude(subject_id=without) if without else rows:
        shared[key.subject_id].add((key.kind, key.value))
    return dict(shared)


def band(shared: Keys) -> str:
    """How sure shared keys make us: an official number, or website and name together, are certain; one of these alone is likely."""
    kinds = {kind for kind, _value in shared}
    if KeyKind.NUMBER in kinds or {KeyKind.DOMAIN, KeyKind.NAME} <= kinds:
        return CERTAIN
    return LIKELY if kinds else POSSIBLE


class Candidate(NamedTuple):
    """A customer a record may be, and what speaks for it."""

    customer: Customer
    band: str
    shared: list[dict[str, str]]  # [{"kind": "domain", "value": "acme.com"}], strongest first


def candidates(found: Keys, limit: int = 10) -> list[Candidate]:
    """The customers that share keys, the most certain first; ties by name."""
    shared = sharing(found, "customer")
    rows = Customer.objects.in_bulk(list(shared)[:200])
    order = {CERTAIN: 0, LIKELY: 1, POSSIBLE: 2}
    listed = [Candidate(rows[pk], band(values), explain(values)) for pk, values in shared.items() if pk in rows]
    return sorted(listed, key=lambda c: (order[c.band], -len(c.shared), c.customer.name, str(c.customer.pk)))[:limit]


def explain(shared: Keys) -> list[dict[str, str]]:
    """Shared keys as evidence, strongest first."""
    order = {KeyKind.NUMBER: 0, KeyKind.DOMAIN: 1, KeyKind.NAME: 2}
    return [
        {"kind": str(kind), "value": value.split("|")[0] if kind == KeyKind.NAME else value}
        for kind, value in sorted(shared, key=lambda key: (order[KeyKind(key[0])], key[1]))
    ]
