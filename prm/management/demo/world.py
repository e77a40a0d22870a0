"""What stands before the first deal: the vendor and its people, program, catalogue, partners, customers, territories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.contrib.auth.hashers import make_password
from psycopg2.extras import DateRange
from stdnum import luhn

from partners.catalogue.models import DiscountRule, Price, PriceList, Product, ProductLine
from partners.models import Membership, Partner, PartnerGroup, SupplyRelation, Team, User
from partners.programs.models import Enrolment, Program, Tier
from prm import events
from prm.management.demo import areas, names
from prm.management.demo.clock import Clock
from prm.money.models import ExchangeRate
from territories.matching.keys import index_customers
from territories.models import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName

PASSWORD = "demo"  # noqa: S105  (of the demo alone; the command refuses any other database)
VENDOR = [
    ("admin", "Alice Fontaine", "admin", "en"),
    ("manager", "Camille Roy", "channel_manager", "en"),
    ("hartley", "Tom Hartley", "channel_manager", "en"),
    ("finance", "Oscar Keller", "finance", "en"),
    ("viewer", "Nina Petit", "viewer", "en"),
    ("desk", "Jonas Weber", "deal_desk", "en"),
    ("owner", "Élise Moreau", "program_owner", "fr"),
    ("direct", "Ivan Brandt", "direct_sales", "fr"),
]
TIERS = {
    "Registered": (5, 5),
    "Silver": (12, 8),
    "Gold": (18, 10),
    "Platinum": (24, 12),
}  # discount, and on a registered deal
CATALOGUE = {
    "Cloud backup": [
        ("Cloud backup, 1 TB", 480),
        ("Cloud backup, 10 TB", 3_900),
        ("Cloud backup for mailboxes, 100", 1_250),
    ],
    "Vault": [("Vault appliance", 18_400), ("Vault archive, 10 years", 7_600)],
    "Watch": [("Watch, 50 devices", 2_150), ("Watch, 500 devices", 14_900)],
    "Bastion": [("Bastion gateway", 9_300)],
}
RATES = {"GBP": Decimal("1.16"), "CHF": Decimal("1.05"), "USD": Decimal("0.91"), "NOK": Decimal("0.086")}
CURRENCIES = {"GB": "GBP", "CH": "CHF"}
SHORT_DOMAINS = {"Alpine Conseil": "alpine.example", "Boreal Cloud": "boreal.example"}
COHORTS = 12


@dataclass
class World:
    """The rows that deals refer to."""

    people: dict[str, User] = field(default_factory=dict)
    program: Program | None = None
    products: list[Product] = field(default_factory=list)
    partners: dict[str, Partner] = field(default_factory=dict)
    sellers: dict = field(default_factory=dict)  # partner id → its people, acting for it
    customers: list[Customer] = field(default_factory=list)
    domains: dict = field(default_factory=dict)  # customer id → domain
    teams: dict[str, Team] = field(default_factory=dict)
    supplied_by: dict = field(default_factory=dict)  # reseller id → distributor

    def customer(self, name: str) -> Customer:
        return next(customer for customer in self.customers if customer.name == name)


def chunks(rows: Sequence, count: int) -> Iterator[tuple[int, Sequence]]:
    """The rows in ``count`` parts of about the same size, numbered; empty parts are left out."""
    for n in range(count):
        if part := rows[len(rows) * n // count : len(rows) * (n + 1) // count]:
            yield n, part


def build(
    clock: Clock,
    now: datetime,
    begin: datetime,
    random: Random,
    partners: int,
    customers: int,
    password: str | None = PASSWORD,
) -> World:
    """Everything but deals; partners and customers join during the first half of the time from ``begin`` to ``now``."""
    clock.moment = begin
    world, hashed = World(), make_password(password)  # one hash for all; without a password nobody signs in
    make_vendor(world, hashed)
    make_program(world, begin.date())
    make_catalogue(world, begin.date())
    make_rates(begin.date(), now.date())
    make_partners(world, clock, now, begin, hashed, names.partner_names(partners))
    make_customers(world, clock, now, begin, random, names.customer_names(customers))
    areas.build(world, clock, now, begin)
    return world


def make_vendor(world: World, password: str) -> None:
    people = [
        User(email=f"{box}@vendor.example", name=name, role=role, language=language, password=password)
        for box, name, role, language in VENDOR
    ]
    world.people = {user.email.split("@")[0]: user for user in User.objects.bulk_create(people)}
    for name, overlay, members in (("Grands comptes", False, ["direct"]), ("Cloud specialists", True, ["desk"])):
        world.teams[name] = Team.objects.create(name=name, is_overlay=overlay)
        world.teams[name].members.set([world.people[box] for box in members])


def make_program(world: World, start: date) -> None:
    world.program = Program.objects.create(
        name="EMEA Resale",
        summary="Resale of all product lines in Europe, the Middle East and Africa, with deal registration.",
    )
    referral = Program.objects.create(
        name="Referral",
        summary="For partners that introduce customers and do not resell.",
        protection_days=60,
        decision_days=3,
    )
    Tier.objects.create(program=referral, name="Referrer", rank=1)
    Tier.objects.bulk_create([Tier(program=world.program, name=name, rank=rank) for rank, name in enumerate(TIERS, 1)])


def make_catalogue(world: World, start: date) -> None:
    lists = {
        code: PriceList.objects.create(name=f"List prices {code}", currency=code, period=DateRange(start, None))
        for code in ("EUR", "GBP")
    }
    for line_name, offered in CATALOGUE.items():
        line = ProductLine.objects.create(name=line_name)
        for n, (name, price) in enumerate(offered, 1):
            product = Product.objects.create(line=line, name=name, sku=f"{line_name[:3].upper()}-{n:03}")
            world.products.append(product)
            Price.objects.create(price_list=lists["EUR"], product=product, amount=Decimal(price))
            Price.objects.create(
                price_list=lists["GBP"],
                product=product,
                amount=(Decimal(price) / RATES["GBP"]).quantize(Decimal("1.00")),
            )
    vault = ProductLine.objects.get(name="Vault")
    for tier in Tier.objects.filter(program=world.program):
        percent, registered = TIERS[tier.name]
        DiscountRule.objects.create(
            tier=tier, percent=percent, registration_percent=registered, period=DateRange(start, None)
        )
        DiscountRule.objects.create(
            tier=tier, line=vault, percent=percent - 3, registration_percent=registered, period=DateRange(start, None)
        )


def make_rates(start: date, end: date) -> None:
    """A rate at the beginning of each month, moving a little around its mean."""
    days = [start]
    while days[-1] < end:
        days.append((days[-1].replace(day=1) + timedelta(days=32)).replace(day=1))
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(
                day=day, currency=code, base="EUR", rate=rate * (100 + (n * 7 + day.month) % 5 - 2) / 100, source="demo"
            )
            for n, day in enumerate(day for day in days if day <= end)
            for code, rate in RATES.items()
        ]
    )


def make_partners(
    world: World, clock: Clock, now: datetime, begin: datetime, password: str, rows: list[names.PartnerName]
) -> None:
    """Partners with their people, enrolments, groups and suppliers; the named ones are there from the beginning."""
    tiers = {tier.name: tier for tier in Tier.objects.filter(program=world.program)}
    number = 0
    for cohort, part in [(0, rows[: len(names.PARTNERS)]), *chunks(rows[len(names.PARTNERS) :], COHORTS)]:
        clock.moment = begin + (now - begin) / 2 * cohort / COHORTS
        made = Partner.objects.bulk_create([partner_row(world, row) for row in part])
        for partner in made:
            tell_of(world, partner)
        Enrolment.objects.bulk_create(
            [
                Enrolment(
                    partner=partner,
                    program=world.program,
                    tier=tiers[row.tier],
                    period=DateRange(clock.moment.date(), None),
                )
                for partner, row in zip(made, part, strict=True)
                if row.tier
            ]
        )
        members = []
        for partner, row in zip(made, part, strict=True):
            world.partners[partner.name] = partner
            for box, role in (
                (("admin", "partner_admin"), ("sales", "partner_sales")) if row.status != "prospect" else ()
            ):
                language = "fr" if row.languages[0] == "fr" and partner.name not in SHORT_DOMAINS else "en"
                person = User(
                    email=f"{box}@{partner.domains[0]}",
                    name=names.person_name(number),
                    language=language,
                    password=password,
                )
                members.append(Membership(user=person, partner=partner, role=role, joined_at=clock.moment))
                number += 1
        User.objects.bulk_create([member.user for member in members])
        Membership.objects.bulk_create(members)
    make_relations(world, begin.date())
    for membership in Membership.objects.with_headed_companies().order_by("user__email"):
        world.sellers.setdefault(membership.partner_id, []).append(membership.user.act_for(membership))


def partner_row(world: World, row: names.PartnerName) -> Partner:
    domain = SHORT_DOMAINS.get(row.name, f"{names.slug(row.name)}.example")
    return Partner(
        name=row.name,
        types=list(row.types),
        status=row.status,
        country=row.country,
        countries=[row.country],
        languages=list(row.languages),
        specialities=list(row.specialities),
        domains=[domain],
        website=f"https://{domain}",
        city=row.city,
        channel_manager=world.people["manager" if "fr" in row.languages else "hartley"],
    )


def tell_of(world: World, partner: Partner) -> None:
    """The story of a partner begins when it is entered, and goes on where its status says so."""
    events.record(partner, "created", by=world.people["owner"])
    if partner.status in ("suspended", "terminated"):
        events.record(
            partner, "status_changed", by=world.people["manager"], partner_id=partner.pk, status=partner.status
        )


def make_relations(world: World, start: date) -> None:
    """Who belongs to whom, and who supplies whom."""
    cobalt = PartnerGroup.objects.create(
        name="Groupe Cobalt", head=world.partners["Cobalt Réseaux"], head_reads_deals=True
    )
    Partner.objects.filter(name__in=["Cobalt Réseaux", "Granit Réseaux", "Delta Informatique"]).update(group=cobalt)
    for distributor, resellers in (
        (
            "Opale Distribution",
            ["Alpine Conseil", "Granit Réseaux", "Delta Informatique", "Lac & Sommet", "Lumen Services"],
        ),
        ("Polder Distributie", ["Meridian IT", "Vertex Solutions"]),
    ):
        for reseller in resellers:
            relation = SupplyRelation.objects.create(
                distributor=world.partners[distributor],
                reseller=world.partners[reseller],
                period=DateRange(start, None),
            )
            world.supplied_by[relation.reseller_id] = relation.distributor


def make_customers(world: World, clock: Clock, now: datetime, begin: datetime, random: Random, rows: list) -> None:
    """Customers with domain, official number and address, some known under a second name; indexed for matching."""
    for cohort, part in chunks(rows, COHORTS):
        clock.moment = begin + (now - begin) / 2 * max(0, cohort - COHORTS // 2) / COHORTS  # half of them at once
        made = Customer.objects.bulk_create([customer_row(world, random, *row) for row in part], batch_size=2000)
        world.customers += made
        for customer in made:
            world.domains[customer.pk] = f"{names.slug(customer.name)}.example"
        CustomerDomain.objects.bulk_create(
            [CustomerDomain(customer=customer, domain=world.domains[customer.pk]) for customer in made], batch_size=5000
        )
        CustomerIdentifier.objects.bulk_create(
            [
                CustomerIdentifier(customer=customer, scheme="siren", value=siren(len(world.customers) - len(made) + n))
                for n, customer in enumerate(made)
                if customer.country == "FR" and random.random() < 0.6
            ],
            batch_size=5000,
        )
        CustomerAddress.objects.bulk_create(
            [
                CustomerAddress(
                    customer=customer,
                    street=f"{random.randint(1, 120)} {random.choice(['rue des Tanneurs', 'avenue du Pont', 'Mill Lane', 'quai des Lilas'])}",
                    postcode=f"{random.randint(10000, 95999)}",
                    city=customer.name.rsplit(" ", 1)[-1],
                    country=customer.country,
                )
                for customer in made
            ],
            batch_size=5000,
        )
        CustomerName.objects.bulk_create(
            [
                CustomerName(
                    customer=customer, name=f"{customer.name} {random.choice(['Holding', 'Services', 'Group'])}"
                )
                for customer in made
                if random.random() < 0.1
            ]
        )
        index_customers([customer.pk for customer in made])


def customer_row(world: World, random: Random, name: str, country: str, industry: str) -> Customer:
    house = name in names.HOUSE_ACCOUNTS
    employees = round(random.lognormvariate(5, 1.2))
    return Customer(
        name=name,
        country=country,
        industry=industry,
        segment="enterprise" if employees > 1000 else "mid-market" if employees > 100 else "small",
        employees=employees,
        founded=random.randint(1890, 2020),
        website=f"https://{names.slug(name)}.example",
        house_account=house,
        team=world.teams["Grands comptes"] if house else None,
    )


def siren(n: int) -> str:
    """An invented company number with the right check digit, another for each n."""
    stem = f"9{(n * 7919 + 1234567) % 10_000_000:07}"
    return stem + luhn.calc_check_digit(stem)
