"""What this app tells the shared registries."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals import flags
from deals.conflicts import evidence
from deals.conflicts.models import Conflict
from prm import events
from prm.registries import Panel, panels

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
        "may_dismiss": user.may("decide_registrations"),
    }


def finding(conflict: Conflict, registration) -> dict:
    mine, theirs = evidence.sides(conflict, registration)
    return {
        "conflict": conflict,
        "left": _("This request, %(name)s") % {"name": evidence.heading(mine)},
        "right": _("Existing, %(name)s") % {"name": evidence.heading(theirs)} if theirs else "",
        "rows": evidence.rows(conflict, registration) if theirs else [],
        "other": conflict.other if conflict.registration_id == registration.pk else conflict.registration,
    }


for page in ("registration_review", "registration"):
    panels.add(Panel(page, gettext_lazy("Findings"), "conflicts/panels/findings.html", findings, 10))
events.readable("conflict", "see_conflicts")
flags.sources.append(Conflict.objects.of_registrations)
flags.opportunity_sources.append(Conflict.objects.about_opportunity)
