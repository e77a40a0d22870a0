"""Who may sell to a customer, per product line, and why.

Every rule in force whose criteria all fit is looked at. Within a territory the strongest one says whether it is in or out: the
higher priority, then the more specific; where both are equal, taking out wins. Among the territories that are in, the strongest
rule wins again; of equals the deeper node of the tree, then the code that comes first. ``decide`` says so in Python and keeps
the trail for people; ``cover`` says the same in one SQL statement for any number of questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from prm.calendar import business_today
from territories.models import AssignmentKind, Customer, Territory, TerritoryAssignment, TerritoryRule
from territories.models.customer import CustomerAddress
from territories.models.territory import PER_POSTAL_CHARACTER, WEIGHTS
from territories.wording import EXCLUSIVE, HOUSE, OPEN, SHARED, UNASSIGNED, answer_words

RULE, VERSION = "coverage", 1


@dataclass(frozen=True)
class Question:
    """One thing to sell, somewhere, on a day. ``customers`` are the customer and what it is part of; ``roles`` the partner's types."""

    country: str = ""
    region: str = ""
    postcode: str = ""
    industry: str = ""
    segment: str = ""
    customers: tuple[UUID, ...] = ()
    line: UUID | None = None
    roles: tuple[str, ...] = ()
    on: date = field(default_factory=business_today)

    def fits(self, rule: TerritoryRule) -> bool:
        """Every criterion the rule gives is met."""
        return (
            rule.country.code in (None, "", self.country)
            and rule.region in ("", self.region)
            and self.postcode.startswith(rule.postal_prefix)
            and rule.industry.lower() in ("", self.industry.lower())
            and rule.segment.lower() in ("", self.segment.lower())
            and (rule.customer_id is None or rule.customer_id in self.customers)
            and (rule.product_line_id is None or rule.product_line_id == self.line)
            and (not rule.partner_role or rule.partner_role in self.roles)
            and rule.period.lower <= self.on
            and (rule.period.upper is None or self.on < rule.period.upper)
        )


def place(country: str, region: str = "", postcode: str = "") -> dict[str, str]:
    """A place as rules write it: ISO 3166-2 with its country in front, postal code without spaces."""
    region = region.strip().upper()
    if region and country and not region.startswith(f"{country}-"):
        region = f"{country}-{region}"
    return {"country": country, "region": region, "postcode": "".join(postcode.upper().split()).replace("-", "")}


def places_and_parents(customer: Customer) -> tuple[list[CustomerAddress], list[UUID]]:
    """Its places, the oldest first, and its parents' ids; as they came with it, where they did (``with_parts``)."""
    came = vars(customer)
    if "place_rows" in came:
        return [CustomerAddress(**row) for row in came["place_rows"]], [UUID(row["id"]) for row in came["parent_rows"]]
    return sorted(customer.addresses.all(), key=lambda row: row.pk), [row.pk for row in customer.parents.all()]


def facts_of(customer: Customer, country: str = "") -> dict[str, Any]:
    """What rules look at in a customer: its first address in its own country gives region and postal code.

    ``country`` stands in where the customer's is not known.
    """
    country = customer.country.code or country
    addresses, parents = places_and_parents(customer)
    address = next((row for row in addresses if (row.country.code or country) == country), None)
    return {
        **place(country, address.region if address else "", address.postcode if address else ""),
        "industry": customer.industry,
        "segment": customer.segment,
        "customers": (customer.pk, *sorted(parents)),
    }


# Deciding --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """The rule that decides, and every rule that fitted with what became of it, the strongest first."""

    rule: TerritoryRule | None
    trail: list[tuple[TerritoryRule, str]]  # outcomes: decides, weaker, excludes, excluded


def strength(rule: TerritoryRule) -> tuple[int, int]:
    return rule.priority, rule.specificity


def decide(rules: Iterable[TerritoryRule], question: Question) -> Decision:
    """Which territory a question belongs to, from rules with their territories."""
    fitting = sorted(
        (rule for rule in rules if question.fits(rule)),
        key=lambda rule: (-rule.priority, -rule.specificity, rule.include, str(rule.pk)),
    )
    strongest: dict[UUID, TerritoryRule] = {}
    for rule in fitting:
        strongest.setdefault(rule.territory_id, rule)
    standing = [rule for rule in strongest.values() if rule.include]
    winner = min(
        standing,
        key=lambda rule: (-rule.priority, -rule.specificity, -rule.territory.depth, rule.territory.code),
        default=None,
    )
    trail = []
    for rule in fitting:
        if rule is winner:
            outcome = "decides"
        elif not rule.include:
            outcome = "excludes" if strongest[rule.territory_id] is rule else "weaker"
        else:
            outcome = "weaker" if strongest[rule.territory_id].include else "excluded"
        trail.append((rule, outcome))
    return Decision(winner, trail)


