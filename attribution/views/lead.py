"""Leads as the vendor works them: the list, the record, offers to partners, what becomes of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST

from attribution.filters import LeadFilters
from attribution.forms import DisqualifyForm, LeadForm, OfferForm, VersionForm
from attribution.models import Lead, LeadOffer, LeadStatus, Touchpoint
from attribution.story import lines_of
from attribution.views.campaign import manages
from deals.models import DealRegistration
from prm import registries
from prm.access import allowed, scoped
from prm.events.models import Event
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage, Tab

READ = 40  # entries of a timeline


class LeadList(ListPage):
    title = gettext_lazy("Leads")
    lead = gettext_lazy("Who may be interested, and which partner takes care of it.")
    icon = "target"
    filterset_class = LeadFilters
    default_sort = "-received_at"
    export_name, import_kind = "leads", "leads"
    empty_title = gettext_lazy("No lead yet")
    empty_text = gettext_lazy(
        "Record a lead, import a list or send them through the API; then propose each to a partner."
    )
    no_result_title = gettext_lazy("No lead matches these filters")
    columns = [
        Column(
            "company_name",
            gettext_lazy("Company"),
            link=True,
            sort="company_name",
            phone="title",
            detail=lambda row: row.contact_name,
        ),
        Column("contact_name", gettext_lazy("Contact"), screen=False),
        Column("email", gettext_lazy("E-mail"), screen=False),
        Column("phone", gettext_lazy("Telephone"), screen=False),
        Column("status", gettext_lazy("Status"), kind="status", sort="status", phone="status"),
        Column("partner", gettext_lazy("Partner"), sort="partner__name", phone="detail"),
        Column("source", gettext_lazy("Source"), sort="source", phone="detail", detail=lambda row: row.campaign or ""),
        Column("campaign", gettext_lazy("Campaign"), sort="campaign__name", screen=False),
        Column("referred_by", gettext_lazy("Referred by"), screen=False),
        Column("country", gettext_lazy("Country"), value=lambda row: row.country.name, sort="country"),
        Column("region", gettext_lazy("Region"), screen=False),
        Column("industry", gettext_lazy("Industry"), screen=False),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount"), phone="value"),
        Column("legal_basis", gettext_lazy("Legal basis"), screen=False),
        Column("notice_at", gettext_lazy("Informed on"), kind="date", screen=False),
        Column("owner", gettext_lazy("Owner"), sort="owner__name", screen=False),
        Column("received_at", gettext_lazy("Received"), kind="date", sort="received_at"),
    ]

    def rows(self):
        return Lead.objects.visible_to(self.request.user).with_names()

    def actions(self):
        if not manages(self.request.user):
            return []
        return [Action(_("New lead"), reverse("attribution:lead_create"), "plus", primary=True)]

    def tabs(self):
        return [
            Tab(_("All"), {}),
            Tab(pgettext("leads", "To assign"), {"status": LeadStatus.NEW.value}),
            Tab(pgettext("leads", "Offered"), {"status": LeadStatus.OFFERED.value}),
            Tab(pgettext("leads", "Accepted"), {"status": LeadStatus.ACCEPTED.value}),
            Tab(pgettext("leads", "Converted"), {"status": LeadStatus.CONVERTED.value}),
            Tab(_("Mine"), {"owner": str(self.request.user.pk)}),
        ]


def for_page(user):
    offers = LeadOffer.objects.visible_to(user).select_related("partner", "grounds").order_by("-created_at", "-id")
    touches = Touchpoint.objects.visible_to(user).select_related("partner", "team", "campaign").order_by("-at", "-id")
    return (
        Lead.objects.visible_to(user)
        .with_names()
        .select_related("converted_opportunity")
        .prefetch_related(
            Prefetch("offers", offers, "shown_offers"), Prefetch("touchpoints", touches, "shown_touches"), "lines"
        )
    )


@scoped(for_page)
def lead(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Everything about one lead."""
    user = request.user
    offer = next((offer for offer in lead.shown_offers if offer.is_open or offer.is_accepted), None)
    may_manage = manages(user)
    registration = None
    if lead.converted_registration_id:
        rows = DealRegistration.objects.visible_to(user)
        registration = rows.filter(pk=lead.converted_registration_id).first()
    context: dict[str, Any] = {
        "lead": lead,
        "offer": offer,
        "registration": registration,
        "offers": lead.shown_offers,
        "touches": lead.shown_touches,
        "new_url": f"{reverse('attribution:touchpoint_create')}?about=lead&id={lead.pk}",
        "events": lines_of(Event.objects.visible_to(user).about(lead, *lead.shown_offers)[:READ]),
        "panels": registries.panels_of("lead", lead, user),
        "may_manage": may_manage,
        "may_see_partners": user.may("see_partners"),
        "may_register": user.may("see_registrations"),
        "may_see_customer": user.may("see_customers"),
    }
    if may_manage and lead.is_open:
        context["disqualify_form"] = DisqualifyForm(initial={"version": lead.version})
        if offer is None:
            context["offer_form"] = OfferForm(user=user, lead=lead)
    return render(request, "attribution/lead.html", context)


