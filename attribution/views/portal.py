"""The partner's side: the leads proposed to it, its answer, and what it makes of those it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_POST

from attribution.forms import DeclineForm, DisqualifyForm
from attribution.models import Lead, LeadOffer, OfferStatus
from deals.models import DealRegistration
from partners.catalogue.models import ProductLine
from prm import registries
from prm.access import portal_only, scoped
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.http import Request
from prm.ui import story
from prm.ui.lists import Column, ListPage, Tab
from prm.ui.templatetags.ui import day
from prm.ui.toasts import say

READ = 30


def state_of(offer: LeadOffer) -> tuple[str, str]:
    """Value and words of where the lead stands for the partner."""
    if not offer.is_accepted:
        return offer.status, offer.get_status_display()
    return offer.follow_up or "accepted", offer.get_follow_up_display()


class StateColumn(Column):
    def words(self, row: LeadOffer) -> str:
        return state_of(row)[1]


class PortalLeads(ListPage):
    """The leads proposed to one's company; nothing in the list says who they are."""

    title = gettext_lazy("Leads")
    lead = gettext_lazy("Leads we propose to you. You read who it is once you accept.")
    icon = "target"
    export_name = "leads"
    default_sort = "-created_at"
    empty_title = gettext_lazy("No lead proposed yet")
    empty_text = gettext_lazy("When we have a lead for you, it appears here with a day to answer by.")
    columns = [
        Column("name", gettext_lazy("Lead"), value=str, phone="title", link=True),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount"), phone="value"),
        StateColumn("state", gettext_lazy("State"), kind="status", value=lambda row: state_of(row)[0], phone="status"),
        Column(
            "answer_by",
            gettext_lazy("Answer by"),
            value=lambda row: _("Answer by %(day)s") % {"day": day(row.respond_by)} if row.is_open else "",
            sort="respond_by",
            phone="detail",
        ),
        Column("created_at", gettext_lazy("Proposed"), kind="date", sort="created_at"),
    ]

    def rows(self):
        rows = LeadOffer.objects.visible_to(self.request.user)
        match self.request.GET.get("view"):
            case "open":
                return rows.open()
            case "mine":
                return rows.filter(status=OfferStatus.ACCEPTED)
        return rows

    def tabs(self):
        return [
            Tab(_("All"), {}),
            Tab(pgettext("leads", "To answer"), {"view": "open"}),
            Tab(pgettext("leads", "Accepted"), {"view": "mine"}),
        ]


@require_GET
@portal_only
@scoped(lambda user: LeadOffer.objects.visible_to(user) if user.is_partner else LeadOffer.objects.none())
def offer(request: Request, offer: LeadOffer) -> HttpResponse:
    """One lead: what may be known before the answer, and who it is after it was accepted."""
    return offer_page(request, offer)


def offer_page(request: Request, offer: LeadOffer, status: int = 200, **more: Any) -> HttpResponse:
    user = request.user
    may_work = user.may("work_leads")
    found = Lead.objects.filter(pk=offer.lead_id).first() if offer.is_accepted else None
    registration = None
    if found is not None and found.converted_registration_id:
        own = DealRegistration.objects.visible_to(user)
        registration = own.filter(pk=found.converted_registration_id).first()
    value, label = state_of(offer)
    context = {
        "offer": offer,
        "found": found,
        "registration": registration,
        "lines": ProductLine.objects.filter(pk__in=offer.line_ids) if offer.line_ids else [],
        "state": value,
        "state_label": label,
        "may_answer": may_work and offer.is_open and offer.respond_by > timezone.now(),
        "may_work": may_work and offer.is_worked,
        "may_register": may_work and offer.is_worked and user.may("register_deals"),
        "events": story.lines(Event.objects.visible_to(user).about(offer)[:READ]),
        "panels": registries.panels_of("portal_lead", offer, user) if offer.is_accepted else [],
        "decline_form": DeclineForm(initial={"version": offer.version}, prefix="decline"),
        "disqualify_form": DisqualifyForm(initial={"version": offer.version}, prefix="disqualify"),
        **more,
    }
    return render(request, "attribution/offer.html", context, status=status)


def act(request: Request, offer: LeadOffer, verb: Callable[[], Any], said: str, to=None, **more: Any) -> HttpResponse:
    """Call a verb; what a rule refuses is said on the lead's page."""
    try:
        with transaction.atomic():
            done = verb()
    except RuleViolation as error:
        offer.refresh_from_db()
        return offer_page(request, offer, 422, problem=error.message, **more)
    return say(request, redirect(to(done) if to else offer.get_absolute_url()), said)


workable = scoped(lambda user: LeadOffer.objects.answerable_by(user))


@require_POST
@portal_only
@workable
def acceptance(request: Request, offer: LeadOffer) -> HttpResponse:
    """Take the lead."""
    version = request.POST.get("version")
    return act(
        request,
        offer,
        lambda: offer.accept(by=request.user, version=version),
        _("The lead is yours. Get in touch soon."),
    )


@require_POST
@portal_only
@workable
def decline(request: Request, offer: LeadOffer) -> HttpResponse:
    """Leave it to others."""
    form = DeclineForm(request.POST, prefix="decline")
    if not form.is_valid():
        return offer_page(request, offer, 422, decline_form=form, problem=_("Say why you decline."))
    data = form.cleaned_data
    return act(
        request,
        offer,
        lambda: offer.decline(by=request.user, reason=data["reason"], note=data["note"], version=data["version"]),
        _("Declined. Thank you for answering."),
        to=lambda done: reverse("attribution:portal_leads"),
    )


@require_POST
@portal_only
@workable
def contact(request: Request, offer: LeadOffer) -> HttpResponse:
    """Somebody spoke with them."""
    version = request.POST.get("version")
    return act(request, offer, lambda: offer.contact(by=request.user, version=version), _("Noted: you are in touch."))


@require_POST
@portal_only
@workable
def registration(request: Request, offer: LeadOffer) -> HttpResponse:
    """Go on with the form of a registration, filled with what the lead says."""
    version = request.POST.get("version")
    return act(
        request,
        offer,
        lambda: offer.register(by=request.user, version=version),
        _("Complete the registration and submit it."),
        to=lambda done: reverse("deals:edit_registration", args=[done.pk]),
    )


@require_POST
@portal_only
@workable
def disqualification(request: Request, offer: LeadOffer) -> HttpResponse:
    """Nothing will come of it."""
    form = DisqualifyForm(request.POST, prefix="disqualify")
    if not form.is_valid():
        return offer_page(request, offer, 422, disqualify_form=form, problem=_("Say why nothing comes of it."))
    data = form.cleaned_data
    return act(
        request,
        offer,
        lambda: offer.disqualify(by=request.user, reason=data["reason"], note=data["note"], version=data["version"]),
        _("Reported. Thank you."),
    )
