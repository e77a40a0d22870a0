"""The vendor's home: what awaits a decision, what needs attention, what happened. All of it comes from the registries."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from prm.access import vendor_only
from prm.events.models import Event
from prm.registries import home_tiles, panels_of
from prm.ui import story

LATEST = 12


@vendor_only
def home(request: HttpRequest) -> HttpResponse:
    """What a channel manager sees in the morning."""
    user = request.user
    tiles = [tile for entry in home_tiles if entry.side == "vendor" and (tile := entry.value(user)) is not None]
    panels = panels_of("home", None, user)
    events = (
        list(Event.objects.visible_to(user).order_by("-at", "-id")[: 3 * LATEST]) if user.may("see_partners") else []
    )
    return render(
        request,
        "home.html",
        {
            "greeting": greeting(user),
            "tiles": tiles,
            "main_panels": [panel for panel in panels if panel["column"] == "main"],
            "side_panels": [panel for panel in panels if panel["column"] == "side"],
            "events": story.named(events, user)[:LATEST],
        },
    )


def greeting(user) -> str:
    """By the reader's clock and first name."""
    hour = timezone.localtime().hour
    words = (
        _("Good morning, %(name)s")
        if hour < 12
        else _("Good afternoon, %(name)s")
        if hour < 18
        else _("Good evening, %(name)s")
    )
    return words % {"name": user.name.split()[0] if user.name.split() else ""}
