"""The deals that have a part in the demo's story: Alpine, its rival Boreal, and what waits on the manager's desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

from prm.calendar import add_business_days, business_zone
from prm.management.demo.plan import PROTECTION, Deal, Planner, Step

NAMED = (
    "Hôpital du Lac",
    "Clinique des Aravis",
    "Institut Val-Fleuri",
    "Ville de Pontclair",
    "Laiterie du Bocage",
    "Universität Talheim",
    "Polder Logistics",
    "Assurances Mutuelles du Lac",
    "Aéro Composites Midi",
    "Remontées Mécaniques de Chantelouve",
    "Fromageries de la Tournette",
    "Nordfjell Energi",
    "Textiles Garonne",
    "Textiles Verdon",
    "Puerto de Almira",
)


def told(plan: Planner) -> Iterator[Deal]:
    """The named deals, whose customers take part in nothing else, and one of each end that chance might leave out."""
    plan.reserved |= {plan.world.customer(name).pk for name in NAMED}
    yield from _alpine(plan)
    yield from _conflicts(plan)
    yield from _queue(plan)
    yield from (plan.registration(fate, plan.ago(60)) for fate in ("expired", "cancelled", "released", "recalled"))
    yield plan.registration("lost", plan.ago(120))


def _alpine(plan: Planner) -> Iterator[Deal]:
    """What Alpine reads in its portal, one of each kind; the draft is a hospital Boreal has registered already."""
    alpine = {"partner": "Alpine Conseil"}
    backup = ("Cloud backup",)
    yield plan.registration(
        "pending", plan.ago(1, 9), partner="Boreal Cloud", customer="Hôpital du Lac", lines=backup, type="new"
    )
    yield plan.registration(
        "draft", plan.ago(0, 8.5), **alpine, customer="Hôpital du Lac", lines=backup, type="new", amount=Decimal(48_000),
        description="Sauvegarde de deux salles, 60 serveurs.",
    )  # fmt: skip
    yield _ending(
        plan,
        plan.registration("working", plan.ago(60), **alpine, customer="Ville de Pontclair", lines=("Watch",)),
        days=6,
    )
    returned = plan.registration(
        "pending", plan.ago(5, 11), **alpine, customer="Laiterie du Bocage", lines=("Vault",), amount=Decimal(34_900)
    )
    returned.steps += [
        Step(plan.ago(4, 9), "take"),
        Step(
            plan.ago(2, 15),
            "send_back",
            {
                "fields": ["amount", "description"],
                "message": "Does the amount include installation? Please say which sites are meant.",
            },
        ),
    ]
    yield returned
    yield plan.registration(
        "pending", plan.ago(1, 14), **alpine, customer="Remontées Mécaniques de Chantelouve", lines=("Bastion",)
    )
    rejected = plan.registration("pending", plan.ago(9), **alpine, customer="Fromageries de la Tournette", lines=backup)
    rejected.steps.append(Step(plan.ago(7, 16), "reject", {"reason": "duplicate", "message": ""}))
    yield rejected


def _ending(plan: Planner, deal: Deal, days: int) -> Deal:
    """A protection whose last day is so many days away."""
    approved_on = plan.today + timedelta(days=days + 1 - PROTECTION)
    moment = datetime.combine(approved_on, time(15), business_zone()).astimezone(plan.now.tzinfo)
    deal.values["expected_close_date"] = plan.today + timedelta(days=30)
    deal.steps = [
        Step(moment - timedelta(days=2), "draft"),
        Step(moment - timedelta(days=2, hours=-1), "submit"),
        Step(moment - timedelta(days=1), "take"),
        Step(moment, "approve", {"days": PROTECTION}),
        Step(moment + timedelta(days=20), "move", {"stage": "technical_validation"}),
    ]
    return deal


def _conflicts(plan: Planner) -> Iterator[Deal]:
    """Two channels at work on one business: protected for another, registered twice, direct sales engaged, a reserved account."""
    vault = ("Vault",)
    protected = plan.registration(
        "working", plan.ago(40), partner="Helix Systems", customer="Clinique des Aravis", lines=vault
    )
    protected.steps = [step for step in protected.steps if step.verb != "lapse"]
    yield protected
    yield plan.registration(
        "pending", plan.ago(1, 9.5), partner="Granit Réseaux", customer="Clinique des Aravis", lines=vault, type="new"
    )
    for partner, days in (("Quanta Group", 2), ("Cobalt Réseaux", 1)):
        yield plan.registration(
            "pending", plan.ago(days, 10), partner=partner, customer="Textiles Verdon", lines=("Watch",), type="new"
        )
    yield plan.direct(
        plan.ago(30), customer=plan.world.customer("Institut Val-Fleuri"), stages=2, lines=("Vault", "Watch")
    )
    yield plan.registration(
        "pending", plan.ago(1, 11), partner="Cobalt Réseaux", customer="Institut Val-Fleuri", lines=vault
    )
    yield plan.registration(
        "pending",
        plan.ago(0, 8.2),
        partner="Helix Systems",
        customer="Banque Lumière",
        lines=("Cloud backup",),
        amount=Decimal(184_000),
    )


def _queue(plan: Planner) -> Iterator[Deal]:
    """Decisions due today (or on the next business day), and some that are late."""
    today = add_business_days(plan.today, 0)
    late = add_business_days(plan.ago(2).date(), 0)
    for partner, customer, due in (
        ("Vertex Solutions", "Universität Talheim", late),
        ("Nordwind GmbH", "Nordfjell Energi", today),
        ("Lumen Services", "Aéro Composites Midi", today),
        ("Meridian IT", "Polder Logistics", today),
    ):
        moment = plan.submitted_for(due, 9.5 + plan.random.random() * 6)
        deal = plan.registration("pending", moment, partner=partner, customer=customer)
        deal.steps = [Step(moment - timedelta(minutes=20), "draft"), Step(moment, "submit")]
        yield deal
    late_review = plan.registration(
        "pending", plan.ago(4), partner="Kepler Conseil", customer="Assurances Mutuelles du Lac", lines=("Watch",)
    )
    late_review.steps.append(Step(plan.ago(3, 16), "take"))
    yield late_review
    yield plan.registration(
        "pending",
        plan.ago(1, 16),
        partner="Lac & Sommet",
        customer="Textiles Garonne",
        customer_name="Ets Textile Garonne SAS",
    )
    site = plan.registration(
        "pending",
        plan.ago(20),
        partner="Delta Informatique",
        customer="Puerto de Almira",
        scope="site",
        place_name="Terminal 2",
    )
    site.steps.append(Step(plan.ago(18, 15), "approve", {"days": PROTECTION}))
    yield site