@allowed(manages)
def lead_create(request: HttpRequest) -> HttpResponse:
    form = LeadForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Lead recorded."),
        title=_("New lead"),
        back_url=reverse("attribution:leads"),
        back_label=_("Leads"),
    )


@scoped(lambda user: Lead.objects.editable_by(user))
def lead_edit(request: HttpRequest, lead: Lead) -> HttpResponse:
    name = lead.company_name
    form = LeadForm(posted(request), instance=lead, user=request.user)
    return handle(
        request, form, lambda: form.save_by(request.user), title=_("Change %(name)s") % {"name": name}, **back(lead)
    )


def back(lead: Lead) -> dict[str, str]:
    return {"back_url": lead.get_absolute_url(), "back_label": _("The lead")}


@scoped(lambda user: Lead.objects.editable_by(user))
def offer(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Propose the lead to a partner."""
    form = OfferForm(posted(request), user=request.user, lead=lead)

    def act():
        data = form.cleaned_data
        return lead.offer_to(
            data["partner"],
            by=request.user,
            respond_by=form.respond_by,
            explanation=data["explanation"],
            version=data["version"],
        )

    return handle(
        request,
        form,
        act,
        said=_("Proposed. The partner has until then to answer."),
        to=lead.get_absolute_url(),
        title=_("Propose %(name)s to a partner") % {"name": lead.company_name},
        submit=_("Propose"),
        **back(lead),
    )


@scoped(lambda user: LeadOffer.objects.withdrawable_by(user).select_related("lead", "partner"))
def withdrawal(request: HttpRequest, offer: LeadOffer) -> HttpResponse:
    """Take the lead back from the partner."""
    lead, form = offer.lead, VersionForm(posted(request), initial={"version": offer.version})

    def act():
        offer.withdraw(by=request.user, version=form.cleaned_data["version"])
        return lead

    return handle(
        request,
        form,
        act,
        to=lead.get_absolute_url(),
        said=_("Withdrawn. The lead is free again."),
        title=_("Withdraw the lead from %(partner)s") % {"partner": offer.partner.name},
        submit=_("Withdraw"),
        **back(lead),
    )


@scoped(lambda user: Lead.objects.editable_by(user))
def disqualification(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Nothing will come of it."""
    form = DisqualifyForm(posted(request), initial={"version": lead.version})

    def act():
        data = form.cleaned_data
        lead.disqualify(by=request.user, reason=data["reason"], note=data["note"], version=data["version"])
        return lead

    return handle(
        request,
        form,
        act,
        said=_("Disqualified."),
        title=_("Disqualify %(name)s") % {"name": lead.company_name},
        submit=_("Disqualify"),
        **back(lead),
    )


def verb(request: HttpRequest, lead: Lead, act, *, said: str, title: str, submit: str, to=None) -> HttpResponse:
    """A button on the lead's page; what a rule refuses is said on a page of its own."""
    form = VersionForm(posted(request), initial={"version": lead.version})
    return handle(
        request,
        form,
        lambda: act(form.cleaned_data["version"]) or lead,
        said=said,
        title=title,
        submit=submit,
        to=to,
        **back(lead),
    )


@require_POST
@scoped(lambda user: Lead.objects.editable_by(user))
def contact(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Somebody spoke with them."""
    return verb(
        request,
        lead,
        lambda version: lead.contact(by=request.user, version=version),
        said=_("Marked as contacted."),
        title=lead.company_name,
        submit=_("Mark as contacted"),
    )


@require_POST
@scoped(lambda user: Lead.objects.editable_by(user))
def reopening(request: HttpRequest, lead: Lead) -> HttpResponse:
    """It was disqualified too early."""
    return verb(
        request,
        lead,
        lambda version: lead.reopen(by=request.user, version=version),
        said=_("Open again."),
        title=lead.company_name,
        submit=_("Reopen"),
    )


@require_POST
@scoped(lambda user: Lead.objects.editable_by(user) if user.may("see_registrations") else Lead.objects.none())
def registration(request: HttpRequest, lead: Lead) -> HttpResponse:
    """A draft registration of the partner that holds the lead."""
    return verb(
        request,
        lead,
        lambda version: lead.register(by=request.user, version=version),
        said=_("A draft registration of the partner is ready."),
        title=lead.company_name,
        submit=_("Make a registration"),
        to=lead.get_absolute_url(),
    )


@require_POST
@scoped(lambda user: Lead.objects.editable_by(user) if user.may("manage_opportunities") else Lead.objects.none())
def opportunity(request: HttpRequest, lead: Lead) -> HttpResponse:
    """An opportunity with whoever takes part."""
    return verb(
        request,
        lead,
        lambda version: lead.convert_to_opportunity(by=request.user, version=version),
        said=_("Converted. This is its opportunity."),
        title=lead.company_name,
        submit=_("Make an opportunity"),
    )
