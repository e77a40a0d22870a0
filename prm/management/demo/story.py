"""The deals that have a part in the demo's story: Alpine, its rival Boreal, and what waits on the manager's desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

from prm.calendar import add_business_days, business_zone
from prm.management.demo.clock import office_hours
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
    "Garage Montjoie",
    "Papeteries de l’Orne",
    "Calder Mills",
    "Transports Ostrevent",
)


def told(plan: Planner) -> Iterator[Deal]:
    """The named deals, whose customers take part in nothing else, and one of each end that chance might leave out."""
    plan.reserved |= {plan.world.customer(name).pk for name in NAMED}
    yield from _alpine(plan)
    yield from _conflicts(plan)
    yield from _decided(plan)
    yield from _faded(plan)
    yield from _reviewed_again(plan)
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
    yield plan.registration(
        "pending",
        plan.ago(2, 11),
        **alpine,
        customer="Garage Montjoie",
        lines=("Watch",),
        amount=Decimal(21_500),
        description="Supervision de six ateliers en Île-de-France.",
    )
    rejected = plan.registration("pending", plan.ago(9), **alpine, customer="Fromageries de la Tournette", lines=backup)
    rejected.steps += [
        Step(plan.ago(7, 16), "reject", {"reason": "duplicate", "message": ""}),
        Step(plan.ago(1, 10), "appeal", {"text": "Nous suivons ce client depuis mars ; le compte rendu de visite est à votre disposition."}),
    ]  # fmt: skip
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
    protected.steps += [
        Step(plan.ago(12), "comment", {"text": "The offer is with the purchasing department."}),
        Step(plan.ago(11), "extend"),
    ]
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


def _decided(plan: Planner) -> Iterator[Deal]:
    """Conflicts that a person has closed: upheld for the first, chosen by the customer, no conflict at all."""
    for customer, lines, first, later, decision in (
        (
            "Papeteries de l’Orne",
            ("Vault",),
            "Kepler Conseil",
            "Granit Réseaux",
            ("settle", {"ruling": "uphold_first", "reason": "Kepler Conseil a déposé le dossier un jour plus tôt."}),
        ),
        (
            "Calder Mills",
            ("Watch",),
            "Helix Systems",
            "Meridian IT",
            (
                "settle",
                {
                    "ruling": "customer_choice",
                    "kept_side": "first",
                    "reason": "The IT director named Helix Systems in writing.",
                },
            ),
        ),
        (
            "Transports Ostrevent",
            ("Cloud backup",),
            "Lumen Services",
            "Cobalt Réseaux",
            ("dismiss", {"reason": "Deux dépôts, deux projets : le client l’a confirmé par téléphone."}),
        ),
    ):
        decided = decision[0] == "settle"
        days = 6 if decided else 2
        one = plan.registration("pending", plan.ago(days, 9), partner=first, customer=customer, lines=lines, type="new")
        one.steps.append(Step(plan.ago(days - 1, 11), "take"))
        two = plan.registration(
            "pending", plan.ago(days - 1, 10), partner=later, customer=customer, lines=lines, type="new"
        )
        two.steps += [Step(plan.ago(days - 1, 14), "take"), Step(plan.ago(days - 1, 15), *decision)]
        if decided:
            two.steps.append(Step(plan.ago(3, 10), "reject", {"reason": "duplicate", "message": ""}))
            one.steps.append(Step(plan.ago(3, 11), "approve", {"days": PROTECTION}))
        yield one
        yield two


def _reviewed_again(plan: Planner) -> Iterator[Deal]:
    """Refusals a second person looked at: one stands, one was taken back and the deal approved."""
    for partner, text, verb, message in (
        (
            "Granit Réseaux",
            "The customer's budget was confirmed in writing last week.",
            "uphold",
            "The project remains without a date. Register it again when there is one.",
        ),
        (
            "Helix Systems",
            "Le site se trouve bien dans notre secteur, voir l’adresse de livraison.",
            "overturn",
            "Vous aviez raison : l’adresse de livraison est dans votre secteur.",
        ),
    ):
        deal = plan.registration("pending", plan.ago(16, 10), partner=partner)
        deal.steps += [
            Step(plan.ago(14, 15), "reject", {"reason": "not_qualified" if verb == "uphold" else "outside_territory", "message": ""}),
            Step(plan.ago(12, 9), "appeal", {"text": text}),
            Step(plan.ago(11, 11), verb, {"message": message}),
        ]  # fmt: skip
        if verb == "overturn":
            deal.steps.append(Step(plan.ago(10, 14), "approve", {"days": PROTECTION}))
        yield deal


def _faded(plan: Planner) -> Iterator[Deal]:
    """Lac & Sommet won a good deal a week half a year ago, and nothing since."""
    for days in (165, 158, 151):
        deal = plan.registration("won", plan.ago((days + 30) * 5 // 7), partner="Lac & Sommet")
        deal.values["amount"] = Decimal(60_000)
        won = office_hours(plan.now - timedelta(days=days))
        deal.steps = [step for step in deal.steps if step.verb != "move"] + [Step(won, "move", {"stage": "won"})]
        yield deal


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
    site.steps += [
        Step(plan.ago(18, 15), "approve", {"days": PROTECTION}),
        Step(
            plan.ago(5, 10),
            "dismiss",
            {"reason": "Delta takes Spain over from next month; agreed with the program owner."},
        ),
    ]
    yield site