SPECIFICITY = " + ".join(
    f"CASE WHEN r.{name}_id IS NULL THEN 0 ELSE {weight} END"
    if name in ("customer", "product_line")
    else f"CASE WHEN r.{name} = '' THEN 0 ELSE {weight} END"
    for name, weight in WEIGHTS.items()
)
COVER = """
WITH asked AS (
    SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[],
        %s::date[]) AS q (i, country, region, postcode, industry, segment, customers, line, roles, day)
), strongest AS (
    SELECT DISTINCT ON (q.i, r.territory_id) q.i, r.id, r.territory_id, r.include, r.priority, s.specificity, t.path, t.code
    FROM asked q
    JOIN territories_territoryrule r ON r.period @> q.day AND r.country IN ('', q.country) AND r.region IN ('', q.region)
        AND starts_with(q.postcode, r.postal_prefix) AND lower(r.industry) IN ('', lower(q.industry))
        AND lower(r.segment) IN ('', lower(q.segment))
        AND (r.customer_id IS NULL OR r.customer_id = ANY (q.customers::uuid[]))
        AND (r.product_line_id IS NULL OR r.product_line_id = q.line)
        AND (r.partner_role = '' OR r.partner_role = ANY (q.roles::text[]))
    JOIN territories_territory t ON t.id = r.territory_id AND t.active
    CROSS JOIN LATERAL (SELECT [specificity] AS specificity) s
    ORDER BY q.i, r.territory_id, r.priority DESC, s.specificity DESC, r.include, r.id
)
SELECT DISTINCT ON (i) i, territory_id, id FROM strongest WHERE include
ORDER BY i, priority DESC, specificity DESC, length(path) - length(replace(path, '/', '')) DESC, code COLLATE "C"
""".replace("[specificity]", f"{SPECIFICITY} + {PER_POSTAL_CHARACTER} * length(r.postal_prefix)")  # nosec B608 # column names and weights of ours
# The same for a set ``asked`` of one's own, such as every deal of a ledger.
DECIDED = "WITH " + COVER[COVER.index("strongest AS (") :]


def cover(questions: Sequence[Question]) -> list[tuple[UUID, UUID] | None]:
    """The territory and the deciding rule of each question, in one statement; None where no territory covers it."""
    if not questions:
        return []
    columns = [
        list(range(len(questions))),
        *([getattr(q, name) for q in questions] for name in ("country", "region", "postcode", "industry", "segment")),
        ["{" + ",".join(map(str, q.customers)) + "}" for q in questions],
        [str(q.line) if q.line else None for q in questions],
        ["{" + ",".join(q.roles) + "}" for q in questions],
        [q.on for q in questions],
    ]
    answers: list[tuple[UUID, UUID] | None] = [None] * len(questions)
    with connection.cursor() as cursor:
        cursor.execute(COVER, columns)
        for i, territory, rule in cursor.fetchall():
            answers[i] = (territory, rule)
    return answers


def holders_of(territories: Iterable[UUID]) -> dict[UUID, list[TerritoryAssignment]]:
    """All assignments of these territories, whatever their dates; one statement."""
    found: dict[UUID, list[TerritoryAssignment]] = defaultdict(list)
    rows = TerritoryAssignment.objects.filter(territory__in=set(territories)).select_related("partner", "team")
    for row in rows.order_by("kind", "period", "pk"):
        found[row.territory_id].append(row)
    return found


# The answer, for people and programs -------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """Who may sell these product lines (no line: any product), with the trail of rules."""

    lines: list[ProductLine]
    decision: Decision
    assignments: list[TerritoryAssignment]
    house: bool = False

    @property
    def territory(self) -> Territory | None:
        return self.decision.rule.territory if self.decision.rule else None

    @property
    def holders(self) -> list[Partner | Team]:
        return [row.holder for row in self.assignments if row.holder]

    @property
    def state(self) -> str:
        """house, unassigned (no territory), open (nobody holds it), shared or exclusive."""
        if self.house:
            return HOUSE
        if self.territory is None:
            return UNASSIGNED
        kinds = {row.kind for row in self.assignments}
        return EXCLUSIVE if AssignmentKind.EXCLUSIVE in kinds else SHARED if AssignmentKind.SHARED in kinds else OPEN

    def evidence(self) -> dict[str, Any]:
        rule = self.decision.rule
        out: dict[str, Any] = {
            "lines": [line.name for line in self.lines],
            "line_ids": [str(line.pk) for line in self.lines],
            "state": self.state,
            "holders": [
                {
                    "name": str(row.holder),
                    "partner": str(row.partner_id or ""),
                    "team": str(row.team_id or ""),
                    "kind": row.kind,
                    "last_day": row.last_day.isoformat() if row.period and row.last_day else "",
                }
                for row in self.assignments
            ],
            "rules": [
                {
                    "id": str(row.pk),
                    "version": row.version,
                    "territory": row.territory.name,
                    "include": row.include,
                    "priority": row.priority,
                    "specificity": row.specificity,
                    "basis": row.basis,
                    "outcome": outcome,
                }
                for row, outcome in self.decision.trail
            ],
        }
        if rule and not self.house:
            out |= {
                "territory": rule.territory.name,
                "territory_id": str(rule.territory_id),
                "rule_id": str(rule.pk),
                "rule_version": rule.version,
                "priority": rule.priority,
                "specificity": rule.specificity,
                "basis": rule.basis,
            }
        return out


