"""Touches written down, corrected and taken back by hand, from the page of what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from attribution.forms import TouchpointForm, VersionForm
from attribution.models import Lead, Touchpoint
from attribution.views.campaign import manages
from deals.models import DealRegistration, Opportunity
from partners.models import Partner
from prm.access import allowed, scoped
from prm.ui.forms import handle, posted
from territories.models import Customer

SUBJECTS: dict[str, Callable[[Any], Any]] = {
    "lead": Lead.objects.visible_to,
    "opportunity": Opportunity.objects.visible_to,
    "registration": lambda user: DealRegistration.objects.visible_to(user).exclude(submission_status="draft"),
    "customer": Customer.objects.visible_to,
    "partner": Partner.objects.visible_to,
}


def subject_of(request: HttpRequest) -> Any:
    """The record the touch is about, among those its writer sees."""
    rows = SUBJECTS.get(request.GET.get("about", ""))
    try:
        pk = UUID(request.GET.get("id", ""))
    except ValueError:
        raise Http404 from None
    found = rows(request.user).filter(pk=pk).first() if rows else None
    if found is None:
        raise Http404
    return found


@allowed(manages)
def touchpoint_create(request: HttpRequest) -> HttpResponse:
    """``?about=opportunity&id=…``: a touch on that record."""
    about = subject_of(request)
    form = TouchpointForm(posted(request), user=request.user, about=about)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=about.get_absolute_url(),
        said=_("Touchpoint recorded."),
        title=_("Record a touchpoint"),
        lead=str(about),
        back_url=about.get_absolute_url(),
        back_label=str(about),
    )


@scoped(lambda user: Touchpoint.objects.editable_by(user).with_names())
def touchpoint(request: HttpRequest, touchpoint: Touchpoint) -> HttpResponse:
    """Correct a touch."""
    form = TouchpointForm(posted(request), instance=touchpoint, user=request.user, about=touchpoint.subject)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="attribution/touchpoint.html",
        to=page_of(touchpoint),
        title=_("Touchpoint"),
        lead=str(touchpoint.subject or ""),
        back_url=page_of(touchpoint),
        back_label=str(touchpoint.subject or _("Leads")),
        touchpoint=touchpoint,
    )


@scoped(lambda user: Touchpoint.objects.editable_by(user).with_names())
def touchpoint_delete(request: HttpRequest, touchpoint: Touchpoint) -> HttpResponse:
    """Take a touch back."""
    page, form = page_of(touchpoint), VersionForm(posted(request), initial={"version": touchpoint.version})
    return handle(
        request,
        form,
        lambda: touchpoint.remove(by=request.user, version=form.cleaned_data["version"]),
        to=page,
        said=_("Touchpoint taken back."),
        title=_("Take this touchpoint back?"),
        lead=str(touchpoint),
        submit=_("Take back"),
        back_url=page,
        back_label=str(touchpoint.subject or _("Leads")),
    )


def page_of(touchpoint: Touchpoint) -> str:
    """Where the touch is shown."""
    return touchpoint.subject.get_absolute_url()
