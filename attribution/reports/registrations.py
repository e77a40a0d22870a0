"""What credit tells the shared registries."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from attribution.reports.journey import journey_of
from deals.models import Opportunity
from prm.registries import NavigationItem, Panel, navigation, panels


def vendor(user: Any) -> bool:
    return not user.is_partner and user.may("see_credit")


def portal(user: Any) -> bool:
    return user.is_partner and user.may("see_credit")


def journey_panel(opportunity: Opportunity, user: Any) -> dict | None:
    """On a won opportunity's page: its touches and what each gets."""
    if not vendor(user) or opportunity.closed_on is None:
        return None
    journey = journey_of(opportunity, user)
    return {"journey": journey, "opportunity": opportunity} if journey else None


navigation.add(NavigationItem(pgettext_lazy("menu", "Credit"), "attribution:credit", "chart-pie", 45, vendor))
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Our share"), "attribution:portal_credit", "chart-pie", 45, portal, side="portal"
    )
)
panels.add(
    Panel("opportunity", gettext_lazy("Journey and credit"), "attribution/panels/journey.html", journey_panel, 30)
)
