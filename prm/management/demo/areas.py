"""The vendor's territories: a small tree, what belongs where, and who may sell there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects
from psycopg2.extras import DateRange

from partners.catalogue.models import ProductLine
from prm import events
from prm.calendar import business_zone
from prm.events.models import Event
from prm.events.record import record_all
from prm.management.demo.clock import Clock
from territories.coverage import Question, cover, facts_of, holders_of
from territories.models import CustomerAddress, Territory, TerritoryAssignment, TerritoryRule

if TYPE_CHECKING:
    from prm.management.demo.plan import Deal
    from prm.management.demo.world import World

# Name, code, code of the territory above, countries or regions.
TREE = [
    ("World", "WORLD", "", ""),
    ("EMEA", "EMEA", "WORLD", ""),
    ("France", "FR", "EMEA", "FR"),
    ("Île-de-France", "FR-IDF", "FR", "FR-IDF"),
    ("British Isles", "GB-IE", "EMEA", "GB IE"),
    ("DACH", "DACH", "EMEA", "DE AT CH"),
    ("Bastion en Suisse", "CH-BASTION", "DACH", ""),
    ("Benelux", "BENELUX", "EMEA", "BE NL LU"),
    ("Nordics", "NORDICS", "EMEA", "NO SE DK FI"),
    ("España", "ES", "EMEA", "ES"),
    ("Southern Europe", "SOUTH", "EMEA", "IT PT"),
    ("Named accounts", "NAMED", "WORLD", ""),
]
SHARED = ("FR", "GB-IE", "DACH", "BENELUX")
EXCLUSIVE = {
    "FR-IDF": "Cobalt Réseaux",
    "CH-BASTION": "Helix Systems",
    "NORDICS": "Nordwind GmbH",
    "NAMED": "Vertex Solutions",
}
LEFT = timedelta(days=200)  # since when a terminated partner sells no more
MOST = 200  # partners that share a territory


def build(world: World, clock: Clock, now: datetime, begin: datetime) -> None:
    """The tree with its rules from the beginning; partners share it from the day they join."""
    clock.moment, by = begin, world.people["owner"]
    since = DateRange(begin.date(), None)
    made: dict[str, Territory] = {}
    for name, code, above, places in TREE:
        made[code] = Territory.objects.create(name=name, code=code, parent=made.get(above))
        events.record(made[code], "created", by=by, name=name)
        for place in places.split():
            region = place if "-" in place else ""
            rule_of(made[code], since, by, country=place[:2], region=region)
    rule_of(
        made["CH-BASTION"], since, by, country="CH", product_line=ProductLine.objects.get(name="Bastion"), priority=10
    )
    rule_of(made["NAMED"], since, by, customer=world.customer("Universität Talheim"), priority=10)
    CustomerAddress.objects.filter(customer=world.customer("Garage Montjoie")).update(
        street="12 rue des Tanneurs", postcode="75011", city="Paris", region="FR-IDF"
    )
    for code, partner in EXCLUSIVE.items():
        hold(made[code], since, by, partner=world.partners[partner])
    hold(made["FR"], since, by, team=world.teams["Cloud specialists"], kind="overlay")
    hold(
        made["ES"],
        DateRange(begin.date(), (begin + (now - begin) * 0.7).date()),
        by,
        partner=world.partners["Atlas Cloud"],
    )
    next_month = (now.date().replace(day=1) + timedelta(days=32)).replace(day=1)
    hold(made["ES"], DateRange(next_month, None), by, partner=world.partners["Delta Informatique"])
    share(world, clock, [made[code] for code in SHARED], (now - LEFT).date())


def rule_of(territory: Territory, since: DateRange, by: Any, **criteria: Any) -> None:
    rule = TerritoryRule.objects.create(territory=territory, period=since, **criteria)
    events.record(rule, "created", by=by, territory=territory.name)


def hold(territory: Territory, period: DateRange, by: Any, **holder: Any) -> None:
    TerritoryAssignment.assign(territory, by=by, period=period, **holder)


def share(world: World, clock: Clock, territories: list[Territory], left: date) -> None:
    """Whoever sells shares the great territories; who was let go did until then."""
    by = world.people["owner"]
    sellers = [row for row in world.partners.values() if row.status in ("active", "suspended", "terminated")][:MOST]
    told: list[Event] = []
    for joined in sorted({partner.created_at for partner in sellers}):
        clock.moment = joined
        rows = [
            TerritoryAssignment(
                territory=territory,
                territory_name=territory.name,
                partner=partner,
                kind="shared",
                period=DateRange(
                    joined.date(), left if partner.status == "terminated" and joined.date() < left else None
                ),
            )
            for partner in sellers
            if partner.created_at == joined
            for territory in territories
        ]
        told += [
            Event(
                subject_type="territory_assignment",
                subject_id=row.pk,
                verb="created",
                partner_id=row.partner_id,
                actor_id=by.pk,
                actor_name=by.name,
                actor_side="vendor",
                payload={"territory": row.territory_name, "territory_id": str(row.territory_id), "kind": "shared"},
                at=joined,
            )
            for row in TerritoryAssignment.objects.bulk_create(rows)
        ]
    record_all(told)


def outside(deals: list[Deal]) -> list[Any]:
    """The ids of those registrations that lie, on one of their lines at least, outside their partner's territory."""
    prefetch_related_objects([deal.customer for deal in deals], "addresses", "parents")
    asked = [(deal, line) for deal in deals for line in dict.fromkeys(product.line_id for product in deal.products)]
    days = {id(deal): day_of(deal.row.registration["submitted_at"]) for deal in deals}
    covered = cover(
        [
            Question(**facts_of(deal.customer), line=line, roles=tuple(deal.partner.types), on=days[id(deal)])
            for deal, line in asked
        ]
    )
    holders = holders_of({found[0] for found in covered if found})
    return list(
        dict.fromkeys(
            deal.row.registration["id"]
            for (deal, _line), found in zip(asked, covered, strict=True)
            if not found
            or not any(
                row.partner_id == deal.partner.pk and row.is_in_force(days[id(deal)]) for row in holders[found[0]]
            )
        )
    )


def day_of(at: datetime) -> date:
    """The day on the vendor's calendar."""
    return at.astimezone(business_zone()).date()
