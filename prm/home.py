"""The homes: what changed, what waits, what needs attention and why. All of it comes from the registries."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from prm.access import portal_only, vendor_only
from prm.calendar import business_today, business_zone, is_business_day
from prm.events.models import Event
from prm.http import Request
from prm.registries import Happening, attention, happenings, home_tiles, panels_of, to_do
from prm.ui import story

TILES = 4
THINGS = 3  # to do, in the portal
NAME = re.compile(r"(?P<subject>[a-z_]+)\.(?P<verb>[a-z_]+)")  # of an event
LINES = 100  # of what happened, on one page


@require_GET
@vendor_only
def home(request: Request) -> HttpResponse:
    """What a channel manager sees in the morning."""
    user, since = request.user, last_business_day()
    panels = panels_of("home", None, user)
    return render(
        request,
        "home.html",
        {
            "greeting": greeting(user),
            "since": since,
            "changes": changes(user, since),
            "tiles": tiles(user, "vendor")[:TILES],
            "attention": [found for source in attention if (found := source.find(user)) is not None],
            "main_panels": [panel for panel in panels if panel["column"] == "main"],
            "side_panels": [panel for panel in panels if panel["column"] == "side"],
        },
    )


@require_GET
@portal_only
def portal(request: Request) -> HttpResponse:
    """What to do, my deals with their next date, my numbers, whom to ask."""
    user = request.user
    things = [thing for source in to_do for thing in source.find(user, THINGS)]
    return render(
        request,
        "portal/home.html",
        {
            "first_name": (user.name.split() or [user.name])[0],
            "today": business_today(),
            "todo": sorted(things, key=lambda thing: instant(thing["due"]))[:THINGS],
            "may_register": user.may("register_deals"),
            "contact": user.acting_for.channel_manager,
            "tiles": tiles(user, "portal"),
            "panels": panels_of("portal_home", user.acting_for, user),
        },
    )


@require_GET
@vendor_only
def happened(request: Request) -> HttpResponse:
    """The events behind a count of the home page, each with its record: ``?what=`` the event's name, ``?since=`` the first day."""
    since = parse_date_or_refuse(request.GET.get("since", "")) or last_business_day()
    rows = told(request.user, since)
    if what := NAME.fullmatch(request.GET.get("what", "")):
        rows = rows.filter(subject_type=what["subject"], verb=what["verb"])
    page = page_number(request.GET.get("page", ""))
    found = list(rows.order_by("-at", "-id")[(page - 1) * LINES : page * LINES + 1])
    older = urlencode({**request.GET.dict(), "page": page + 1}) if len(found) > LINES else ""
    return render(
        request,
        "happened.html",
        {"since": since, "events": story.named(found[:LINES], request.user), "older": older, "what": bool(what)},
    )


def page_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 and int(text) else 1


def parse_date_or_refuse(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        raise BadRequest from None


def tiles(user: Any, side: str) -> list[dict]:
    return [tile for entry in home_tiles if entry.side == side for tile in entry.tiles(user)]


def instant(due: date | datetime | None) -> datetime:
    """When something is due, for putting things in order; a day counts to its end, what may wait comes last."""
    if due is None:
        return datetime.max.replace(tzinfo=business_zone())
    return due if isinstance(due, datetime) else datetime.combine(due, time.max, business_zone())


def last_business_day() -> date:
    """Yesterday, or on a Monday the Friday before: since when a home page tells what changed."""
    day = business_today() - timedelta(days=1)
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


def told(user: Any, since: date):
    """The events this person may read since the beginning of that day, in the vendor's time zone."""
    rows = Event.objects.visible_to(user).filter(at__gte=datetime.combine(since, time.min, business_zone()))
    return rows if user.partner_scope_ids() is None else rows.filter(story.about_visible(user))


def changes(user: Any, since: date) -> list[dict]:
    """How often each declared kind of event happened since then, in words, with the address of exactly those events."""
    declared: dict[tuple[str, str], Happening] = {tuple(item.name.split(".")): item for item in happenings}
    counts = {
        (row["subject_type"], row["verb"]): row["count"]
        for row in told(user, since)
        .filter(
            subject_type__in={subject for subject, _verb in declared}, verb__in={verb for _subject, verb in declared}
        )
        .values("subject_type", "verb")
        .annotate(count=Count("pk"))
        .order_by()
    }
    return [
        {
            "words": item.words(counts[key]),
            "url": f"{reverse('happened')}?{urlencode({'what': item.name, 'since': since.isoformat()})}",
        }
        for key, item in declared.items()
        if counts.get(key)
    ]


def greeting(user: Any) -> str:
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
