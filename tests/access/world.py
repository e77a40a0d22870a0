"""Two competitors with everything a company can have, told apart by canary words that no other row contains.

``build()`` returns the identities of the design's table and the rows of both companies; the tests ask whether any answer to
one company carries a canary, or an id, of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from psycopg2.extras import DateRange

from attribution.kpis.rollups import refresh
from attribution.models import Campaign, Credit, Lead, Touchpoint
from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from deals.models import (
    Appeal,
    Comment,
    DealRegistration,
    Delegation,
    Escalation,
    OpportunityLine,
    OpportunityParticipant,
    PrivateNote,
    StageChange,
)
from partners.catalogue.models import DiscountRule, Price, PriceList
from partners.engagement.models import Activity
from partners.models import Invitation, Membership, Partner, PartnerGroup, PartnerStatus, SupplyRelation, Team, User
from partners.programs.models import Enrolment, Program
from prm import events
from prm.calendar import business_today
from prm.externals.models import ExternalId
from prm.ui.models import SavedView
from territories.matching.keys import index_customers
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests import factories

INTERNAL = "Zqinternal"  # what the vendor keeps for itself, on either company
SINCE = business_today() - timedelta(days=100)


@dataclass
class Company:
    """One competitor: its people by role and its rows by model name."""

    canary: str
    partner: Partner
    people: dict[str, User] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    @property
    def secrets(self) -> set[str]:
        """What must not appear in an answer to the other company: beside its own, what the vendor keeps for itself."""
        return {INTERNAL, str(self.rows["joint"].pk), *self.own_secrets}

    @property
    def own_secrets(self) -> set[str]:
        """The canary, and every id of a row of its own: no row that the other's transactions may read holds one."""
        return {
            self.canary,
            str(self.partner.pk),
            *(str(row.pk) for name, row in self.rows.items() if name != "joint"),
            *(str(p.pk) for p in self.people.values()),
        }


@dataclass
class World:
    alpine: Company
    boreal: Company
    vendor: dict[str, User]
    partner_people: dict[str, User]  # identities beyond the two companies' own: distributor, suspended, group's head …
    shared: dict[str, Any]


def build() -> World:
    """Everything, written as the system; call inside ``acting("system")``."""
    vendor = {
        role: factories.vendor_user(role)
        for role in (
            "admin",
            "program_owner",
            "channel_manager",
            "deal_desk",
            "mediator",
            "finance",
            "marketing",
            "direct_sales",
            "viewer",
        )
    }
    product, hospital = (
        factories.product("Backup", "Backup Pro"),
        factories.customer("Zqhospital", domain="zqhospital.example"),
    )
    other_product = factories.product("Vault", "Vault One")
    index_customers([hospital.pk])
    team = Team.objects.create(name="Zqteam")
    cima = factories.partner("Cima Wholesale", types=["distributor"])
    alpine = company("Zqalpine", vendor["channel_manager"], product, hospital, cima, team)
    boreal = company("Zqboreal", vendor["channel_manager"], other_product, hospital, None, team)
    SupplyRelation.objects.create(distributor=cima, reseller=alpine.partner, period=DateRange(SINCE, None))
    for name in ("approved", "submitted"):
        for side in (alpine, boreal):
            watch(DealRegistration.objects.get(pk=side.rows[name].pk))
    for side in (alpine, boreal):  # each company's territory names an industry nobody is in: its deals lie outside
        side.rows["conflict"] = Conflict.objects.get(rule="TERR-1", registration=side.rows["submitted"])
    list_prices = PriceList.objects.create(name="List", currency="EUR", period=DateRange(SINCE, None))
    Price.objects.create(price_list=list_prices, product=product, amount=Decimal("1200"))
    joint = factories.opportunity(f"{INTERNAL} joint", customer=hospital)
    for side in (alpine, boreal):  # both sell it, and neither knows of the other
        side.rows["joint"] = joint
        side.rows["joint_part"] = OpportunityParticipant.objects.create(
            opportunity=joint, partner=side.partner, share=50, customer_name=f"{side.canary} joint"
        )
    today = business_today()
    Delegation.objects.create(
        person=vendor["channel_manager"],
        substitute=vendor["deal_desk"],
        period=DateRange(today, today + timedelta(days=9)),
    )
    direct = factories.opportunity("Zqdirect", customer=hospital, route="direct", owner=vendor["direct_sales"])
    suspended = factories.partner("Halted", status=PartnerStatus.SUSPENDED)
    terminated = factories.partner("Gone", status=PartnerStatus.TERMINATED)
    group = PartnerGroup.objects.create(name="Zqgroup", head=factories.partner("Holding"), head_reads_deals=True)
    Partner.objects.filter(pk=alpine.partner.pk).update(group=group)
    alpine.rows["group"], boreal.rows["group"] = group, PartnerGroup.objects.create(name="Zqboreal group")
    people = {
        "distributor_named": factories.member(cima),
        "distributor_not_named": factories.member(factories.partner("Other Wholesale", types=["distributor"])),
        "suspended": factories.member(suspended, "partner_admin"),
        "terminated": factories.member(terminated, "partner_admin"),
        "group_head": factories.member(group.head, "partner_admin"),
        "stranger": factories.member(factories.partner("Stranger"), "partner_admin"),
    }
    for side in (alpine, boreal):  # rights are read again by every request
        side.people = {
            role: factories.act(Membership.objects.get(user=user, partner=side.partner))
            for role, user in side.people.items()
        }
    while refresh():  # the figures of both companies
        pass
    return World(
        alpine,
        boreal,
        vendor,
        people,
        {"product": product, "hospital": hospital, "direct": direct, "team": team, "group": group, "cima": cima},
    )


