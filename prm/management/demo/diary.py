"""Meetings, calls, notes and tasks: those of the manager and of Alpine told one by one, those on other deals at once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from deals.models import DealRegistration
from partners.engagement.models import Activity
from partners.engagement.tasks import remind
from prm.calendar import business_zone
from prm.events.models import Event
from prm.management.demo.clock import Clock, office_hours
from prm.management.demo.plan import Planner
from prm.management.demo.tables import Table
from prm.management.demo.verbs import run_errands
from prm.ui.models import SavedView

PART = 6  # of so many approved deals one has a meeting
HELD = [
    ("meeting", "Réunion de lancement"),
    ("meeting", "Sizing meeting with the IT director"),
    ("demo", "Démonstration sur site"),
    ("demo", "Demonstration of a restore"),
    ("call", "Call on price and dates"),
]


def tell(plan: Planner, clock: Clock) -> None:
    """Everything in its time; the reminders of this morning are out."""
    held(plan, Random(13))  # noqa: S311
    told(plan, clock)
    keep_views(plan, clock)
    clock.moment = plan.now
    remind()
    run_errands()


def held(plan: Planner, random: Random) -> None:
    """Meetings on a part of the approved deals, logged by the partner or by its manager."""
    activities, events = Table(Activity), Table(Event)
    approved = (
        DealRegistration.objects.filter(participant__isnull=False)
        .select_related("partner__channel_manager", "participant__opportunity")
        .order_by("created_at", "customer_name", "id")
    )
    for row in approved:
        if random.random() * PART > 1:
            continue
        at = office_hours((row.decided_at + timedelta(days=random.uniform(2, 16))).replace(microsecond=0))
        closed = row.participant.opportunity.closed_on
        if at > plan.now or (closed and at.date() > closed):
            continue
        kind, title = random.choice(HELD)
        theirs = random.random() < 0.6
        by = plan.world.sellers[row.partner_id][0] if theirs else row.partner.channel_manager
        made = activities.add(
            at,
            kind=kind,
            title=title,
            subject_type="registration",
            subject_id=row.pk,
            partner_id=row.partner_id,
            side="partner" if theirs else "vendor",
            shared=theirs,
            created_by_id=by.pk,
            at=at,
            done_at=at,
        )
        events.add(
            at,
            subject_type="activity",
            subject_id=made["id"],
            verb="logged",
            partner_id=row.partner_id if theirs else None,
            actor_id=by.pk,
            actor_name=by.name,
            actor_side=made["side"],
            payload={
                "kind": kind,
                "title": title,
                "subject_type": "registration",
                "subject_id": str(row.pk),
                "partner": str(row.partner_id),
            },
            at=at,
        )
    activities.flush()
    events.flush()


def told(plan: Planner, clock: Clock) -> None:
    """What stands in the diaries of the channel manager and of Alpine's people."""
    world, manager = plan.world, plan.world.people["manager"]
    alpine, boreal, helix = (world.partners[name] for name in ("Alpine Conseil", "Boreal Cloud", "Helix Systems"))
    people = world.sellers[alpine.pk]
    deal = DealRegistration.objects.get(partner=alpine, customer_name="Ville de Pontclair")
    today = plan.today

    def do(days: int, hour: float, by: Any, about: Any, kind: str, title: str, **values: Any) -> Activity:
        clock.moment = plan.ago(days, hour)
        made = Activity.begin(by=by, about=about, kind=kind, title=title, **values)
        run_errands()
        return made

    do(
        35,
        10,
        manager,
        alpine,
        "check_in",
        "Point trimestriel",
        text="Two hires planned; wants the Vault training.",
        shared=True,
    )
    plan_made = do(30, 9, manager, boreal, "task", "Send the joint plan", due_on=(plan.ago(26)).date())
    clock.moment = plan.ago(27, 16)
    plan_made.complete(by=manager)
    run_errands()
    do(12, 10, people[0], deal, "meeting", "Réunion avec la direction informatique")
    do(8, 14, people[0], deal, "demo", "Démonstration de Watch au service réseau")
    do(7, 11, manager, helix, "call", "Call on the Clinique des Aravis overlap")
    do(6, 9, manager, world.partners["Lac & Sommet"], "task", "Ask why no new deals come in", due_on=plan.ago(2).date())
    do(4, 15, manager, boreal, "note", "Asks for a price list in Swiss francs.")
    do(3, 9, manager, alpine, "task", "Préparer la revue du territoire", due_on=today, reminder_days=0)
    do(2, 9, people[0], deal, "task", "Envoyer l’offre révisée", due_on=today + timedelta(days=1))
    do(2, 10, people[0], alpine, "task", "Book the Vault training", due_on=today + timedelta(days=9), reminder_days=2)
    visit = datetime.combine(today + timedelta(days=5), time(10), business_zone())
    do(1, 11, manager, alpine, "meeting", "Visite à Grenoble", at=visit, shared=True)
    do(1, 12, manager, helix, "task", "Review their certifications", due_on=today + timedelta(days=6), reminder_days=2)


def keep_views(plan: Planner, clock: Clock) -> None:
    """A view of one's own, and one that colleagues see too."""
    manager, clock.moment = plan.world.people["manager"], plan.ago(20)
    SavedView.keep(by=manager, list="deals:registrations", name="Protections en cours", query="protection=active")
    SavedView.keep(by=manager, list="partners:partners", name="Silent partners", query="situation=silent", shared=True)