@dataclass
class Resolution:
    """The answers to one question, product line by product line; lines with the same answer stand together."""

    inputs: dict[str, Any]
    answers: list[Answer]

    @property
    def territory(self) -> Territory | None:
        """The territory of all lines; None where they lie in different ones, or in none."""
        found = {answer.territory for answer in self.answers}
        return found.pop() if len(found) == 1 else None

    @property
    def holders(self) -> list[Partner | Team]:
        """Those who may sell every line that was asked for."""
        first, *others = [answer.holders for answer in self.answers]
        return [holder for holder in first if all(holder in holders for holders in others)]

    @property
    def evidence(self) -> dict[str, Any]:
        """Inputs, rule, version and what was found, as it is stored."""
        return {
            "rule": RULE,
            "version": VERSION,
            "inputs": self.inputs,
            "answers": [answer.evidence() for answer in self.answers],
        }

    @property
    def explanation(self) -> str:
        """The answers as sentences, in the reader's language."""
        return explain(self.evidence)


def explain(evidence: dict[str, Any]) -> str:
    """Stored evidence as sentences, in the reader's language."""
    return " ".join(answer_words(answer, evidence["inputs"]) for answer in evidence["answers"])


def rules_for(questions: Sequence[Question]) -> list[TerritoryRule]:
    """The rules that may decide these questions; one statement."""
    rows = TerritoryRule.objects.filter(
        Q(country="") | Q(country__in={q.country for q in questions}), territory__active=True
    )
    days = {q.on for q in questions}
    if len(days) == 1:
        rows = rows.filter(period__contains=days.pop())
    return list(rows.select_related("territory", "product_line", "customer"))


def resolve(
    country: str = "",
    region: str = "",
    lines: Iterable[ProductLine] = (),
    customer: Customer | None = None,
    on: date | None = None,
    *,
    postcode: str = "",
    industry: str = "",
    segment: str = "",
    roles: Iterable[str] = (),
    named_lines: bool = False,
) -> Resolution:
    """Who may sell these lines to the customer, or in that place, on a day; ``roles`` are the types of the partner who asks.

    ``named_lines`` adds the product lines that rules name, beside the answer for every other product.
    """
    on = on or business_today()
    facts: dict[str, Any] = {**place(country, region, postcode), "industry": industry, "segment": segment}
    if customer is not None:
        facts = facts_of(customer, country)
    chosen = sorted(set(lines), key=lambda line: (line.name, line.pk))
    base = Question(**facts, roles=tuple(sorted(roles)), on=on)
    inputs = {
        **{name: value for name, value in facts.items() if name != "customers" and value},
        **({"customer": customer.name, "customer_id": str(customer.pk)} if customer else {}),
        "lines": [line.name for line in chosen],
        "on": on.isoformat(),
        **({"roles": list(base.roles)} if base.roles else {}),
    }
    if customer is not None and customer.house_account:
        team = [TerritoryAssignment(team=customer.team, kind=AssignmentKind.EXCLUSIVE)] if customer.team_id else []
        return Resolution(inputs, [Answer(chosen, Decision(None, []), team, house=True)])
    rules = rules_for([base])
    decisions: dict[ProductLine | None, Decision] = {}
    if named_lines or not chosen:
        decisions[None] = decide(rules, base)
    if named_lines:
        named = {rule.product_line for rule in rules if rule.product_line and rule.product_line.is_active}
        chosen = sorted({*chosen, *named}, key=lambda line: (line.name, line.pk))
        inputs["lines"] = [line.name for line in chosen]
    decisions |= {line: decide(rules, replace(base, line=line.pk)) for line in chosen}
    held = holders_of(d.rule.territory_id for d in decisions.values() if d.rule)
    grouped: dict[Any, Answer] = {}
    for line, decision in decisions.items():
        key = (decision.rule and decision.rule.pk, tuple((row.pk, outcome) for row, outcome in decision.trail))
        if key not in grouped:
            rows = held[decision.rule.territory_id] if decision.rule else []
            grouped[key] = Answer([], decision, [row for row in rows if row.is_in_force(on)])
        if line is not None:
            grouped[key].lines.append(line)
    return Resolution(inputs, list(grouped.values()))
