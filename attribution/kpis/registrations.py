"""What figures tell the shared registries."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from attribution.kpis import home  # noqa: F401  (what the two homes show of figures)
from attribution.kpis.figures import tiles
from attribution.kpis.links import metric_url
from prm.periods import Period
from prm.registries import NavigationItem, Panel, navigation, panels

KEY_FIGURES = (
    "bookings",
    "won_deals",
    "win_rate",
    "average_deal",
    "pipeline",
    "cycle_time",
    "approval_rate",
    "decision_time",
)

navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Reports"),
        "kpis:reports",
        "chart-bar",
        50,
        lambda user: not user.is_partner and user.may("see_metrics"),
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Figures"),
        "kpis:reports",
        "chart-bar",
        60,
        lambda user: user.is_partner and user.may("see_metrics"),
        side="portal",
    )
)


def key_figures(partner: Any, user: Any) -> dict | None:
    """On a partner's page: the last 12 months against those before, in two statements."""
    if user.is_partner or not user.may("see_metrics"):
        return None
    period = Period.named("12m")
    shown = tiles(KEY_FIGURES, period, {"partner": partner.pk}, user)
    for tile in shown:
        tile["page"] = metric_url(tile["key"], period, {"partner": str(partner.pk)})
    return {"tiles": shown, "period": period, "previous": period.previous}


panels.add(Panel("partner", gettext_lazy("Key figures"), "kpis/panels/key_figures.html", key_figures, 10))
