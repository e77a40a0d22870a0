"""What this app tells the shared registries."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Partner
from partners.programs.models import Enrolment
from prm import events
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


def enrolments(partner: Partner, user) -> dict | None:
    """The partner's programs and tiers, those in force first."""
    if not user.may("see_programs"):
        return None
    today = business_today()
    found = list(
        Enrolment.objects.visible_to(user)
        .filter(partner=partner)
        .select_related("program", "tier")
        .order_by("-period")[:20]
    )
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


panels.add(Panel("partner", gettext_lazy("Programs"), "programs/panels/enrolments.html", enrolments, 20))
story.tell("enrolment", say)
events.readable("enrolment")
