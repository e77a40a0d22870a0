"""Campaigns, and the leads they bring: what became of each, told to whom, and what Alpine has to answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from psycopg2.extras import DateRange

from attribution.models import Campaign, Lead, LeadOffer
from attribution.models.offer import OfferGrounds
from deals.models import DealRegistration
from partners.catalogue.models import ProductLine
from partners.models import Partner, User
from prm.calendar import business_zone
from prm.events.models import Event
from prm.management.demo import names
from prm.management.demo.clock import Clock, office_hours
from prm.management.demo.plan import Planner
from prm.management.demo.tables import Row, Table
from prm.management.demo.verbs import run_errands
from territories.models import Customer

# Name, code, kind, how many days ago it began, how long it lasted, cost.
CAMPAIGNS = [
    ("Webinaire Sauvegarde et conformité", "WEB-SAUVEGARDE", "webinar", 660, 45, 6_500),
    ("Salon Cyber-Alpes", "SALON-CYBER-ALPES", "event", 480, 10, 38_000),
    ("Watch: search advertising", "ADS-WATCH", "advertising", 400, 300, 24_000),
    ("Health trusts by telephone", "TEL-HEALTH", "telephone", 250, 60, 12_800),
    ("Journées communes avec Alpine Conseil", "JOINT-ALPINE", "joint", 90, 120, 9_200),
    ("Vault newsletter", "MAIL-VAULT", "email", 60, 90, 3_100),
]
NEEDS = [
    "Sauvegarde de postes et de serveurs, deux sites.",
    "Archive of ten years for a regulated business.",
    "Supervision du réseau, environ 150 équipements.",
    "Protection of mailboxes, move from an older product.",
    "Reprise après sinistre, avec essais annuels.",
    "Secure access for suppliers to production machines.",
]
REGIONS = ("FR-ARA", "FR-ARA", "FR-IDF", "FR-OCC", "FR-BRE", "FR-PAC")
DECLINED = [
    ("no_capacity", "Notre équipe est engagée jusqu’à la fin du trimestre."),
    ("too_far", ""),
    ("not_our_trade", "We do not sell monitoring."),
    ("too_small", ""),
]
DISQUALIFIED = [
    ("unreachable", ""),
    ("no_need", "Le projet est abandonné."),
    ("no_budget", ""),
    ("not_a_buyer", "A student."),
]
BASES = ("consent", "contract", "legitimate_interest", "legitimate_interest")
# What becomes of a lead that led to no deal, in parts of a hundred.
ENDS = {"new": 14, "declined": 12, "expired": 8, "accepted": 10, "contacted": 16, "disqualified": 40}
RECENT = ("new", "accepted", "contacted")
CONVERTED = 0.4
ANSWER = timedelta(days=3)


def tell(plan: Planner, clock: Clock, begin: datetime, count: int) -> None:
    """Campaigns, ``count`` leads over the whole time, and those with a part in the story."""
    book = Book(plan, Random(11), list(start(plan, clock, begin)))  # noqa: S311  (names and dates, not secrets)
    converted = round(count * CONVERTED)
    book.convert(converted)
    for n in range(count - converted):
        book.leave(n, begin)
    book.flush()
    told(plan, clock, book)


def start(plan: Planner, clock: Clock, begin: datetime) -> Iterator[Campaign]:
    for name, code, kind, ago, days, cost in CAMPAIGNS:
        clock.moment = max(begin, plan.now - timedelta(days=ago + 14))
        first = max(begin.date(), plan.today - timedelta(days=ago))
        yield Campaign.start(
            by=plan.world.people["owner"],
            name=name,
            code=code,
            kind=kind,
            period=DateRange(first, first + timedelta(days=days)),
            cost_amount=Decimal(cost),
            cost_currency="EUR",
        )


class Book:
    """Leads and offers as the verbs would leave them, written at once."""

    def __init__(self, plan: Planner, random: Random, campaigns: list[Campaign]):
        self.plan, self.random, self.campaigns = plan, random, campaigns
        self.leads, self.offers = Table(Lead), Table(LeadOffer)
        self.grounds, self.events = Table(OfferGrounds), Table(Event)
        self.lines = list(ProductLine.objects.order_by("name"))
        self.asked: list[tuple[Any, Any]] = []
        self.partners = [partner for partner in plan.sellers if partner.status == "active"]
        self.referrers = [
            row for row in plan.world.partners.values() if "referral" in row.types and row.status == "active"
        ]

    def flush(self) -> None:
        for table in (self.leads, self.offers, self.grounds, self.events):
            table.flush()
        through = Lead.lines.through
        through.objects.bulk_create([through(lead_id=lead, productline_id=line) for lead, line in self.asked])

    # What becomes of them ---------------------------------------------------------------------------------------------------

    def convert(self, count: int) -> None:
        """Leads that registrations came of: their partner had accepted them before."""
        rows = list(
            DealRegistration.objects.filter(
                submitted_at__isnull=False, partner__in=self.partners, created_at__gt=self.campaigns[0].created_at
            )
            .select_related("partner")
            .order_by("created_at", "customer_name", "id")
        )
        ready = [row for row in rows if row.created_at > self.campaigns[0].created_at + timedelta(days=40)]
        known = dict(Customer.objects.values_list("name", "pk"))
        chosen = self.random.sample(ready, min(count, len(ready)))
        story = [row for row in rows if row.customer_name == "Ville de Pontclair"]
        for row in story + [row for row in chosen if row not in story]:
            span = timedelta(days=self.random.randint(9, 30))
            seller, at = self.plan.world.sellers[row.partner_id][0], row.created_at
            times = [office_hours(at - span * part) for part in (1, 0.9, 0.75, 0.4)]
            lead = self.received(
                times[0],
                row.customer_name,
                row.customer_country.code,
                "campaign" if row.sales_stage == "won" else "",  # campaigns bring revenue
                customer_id=known.get(row.customer_name),
                amount=row.amount,
                currency=row.currency,
            )
            offer = self.offered(lead, row.partner, times[1])
            self.accepted(lead, offer, seller, times[2])
            self.contacted(lead, offer, seller, times[3])
            self.leads.put(lead, at, status="converted", converted_at=at, converted_registration_id=row.pk)
            self._event("lead", lead, "converted", at, seller, company=lead["company_name"], registration=str(row.pk))
            self._follow_up(offer, "converted", seller, at)

    def leave(self, n: int, begin: datetime) -> None:
        """A lead of which nothing came, or nothing yet."""
        end = self.random.choices(list(ENDS), list(ENDS.values()))[0]
        span = timedelta(days=24) if end in RECENT else self.plan.now - begin - timedelta(days=33)
        at = office_hours((self.plan.now - timedelta(days=8) - span * self.random.random()).replace(microsecond=0))
        customer = self.random.choice(self.plan.customers)
        lead = self.received(at, customer.name, customer.country.code)
        if end == "new":
            return
        partner = self.random.choice(self.partners)
        seller = self.plan.world.sellers[partner.pk][0]
        offer = self.offered(lead, partner, at + timedelta(hours=6))
        answered = at + timedelta(hours=self.random.randint(8, 50))
        if end in ("declined", "expired"):
            over = answered if end == "declined" else offer["respond_by"]
            reason, note = self.random.choice(DECLINED) if end == "declined" else ("", "")
            by = seller if end == "declined" else None
            self.offers.put(
                offer,
                over,
                status=end,
                decided_at=over,
                decided_by_id=by.pk if by else None,
                decline_reason=reason,
                decline_note=note,
            )
            self._event("lead_offer", offer, end, over, by, partner.pk, **({"reason": reason} if reason else {}))
            self.leads.put(lead, over, status="new", partner_id=None, accepted_at=None)
            return
        self.accepted(lead, offer, seller, answered)
        if end == "accepted":
            return
        self.contacted(lead, offer, seller, answered + timedelta(hours=20))
        if end == "disqualified":
            over = answered + timedelta(hours=60)
            reason, note = self.random.choice(DISQUALIFIED)
            self.leads.put(lead, over, status=end, disqualified_reason=reason, disqualified_note=note)
            self._event("lead", lead, end, over, seller, reason=reason)
            self._follow_up(offer, end, seller, over)

    # Each as in attribution.models --------------------------------------------------------------------------------------------

    def received(self, at: datetime, company: str, country: str, source: str = "", **values: Any) -> Row:
        random = self.random
        running = [row for row in self.campaigns if row.period.lower <= at.date() < row.period.upper]
        source = source or random.choice(["campaign", "campaign", "referral", "web"])
        referrer = random.choice(self.referrers) if source == "referral" and self.referrers else None
        campaign = random.choice(running) if source == "campaign" and running else None
        n = len(self.leads.rows)
        person = names.person_name(n + 300)
        told = at.date() + timedelta(days=random.randint(0, 20))
        lead = self.leads.add(
            at,
            company_name=company,
            contact_name=person,
            email=f"{names.slug(person).replace('-', '.')}@{names.slug(company)}.example",
            phone=f"+33 4 76 00 {n // 100 % 100:02} {n % 100:02}" if country == "FR" else "",
            country=country or "",
            region=random.choice(REGIONS) if country == "FR" else "",
            industry=random.choice(("Health", "Manufacturing", "Public sector", "Energy", "Retail")),
            need=random.choice(NEEDS),
            source={"campaign": "Campaign", "referral": "Referral", "web": "Web form"}[source],
            campaign_id=campaign.pk if campaign else None,
            referred_by_id=referrer.pk if referrer else None,
            received_at=at,
            legal_basis=random.choice(BASES),
            notice_at=told if told <= self.plan.today else None,
            owner_id=self.plan.world.people["manager"].pk,
            **{"amount": Decimal(random.randint(4, 90) * 1000), "currency": "EUR", **values},
        )
        self.asked.append((lead["id"], random.choice(self.lines).pk))
        self._event("lead", lead, "created", at, None, company=company, source=lead["source"])
        return lead

    def offered(self, lead: Row, partner: Partner, at: datetime) -> Row:
        respond_by, by = at + ANSWER, partner.channel_manager
        summary = {name: lead[name] for name in ("country", "region", "industry", "need", "amount", "currency")}
        offer = self.offers.add(
            at,
            lead_id=lead["id"],
            partner_id=partner.pk,
            respond_by=respond_by,
            line_ids=[line for of, line in self.asked if of == lead["id"]],
            **summary,
        )
        self.grounds.add(at, offer_id=offer["id"], explanation=f"Chosen by {by.name}.")
        self.leads.put(lead, at, status="offered", partner_id=None)
        self._event(
            "lead_offer", offer, "offered", at, by, partner.pk, partner=partner.name, respond_by=respond_by.isoformat()
        )
        return offer

    def accepted(self, lead: Row, offer: Row, by: User, at: datetime) -> None:
        self.offers.put(offer, at, status="accepted", decided_at=at, decided_by_id=by.pk)
        self.leads.put(lead, at, status="accepted", partner_id=offer["partner_id"], accepted_at=at)
        self._event("lead_offer", offer, "accepted", at, by, offer["partner_id"])

    def contacted(self, lead: Row, offer: Row, by: User, at: datetime) -> None:
        self.leads.put(lead, at, status="contacted", contacted_at=at)
        self._follow_up(offer, "contacted", by, at)

    def _follow_up(self, offer: Row, what: str, by: User, at: datetime) -> None:
        self.offers.put(offer, at, follow_up=what, followed_up_at=at)
        self._event("lead_offer", offer, what, at, by, offer["partner_id"])

    def _event(
        self, kind: str, row: Row, verb: str, at: datetime, by: User | None, told_to: Any = None, /, **payload: Any
    ) -> None:
        self.events.add(
            at,
            subject_type=kind,
            subject_id=row["id"],
            verb=verb,
            partner_id=told_to,
            actor_id=by.pk if by else None,
            actor_name=by.name if by else "",
            actor_side="system" if by is None else "partner" if by.is_partner else "vendor",
            payload=payload,
            at=at,
        )


# The story --------------------------------------------------------------------------------------------------------------------


def tomorrow(today: date) -> datetime:
    return datetime.combine(today + timedelta(days=1), time(17), business_zone())


def told(plan: Planner, clock: Clock, book: Book) -> None:
    """Through the verbs: what Alpine has to answer, has taken, has declined; an offer nobody answered; a referral that is won."""
    world, people = plan.world, plan.world.people
    manager, alpine = people["manager"], world.partners["Alpine Conseil"]
    seller = world.sellers[alpine.pk][0]
    campaigns = {campaign.code: campaign for campaign in book.campaigns}
    lines = {line.name: line for line in book.lines}

    def lead(days: int, hour: float, company: str, line: str, need: str, **values: Any) -> Lead:
        at(days, hour)
        person = names.person_name(700 + days * 3 + int(hour))
        given: dict[str, Any] = {
            "company_name": company,
            "contact_name": person,
            "email": f"{names.slug(person).replace('-', '.')}@{names.slug(company)}.example",
            "country": "FR",
            "region": "FR-ARA",
            "industry": "Health",
            "need": need,
            "amount": Decimal(26_000),
            "currency": "EUR",
            "source": "Campaign",
            "legal_basis": "consent",
            "notice_at": clock.moment.date(),
            "owner": manager,
        }
        made = Lead.create(by=manager, lines=[lines[line]], **given | values)
        run_errands()
        return made

    def at(days: int, hour: float) -> None:
        clock.moment = plan.ago(days, hour)

    joint = {"campaign": campaigns["JOINT-ALPINE"]}
    far = lead(12, 9, "Port de Brindale", "Watch", NEEDS[2], region="FR-PAC", industry="Logistics", **joint)
    at(12, 11)
    offer = far.offer_to(alpine, by=manager, respond_by=plan.ago(9, 17))
    at(11, 10)
    offer.decline(by=seller, reason="too_far", note="Quatre heures de route : hors de notre rayon.")
    run_errands()

    missed = lead(9, 9, "Clinique de Valsombre-Nord", "Vault", NEEDS[1], campaign=campaigns["MAIL-VAULT"])
    at(9, 10)
    missed.offer_to(world.partners["Boreal Cloud"], by=manager, respond_by=plan.ago(6, 17))
    at(6, 17.25)
    run_errands()

    mills = plan.customers[-1]
    referred = lead(
        8, 9, mills.name, "Vault", NEEDS[4], country=mills.country.code, region="", industry="Manufacturing", source="Referral",
        referred_by=world.partners["Caledon Partners"], customer=mills,
    )  # fmt: skip
    at(7, 9)
    referred.contact(by=manager)
    at(6, 9)
    opportunity = referred.convert_to_opportunity(by=manager)
    at(2, 16.5)
    opportunity.move_to("won", by=manager)
    run_errands()

    taken = lead(4, 9, "Scierie du Vercors", "Cloud backup", NEEDS[0], industry="Manufacturing", **joint)
    at(4, 11)
    offer = taken.offer_to(alpine, by=manager, respond_by=plan.ago(1, 17))
    at(3, 10)
    offer.accept(by=seller)
    run_errands()

    waiting = lead(2, 9, "Clinique des Trois Fontaines", "Bastion", NEEDS[5], **joint)
    at(1, 15)
    waiting.offer_to(alpine, by=manager, respond_by=tomorrow(plan.today))
    run_errands()
    lead(0, 8, "Musée de la Tournette", "Watch", NEEDS[2], source="Web form", industry="Leisure")
