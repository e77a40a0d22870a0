"""What happens to which deal and when, decided before anything is written.

A plan is told twice in the same words: ``verbs`` does it step by step through the product's own verbs, ``bulk`` writes what they
would leave. Same seed, same plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from partners.catalogue.models import Product
from partners.models import Partner, User
from prm.calendar import add_business_days, business_zone, due_by
from prm.management.demo import names
from prm.management.demo.clock import night_of, office_hours
from prm.management.demo.world import CURRENCIES, World
from territories.models import Customer

# What becomes of a registration, and how often, in parts of a thousand.
FATES = {
    "won": 180,
    "lost": 90,
    "working": 150,
    "released": 40,
    "answered": 30,
    "rejected": 230,
    "expired": 60,
    "cancelled": 70,
    "recalled": 40,
    "draft": 50,
    "slow": 60,
}
APPROVED = ("won", "lost", "working", "released", "answered", "slow")
REJECTIONS = [
    "existing_customer",
    "not_qualified",
    "outside_territory",
    "duplicate",
    "direct_engaged",
    "ineligible_partner",
    "other",
]
MESSAGES = {
    "not_qualified": "Revenez vers nous quand le budget est confirmé.",
    "outside_territory": "This site belongs to another sales region.",
    "other": "The project was given up by the customer.",
}
LOST = [
    ("price", "Un concurrent 15 % moins cher."),
    ("no_decision", ""),
    ("no_budget", "The budget went to another project."),
    ("competitor", ""),
    ("product", "Le client veut un hébergement sur place."),
]
GIVEN_UP = {"stage": "lost", "cause": "no_decision", "reason": ""}  # nothing stays open for years
STAGES = ["technical_validation", "business_validation", "committed"]
PROTECTION = 90
RETURN = 10
# Partners that begin nothing new since so many days: one fades, one was let go.
FADED = {"Lac & Sommet": timedelta(days=200), "Orion Négoce": timedelta(days=200)}


class Step(NamedTuple):
    """One thing that happens: ``verb`` is the method both tellers have for it."""

    at: datetime
    verb: str
    facts: dict[str, Any] = {}


@dataclass
class Deal:
    """A registration, or a direct opportunity (no ``partner``), and all that happens to it."""

    customer: Customer
    products: list[Product]
    values: dict[str, Any]
    manager: User
    partner: Partner | None = None
    seller: User | None = None
    steps: list[Step] = field(default_factory=list)
    row: Any = None  # what the teller made of it


class Planner:
    """Deals of a world, from a seed. No two deals of one customer are alive at the same time, unless told so by name."""

    def __init__(self, world: World, random: Random, now: datetime, crowded: bool = False):
        self.world, self.random, self.now = world, random, now
        self.crowded = crowded  # with every customer taken, a further registration is rejected; else that is an error
        self.today = now.astimezone(business_zone()).date()
        self.busy: dict[Any, datetime] = {}
        self.sellers = [
            partner
            for partner in world.partners.values()
            if partner.status in ("active", "suspended", "terminated")
            and not {"distributor", "referral"} & set(partner.types)
        ]
        self.weights = [
            (1 if partner.status == "active" else 0.2) / (n + 2) ** 0.5 for n, partner in enumerate(self.sellers)
        ]
        self.cumulative = list(accumulate(self.weights))
        self.rank = {partner.pk: n for n, partner in enumerate(self.sellers)}
        open_customers = [customer for customer in world.customers if not customer.house_account]
        self.customers = [customer for n, customer in enumerate(open_customers) if n % 20 != 19]
        self.of_direct_sales = [customer for n, customer in enumerate(open_customers) if n % 20 == 19]
        self.reserved: set = set()

    # When -----------------------------------------------------------------------------------------------------------------

    def later(self, moment: datetime, least: float, most: float) -> datetime:
        """Between so many hours after, while somebody works."""
        seconds = self.random.uniform(least, most) * 3600
        return office_hours((moment + timedelta(seconds=seconds)).replace(microsecond=0))

    def ago(self, business_days: int, hour: float = 10) -> datetime:
        """That many business days back, at that hour of the vendor's day; never later than a quarter of an hour ago."""
        day = self.today
        while business_days:
            day -= timedelta(days=1)
            business_days -= add_business_days(day, 0) == day
        moment = datetime.combine(day, time(int(hour), int(hour % 1 * 60)), business_zone()).astimezone(self.now.tzinfo)
        return min(moment, self.now.replace(second=0, microsecond=0) - timedelta(minutes=15))

    def submitted_for(self, due: date, hour: float = 10) -> datetime:
        """When a deal was submitted whose decision is due on that (business) day."""
        day = due
        while add_business_days(day, 2) > due:
            day -= timedelta(days=1)
        return datetime.combine(day, time(int(hour), int(hour % 1 * 60)), business_zone()).astimezone(self.now.tzinfo)

    # Deals ----------------------------------------------------------------------------------------------------------------

    def many(self, count: int, begin: datetime) -> Iterator[Deal]:
        """``count`` registrations from ``begin`` on, more of them lately, in the order of their beginnings."""
        fates, weights = list(FATES), list(FATES.values())
        span = self.now - begin
        for n in range(count):
            start = office_hours((begin + span * ((n + self.random.random()) / count) ** 0.8).replace(microsecond=0))
            start = min(start, self.ago(0, 23))
            who = self._partner(start)
            fate = self._skill(who, self.random.choices(fates, weights)[0])
            yield self.registration(fate, start, partner=who.name)

    def registration(
        self,
        fate: str,
        start: datetime,
        *,
        customer: str = "",
        partner: str = "",
        lines: tuple[str, ...] = (),
        **values: Any,
    ) -> Deal:
        """One registration with its fate; what is not named is drawn."""
        who = self.world.partners[partner] if partner else self._partner(start)
        whom = self.world.customer(customer) if customer else self._customer(start)
        if whom is None:
            whom, fate = self.random.choice(self.customers), "rejected"
        people = self.world.sellers[who.pk]
        deal = Deal(
            customer=whom,
            products=self._products(lines),
            values={},
            manager=who.channel_manager,
            partner=who,
            seller=people[min(len(people) - 1, self.random.random() < 0.8)],
        )
        deal.values = self._values(deal, start) | values
        steps = list(self._life(deal, fate, start))
        deal.steps = [step for step in steps if step.at <= self.now]
        if fate != "draft":
            alive = len(deal.steps) < len(steps)
            end = datetime.max.replace(tzinfo=self.now.tzinfo) if alive else deal.steps[-1].at
            # A protection released early counts whole: what is written in bulk is there before the verbs begin.
            kept = [step.at + timedelta(days=PROTECTION + 1) for step in deal.steps if step.verb == "approve"]
            self.busy[whom.pk] = max([end, self.busy.get(whom.pk, end), *kept])
        return deal

    def _partner(self, start: datetime) -> Partner:
        """Of five partners one grows, a third as busy a year ago, and one fades at the same pace."""
        years = (self.now - start) / timedelta(days=365)
        while True:
            partner = self.random.choices(self.sellers, cum_weights=self.cumulative)[0]
            if partner.created_at > start or self.now - start < FADED.get(partner.name, timedelta(0)):
                continue
            trend = self.rank[partner.pk] % 5
            busy = 3**-years if trend == 1 else 3 ** (years - 3) if trend == 3 else 0.7
            if self.random.random() < busy:
                return partner

    def _skill(self, partner: Partner, fate: str) -> str:
        """Some partners win what others lose."""
        skill = self.rank[partner.pk] % 3
        if skill == 0 and fate == "lost" and self.random.random() < 0.6:
            return "won"
        if skill == 2 and fate == "won" and self.random.random() < 0.4:
            return "lost"
        return fate

    def _customer(self, start: datetime) -> Customer | None:
        """A customer with whom nobody works at that time."""
        for _ in range(60):
            customer = self.random.choice(self.customers)
            free = self.busy.get(customer.pk)
            if customer.created_at <= start and customer.pk not in self.reserved and (free is None or free < start):
                return customer
        if self.crowded:
            return None
        raise ValueError("Too few customers for so many deals; ask for more customers.")

    def _products(self, lines: tuple[str, ...]) -> list[Product]:
        if lines:
            return [next(product for product in self.world.products if product.line.name == line) for line in lines]
        return self.random.sample(self.world.products, self.random.choice([1, 1, 1, 2]))

    def _values(self, deal: Deal, start: datetime) -> dict[str, Any]:
        random, customer = self.random, deal.customer
        return {
            "type": random.choices(["new", "expansion", "renewal", "replacement", "tender"], [70, 15, 9, 4, 2])[0],
            "customer_name": customer.name,
            "customer_domain": self.world.domains[customer.pk],
            "customer_country": customer.country.code,
            "amount": Decimal(round(min(random.lognormvariate(10.2, 0.9), 900_000), -2)),
            "currency": CURRENCIES.get(deal.partner.country.code, "EUR") if deal.partner else "EUR",
            "recurring": random.random() < 0.4,
            "expected_close_date": start.date() + timedelta(days=random.randint(30, 150)),
            "description": random.choice(names.PROJECTS),
            "distributor": self.world.supplied_by.get(deal.partner.pk)
            if deal.partner and random.random() < 0.6
            else None,
        }

    # What happens -----------------------------------------------------------------------------------------------------------

    def _life(self, deal: Deal, fate: str, start: datetime) -> Iterator[Step]:
        """The steps of a registration in order, also those still to come."""
        yield Step(start, "draft")
        if fate == "draft":
            return
        if fate == "pending":
            yield Step(start + timedelta(minutes=10), "submit")
            yield Step(datetime.max.replace(tzinfo=start.tzinfo), "reject")  # nobody has decided
            return
        at = self.later(start, 0.1, 30)
        yield Step(at, "submit")
        if fate == "recalled":
            yield Step(self.later(at, 0.5, 5), "recall")
            return
        at = self.later(at, 60, 110) if fate == "slow" else self.later(at, 1, 20)
        yield Step(at, "take")
        if fate == "cancelled":
            yield Step(self.later(at, 1, 12), "withdraw", {"reason": "Le projet est reporté."})
            return
        if fate in ("expired", "answered"):
            at = self.later(at, 0.5, 8)
            yield Step(
                at,
                "send_back",
                {"fields": ["description"], "message": "Please describe the project and name the decision maker."},
            )
            if fate == "expired":
                yield Step(
                    night_of(due_by(at, RETURN).astimezone(business_zone()).date() + timedelta(days=1)), "expire"
                )
                return
            at = self.later(at, 4, 80)
            yield Step(
                at, "answer", {"description": "Sauvegarde de 40 serveurs; décision par la direction informatique."}
            )
            at = self.later(at, 1, 12)
            yield Step(at, "take")
        if self.random.random() < 0.15:
            yield Step(self.later(at, 0.3, 1), "comment", {"text": self.random.choice(names.COMMENTS)})
        at = self.later(at, 2, 20)
        if fate == "rejected":
            reason = self.random.choice(REJECTIONS)
            yield Step(at, "reject", {"reason": reason, "message": MESSAGES.get(reason, "")})
            return
        yield Step(at, "approve", {"days": PROTECTION})
        yield from sorted(self._afterwards(fate, at), key=lambda step: step.at)

    def _afterwards(self, fate: str, approved: datetime) -> Iterator[Step]:
        """What follows an approval: the sale moves on, and the protection ends one day."""
        if fate == "released":
            over = self.later(approved, 24 * 5, 24 * 60)
            yield Step(over, "withdraw", {"reason": "The customer has stopped the project."})
            yield Step(self.later(over, 24, 24 * 9), "move", GIVEN_UP)
            return
        yield Step(night_of(approved.astimezone(business_zone()).date() + timedelta(days=PROTECTION)), "lapse")
        at = approved
        for stage in sorted(self.random.sample(STAGES, self.random.choice([0, 1, 1, 2])), key=STAGES.index):
            at = self.later(at, 24 * 3, 24 * 21)
            yield Step(at, "move", {"stage": stage})
        if fate in ("won", "slow", "answered"):
            yield Step(self.season(self.later(at, 24 * 5, 24 * 25)), "move", {"stage": "won"})
        elif fate == "lost":
            cause, reason = self.random.choice(LOST)
            yield Step(self.later(at, 24 * 5, 24 * 40), "move", {"stage": "lost", "cause": cause, "reason": reason})
        else:
            yield Step(self.later(at, 24 * 110, 24 * 190), "move", GIVEN_UP)

    def season(self, moment: datetime) -> datetime:
        """Orders come before a quarter ends, and seldom in August."""
        month = moment.astimezone(business_zone()).month
        wait = 31 if month == 8 else 25 if month % 3 == 1 else 12 if month % 3 == 2 else 0
        if wait and self.random.random() < 0.45:
            moment += timedelta(days=wait)
        return office_hours(moment)

    # Direct sales -----------------------------------------------------------------------------------------------------------

    def direct_sales(self, count: int, begin: datetime) -> Iterator[Deal]:
        """Opportunities of the vendor's own sellers, with customers no partner works with."""
        for n in range(count):
            start = office_hours(
                (begin + (self.now - begin) * (n + self.random.random()) / count).replace(microsecond=0)
            )
            start = min(start, self.ago(0, 23))
            choice = [
                customer
                for customer in self.of_direct_sales
                if customer.created_at <= start and customer.pk not in self.reserved
            ] or self.of_direct_sales
            yield self.direct(start, customer=self.random.choice(choice), stages=self.random.randint(0, 4))

    def direct(self, start: datetime, *, customer: Customer, stages: int, lines: tuple[str, ...] = ()) -> Deal:
        """A direct opportunity that moved through so many stages: four is won, five lost."""
        deal = Deal(customer=customer, products=self._products(lines), values={}, manager=self.world.people["direct"])
        deal.values = self._values(deal, start)
        steps, at = [Step(start, "open")], start
        for n, stage in enumerate(["qualified", *STAGES][:stages] if stages < 4 else ["qualified", *STAGES, "won"]):
            at = self.later(at, 24 * (3 + n), 24 * 30)
            steps.append(Step(at, "move", {"stage": stage}))
        if stages < 4:
            steps.append(Step(self.later(at, 24 * 110, 24 * 190), "move", GIVEN_UP))
        deal.steps = [step for step in steps if step.at <= self.now]
        return deal
