"""A person's dates as a calendar file (RFC 5545): tasks and meetings of their own, and the deadlines other apps add.

calendar_sources.append(deadlines)  # deadlines(user, first, last) yields Entry rows the person may see
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from partners.engagement.models import Activity
from prm.calendar import business_today
from prm.installation.models import Installation

BEFORE, AFTER, MOST = timedelta(days=60), timedelta(days=400), 500
MEETING = timedelta(hours=1)  # what a meeting takes in a calendar, as nobody says how long it is


@dataclass(frozen=True)
class Entry:
    """One date: ``when`` is a day, or a moment with a meeting's length. ``uid`` stays the same however often it is read."""

    uid: str
    when: date | datetime
    title: str
    path: str
    changed_at: datetime
    text: str = ""
    sequence: int = 0


calendar_sources: list[Callable[[Any, date, date], Iterable[Entry]]] = []


def activities(user: Any, first: date, last: date) -> Iterable[Entry]:
    """What the person has to do by a day, and the meetings, calls and demonstrations they planned."""
    mine = Activity.objects.visible_to(user).filter(assignee=user.pk)
    for row in mine.filter(due_on__range=(first, last)).order_by("due_on", "id")[:MOST]:
        if row.at is None or row.is_done:
            yield entry(row, row.due_on)
    for row in mine.filter(at__date__range=(first, last)).order_by("at", "id")[:MOST]:
        if not row.is_done or row.due_on is None:
            yield entry(row, row.at)


def entry(activity: Activity, when: date | datetime) -> Entry:
    title = _("Done: %(title)s") % {"title": activity.title} if activity.is_done else activity.title
    kind = "day" if not isinstance(when, datetime) else "at"
    return Entry(
        f"{activity.pk}-{kind}",
        when,
        title,
        activity.get_absolute_url(),
        activity.updated_at,
        activity.text,
        activity.version,
    )


calendar_sources.append(activities)


def written(user: Any) -> bytes:
    """The whole calendar of a person, in the language that is active; run it in the person's own scope."""
    name, host = Installation.current().name, urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    calendar = Calendar()
    calendar.add("prodid", f"-//{name}//PRM//{translation.get_language().upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("%(name)s, my dates") % {"name": name})
    calendar.add("x-published-ttl", "PT1H")
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    today = business_today()
    for source in calendar_sources:
        for one in source(user, today - BEFORE, today + AFTER):
            calendar.add_component(component(one, host))
    return calendar.to_ical()


def component(one: Entry, host: str) -> Event:
    """A date as an event; whole days leave the person free."""
    event = Event()
    event.add("uid", f"{one.uid}@{host}")
    event.add("dtstamp", one.changed_at.astimezone(UTC))
    event.add("last-modified", one.changed_at.astimezone(UTC))
    event.add("sequence", one.sequence)
    event.add("summary", one.title)
    event.add("url", settings.PUBLIC_URL.rstrip("/") + one.path)
    if one.text:
        event.add("description", one.text)
    if isinstance(one.when, datetime):
        event.add("dtstart", one.when.astimezone(UTC))
        event.add("duration", MEETING)
    else:
        event.add("dtstart", one.when)
        event.add("dtend", one.when + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    return event
