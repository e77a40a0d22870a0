"""What this app tells the shared registries."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.programs.models import Enrolment, Program, Tier
from prm import events
from prm.beside import PERIOD, beside, period_of
from prm.calendar import business_today
from prm.events.models import Event
from prm.registries import NavigationItem, Panel, navigation, panels
from prm.ui import story

navigation.add(
    NavigationItem(
        gettext_lazy("Partner programs"),
        "programs:programs",
        "certificate",
        10,
        lambda user: not user.is_partner and user.may("see_programs"),
        side="settings",
    )
)


def enrolments_beside(user) -> dict:
    found = Enrolment.objects.visible_to(user).filter(partner=OuterRef("pk")).order_by("-period")
    program = JSONObject(id="program_id", name="program__name")
    return {"enrolment_rows": beside(found[:20], id="pk", program=program, tier="tier__name", **PERIOD)}


def enrolments(partner: Any, user) -> dict | None:
    """The partner's programs and tiers, those in force first."""
    if not user.may("see_programs"):
        return None
    today = business_today()
    found: list[Any] = [
        Enrolment(id=row["id"], program=Program(**row["program"]), tier=Tier(name=row["tier"]), period=period_of(row))
        for row in partner.enrolment_rows or []
    ]
    for enrolment in found:
        enrolment.in_force = enrolment.period.lower <= today and (
            enrolment.period.upper is None or today < enrolment.period.upper
        )
    return {
        "enrolments": sorted(found, key=lambda enrolment: not enrolment.in_force),
        "partner": partner,
        "may_manage": user.may("manage_partners"),
    }


def say(event: Event) -> str:
    if event.verb == "tier_changed":
        return _("Tier changed: %(tier)s") % {"tier": event.payload.get("tier", "")}
    return {"created": _("Enrolled in a program"), "ended": _("End of an enrolment set")}.get(event.verb, "")


panels.add(
    Panel(
        "partner",
        gettext_lazy("Programs"),
        "programs/panels/enrolments.html",
        enrolments,
        20,
        beside=enrolments_beside,
    )
)
story.tell("enrolment", say)
events.readable("enrolment")
