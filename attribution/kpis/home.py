"""Figures on the two homes: the tiles, the chart, and the partners whose bookings fall."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, Sum, UUIDField
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from attribution.kpis.figures import series, tiles
from attribution.kpis.links import metric_url
from attribution.kpis.models import Rollup
from partners.models import Partner, PartnerStatus
from prm.calendar import business_today
from prm.periods import Period, add_months, month_start
from prm.registries import (
    Attention,
    HomeTiles,
    Panel,
    Situation,
    attention,
    home_tiles,
    panels,
    partner_situations,
)
from prm.ui.templatetags.ui import num

VENDOR = ("open_conflicts", "pipeline", "bookings")
PORTAL = ("bookings", "pipeline", "sourced_bookings", "win_rate")
CHARTED = ("sourced_bookings", "influenced_bookings")
FALLING_MONTHS = 3


def vendor_tiles(user: Any) -> list[dict]:
    """Open conflicts, pipeline and this quarter's bookings, each with the way to its rows."""
    return tiles(VENDOR, Period.named("quarter"), None, user)


def portal_tiles(user: Any) -> list[dict]:
    """A partner's own figures of twelve months."""
    return tiles(PORTAL, Period.named("12m"), None, user)


def bookings_chart(_record: Any, user: Any) -> dict | None:
    """Bookings that partners sourced and influenced, month by month."""
    if not user.may("see_metrics"):
        return None
    period = Period.named("12m")
    told = series(CHARTED, period, user)
    if not told:
        return None
    return {
        "chart": True,
        "labels": [figure.label for figure in told[0][1]],
        "series": [
            {"label": str(metric.name), "values": [figure.value for figure in figures]} for metric, figures in told
        ],
        "unit": told[0][1][0].currency,
        "unfinished": period.unfinished,
        "url": metric_url(CHARTED[0], period),
    }


def falling(partners: Any) -> Any:
    """Active partners that booked, in the last three whole months, less than half of what they booked in the three before."""
    this = month_start(business_today())
    middle, start = add_months(this, -FALLING_MONTHS), add_months(this, -2 * FALLING_MONTHS)
    booked = Rollup.objects.filter(measure="won", dimension="partner", month__gte=start, month__lt=this).exclude(key="")
    fell = (
        booked.values("key")
        .annotate(
            now=Coalesce(Sum("value", filter=Q(month__gte=middle)), 0),
            before=Coalesce(Sum("value", filter=Q(month__lt=middle)), 0),
        )
        .filter(before__gt=F("now") * 2)
        .annotate(partner=Cast("key", UUIDField()))
    )
    return partners.filter(status=PartnerStatus.ACTIVE, pk__in=fell.values("partner"))


def falling_partners(user: Any) -> dict | None:
    """Partners in this person's care whose bookings fell by more than half."""
    if not (user.may("see_partners") and user.may("see_metrics")):
        return None
    mine = Partner.objects.visible_to(user).filter(channel_manager=user)
    names = list(falling(mine).order_by("name").values_list("name", flat=True)[:100])
    if not names:
        return None
    return {
        "icon": "trending-down",
        "tone": "bad",
        "title": ngettext(
            "%(n)s partner books less than half of what it did",
            "%(n)s partners book less than half of what they did",
            len(names),
        )
        % {"n": num(len(names)) if len(names) < 100 else _("100 or more")},
        "detail": _("Last three months against the three before: %(names)s")
        % {"names": " · ".join(names[:3]) + (" …" if len(names) > 3 else "")},
        "url": f"{reverse('partners:partners')}?situation=falling&manager={user.pk}",
    }


home_tiles.add(HomeTiles("vendor", vendor_tiles, 30))
home_tiles.add(HomeTiles("portal", portal_tiles, 30))
panels.add(Panel("home", gettext_lazy("Bookings with partners"), "kpis/panels/bookings.html", bookings_chart, 60))
attention.add(Attention(falling_partners, 30))
partner_situations.add(Situation("falling", pgettext_lazy("partner", "bookings fell by half"), falling, 30))