def company(canary: str, manager: User, product, hospital, distributor, team) -> Company:
    """A partner with one row of everything it can own."""
    partner = factories.partner(
        f"{canary} Partner",
        enrolled=False,
        channel_manager=manager,
        domains=[f"{canary.lower()}.example"],
        address=f"1 {canary} street",
    )
    program = Program.objects.create(name=f"{canary} Program")
    tier = factories.tier(f"{canary} Tier", of=program)
    enrolment = Enrolment.objects.create(partner=partner, program=program, tier=tier, period=DateRange(SINCE, None))
    made = Company(canary, partner)
    for role in ("partner_admin", "partner_sales", "partner_marketing", "partner_finance"):
        made.people[role] = factories.member(partner, role, f"{canary} {role}")
    boss = made.people["partner_admin"]
    values = {
        "products": [product],
        "description": f"{canary} need",
        "customer_name": f"{canary} client",
        "customer_domain": f"{canary.lower()}-client.example",
    }
    draft = factories.draft(boss, **values)
    submitted = factories.submitted(
        boss,
        **{
            **values,
            "distributor": distributor,
            "customer_name": f"Zqhospital {canary}",
            "customer_domain": "zqhospital.example",
        },
    )
    returned = factories.submitted(boss, **{**values, "customer_name": f"{canary} third"})
    returned.send_back(by=manager, fields=["customer_name"], message=f"{canary} please")
    approved = factories.approved(
        boss, decided_by=manager, known_as=hospital, **{**values, "amount": Decimal("98765.4300")}
    )
    approved.comment(by=boss, text=f"{canary} comment")
    rejected = factories.submitted(boss, **{**values, "customer_name": f"{canary} second"})
    rejected.reject(by=manager, reason="other", message=f"{canary} message")
    appeal = Appeal.lodge(rejected, by=boss, text=f"{canary} appeal")
    Escalation.objects.create(registration=returned, promise="decision", due_at=timezone.now(), told=[INTERNAL])
    participant = approved.participant
    opportunity = participant.opportunity
    StageChange.objects.create(opportunity=opportunity, old="prospect", new="qualified")
    OpportunityLine.objects.get_or_create(opportunity=opportunity, line=product.line)
    reseller = factories.partner(f"{canary} Reseller")
    supply = SupplyRelation.objects.create(distributor=partner, reseller=reseller, period=DateRange(SINCE, None))
    ExternalId.objects.create(
        partner_id=partner.pk,
        subject_type="deal_registration",
        subject_id=draft.pk,
        source="crm",
        external_id=f"{canary}-1",
    )
    events.record(partner, "changed", by=boss, partner_id=partner.pk, note=canary)
    campaign = Campaign.start(by=manager, name=f"{INTERNAL} {canary} campaign", code=canary)
    offer, taken = (
        Lead.create(
            by=manager,
            campaign=campaign,
            source=INTERNAL,
            company_name=f"{canary} {word} lead",
            contact_name=f"{canary} contact",
            need=f"{canary} need",
        ).offer_to(partner, by=manager, respond_by=timezone.now() + timedelta(days=3), explanation=f"{canary} grounds")
        for word in ("open", "taken")
    )
    taken.accept(by=boss)
    touch = Touchpoint.record(
        kind="demo",
        at=timezone.now(),
        partner=partner,
        opportunity=opportunity,
        note=f"{INTERNAL} {canary} touch",
        by=manager,
    )
    territory = Territory.objects.create(name=f"{canary} territory", code=canary)
    rule = TerritoryRule.objects.create(territory=territory, industry=f"{canary} trade", period=DateRange(SINCE, None))
    made.rows = {
        "draft": draft,
        "submitted": submitted,
        "returned": returned,
        "approved": approved,
        "rejected": rejected,
        "appeal": appeal,
        "participant": participant,
        "opportunity": opportunity,
        "protection": approved.protections.get(),
        "private_note": PrivateNote.write(participant, f"{canary} private note", by=boss),
        "comment": Comment.objects.get(registration=approved),
        "enrolment": enrolment,
        "program": program,
        "tier": tier,
        "discount": DiscountRule.objects.create(tier=tier, percent=Decimal("31.25"), period=DateRange(SINCE, None)),
        "membership": boss.membership,
        "invitation": Invitation(
            partner=partner, name=f"{canary} invited", email=f"invited@{canary.lower()}.example", role="partner_sales"
        ).send(by=boss),
        "activity": Activity.log(by=boss, about=submitted, kind="meeting", title=f"{canary} meeting"),
        "internal": Activity.log(by=manager, about=partner, kind="note", title=f"{INTERNAL} {canary} note"),
        "for_partner": Activity.log(by=manager, about=partner, kind="call", title=f"{canary} call", shared=True),
        "saved_view": SavedView.keep(by=boss, list="deals:portal_registrations", name=f"{canary} view", query="q=x"),
        "supply": supply,
        "territory": territory,
        "territory_rule": rule,
        "territory_assignment": TerritoryAssignment.assign(
            territory, partner=partner, by=manager, period=DateRange(SINCE, None)
        ),
        "campaign": campaign,
        "offer": offer,
        "taken": taken,
        "lead": taken.lead,
        "touch": touch,
        "credit": Credit.objects.create(
            opportunity=opportunity,
            participant=participant,
            partner=partner,
            model="linear",
            kind="demo",
            at=timezone.now(),
            weight=1,
            amount=Decimal("98765.4300"),
            currency="EUR",
            closed_on=business_today(),
            position=1,
            of=1,
            sourced=True,
            rule="touch",
            rule_version=1,
        ),
    }
    return made
