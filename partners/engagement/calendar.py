"""One's calendar feed: the page of its address, and what a calendar program reads there."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partners.engagement.ics import written
from partners.engagement.models import CalendarFeed
from partners.models import User
from partners.people.profile import profile_tabs
from prm.access import allowed
from prm.db import acting
from prm.middleware import ScopeMiddleware
from prm.ui.toasts import say


@allowed(lambda user: user.is_authenticated)
def page(request: HttpRequest) -> HttpResponse:
    """The feed of the side one acts for: make its address, replace it, or end it. The address is shown once."""
    user, secret = request.user, ""
    with acting("system"):  # the portal's database role cannot read feeds
        if request.method == "POST" and request.POST.get("do") == "end":
            CalendarFeed.objects.of(user).delete()
            return say(request, redirect("engagement:calendar"), _("The address no longer works."))
        if request.method == "POST":
            secret = CalendarFeed.objects.renew(user)
        known = CalendarFeed.objects.of(user).first()
    address = settings.PUBLIC_URL.rstrip("/") + reverse("engagement:feed", args=[secret]) if secret else ""
    context = {"feed": known, "address": address, "tabs": profile_tabs("engagement:calendar")}
    return render(request, "engagement/calendar.html", context)


@login_not_required
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The person's dates, read by their calendar program; an unknown address is a missing page.

    The secret is looked up as the system, the dates are read in the person's own scope.
    """
    with acting("system"):
        known = CalendarFeed.objects.opened_by(token)
        person = User.objects.acting_as(known.user_id, known.membership_id) if known else None
        if known is None or person is None:
            raise Http404
        CalendarFeed.objects.filter(pk=known.pk).update(last_read_at=timezone.now())
        ScopeMiddleware.narrow(person)
        with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
            body = written(person)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["Cache-Control"] = "private, max-age=300"
    return response
