"""What this app tells the shared registries."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from deals import flags
from deals.conflicts import (
    bulk,  # noqa: F401  (what can be done with several rows at once)
    evidence,
)
from deals.conflicts.models import Conflict, Ruling
from prm import events
from prm.registries import Happening, NavigationItem, Panel, happenings, navigation, panels
from prm.ui import story
from prm.ui.templatetags.ui import num

MOST = 20


def findings(registration, user) -> dict | None:
    """The conflicts of a registration, with both sides' facts; the vendor alone sees them."""
    if user.is_partner or not user.may("see_conflicts"):
        return None
    found = Conflict.objects.visible_to(user).touching(registration).exclude(status="cleared")
    rows = list(
        found.select_related("registration__partner", "other__partner", "opportunity", "customer", "closed_by")[:MOST]
    )
    if not rows:
        return None
    return {
        "findings": [finding(row, registration) for row in rows],
        "record": registration,
        "may_dismiss": user.may("decide_registrations") or user.may("settle_conflicts"),
    }


def finding(conflict: Conflict, registration) -> dict:
    mine, theirs = evidence.sides(conflict, registration)
    return {
        "conflict": conflict,
        "left": _("This request, %(name)s") % {"name": evidence.heading(mine)},
        "right": _("Existing, %(name)s") % {"name": evidence.heading(theirs)} if theirs else conflict.side_names[0],
        "rows": evidence.rows(conflict, registration),
        "other": conflict.other if conflict.registration_id == registration.pk else conflict.registration,
    }


for page in ("registration_review", "registration"):
    panels.add(Panel(page, gettext_lazy("Findings"), "conflicts/panels/findings.html", findings, 10))


def due(user):
    """Open conflicts, for whoever may settle them."""
    return Conflict.objects.settleable_by(user).open()


def sentence(event) -> str:
    """What happened to a conflict, in words."""
    if event.verb == "settled":
        return _("Settled: %(ruling)s") % {"ruling": dict(Ruling.choices).get(event.payload.get("ruling"), "")}
    words = {
        "detected": _("Found by rule %(rule)s") % {"rule": event.payload.get("rule", "")},
        "dismissed": _("Dismissed: %(reason)s") % {"reason": event.payload.get("reason", "")},
        "reopened": _("Opened again"),
        "cleared": _("The rule no longer finds it"),
    }
    return words.get(event.verb, "")


navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Conflicts"),
        "conflicts:conflicts",
        "arrows-split-2",
        28,
        lambda user: not user.is_partner and user.may("see_conflicts"),
        due,
        key="f",
    )
)
happenings.add(
    Happening(
        "conflict.detected",
        lambda count: ngettext("%(n)s new conflict", "%(n)s new conflicts", count) % {"n": num(count)},
        30,
    )
)
story.tell("conflict", sentence, "conflicts:conflict", Conflict)
events.readable("conflict", "see_conflicts")
flags.sources.append(Conflict.objects.of_registrations)
flags.opportunity_sources.append(Conflict.objects.about_opportunity)
