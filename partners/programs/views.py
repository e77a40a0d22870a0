from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.forms import EndForm
from partners.models import Partner
from partners.programs.filters import ProgramFilters
from partners.programs.forms import EnrolmentForm, EnrolPartnerForm, ProgramForm, TierChangeForm, TierForm
from partners.programs.models import Enrolment, Program, Tier
from partners.views import vendor_may
from prm import events
from prm.access import scoped
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.ui import story
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage

SHOWN = 50  # enrolments on a program's page; the partner list shows all, by tier


class ProgramList(ListPage):
    title = gettext_lazy("Partner programs")
    lead = gettext_lazy("What partners join: tiers, discounts and your promises on deal registration.")
    icon = "certificate"
    filterset_class = ProgramFilters
    default_sort = "name"
    export_name = "programs"
    empty_title = gettext_lazy("No program yet")
    empty_text = gettext_lazy(
        "A program holds tiers, protection periods and answer times. Partners register deals once enrolled."
    )
    columns = [
        Column("name", gettext_lazy("Program"), link=True, sort="name", phone="title"),
        Column("enrolled", gettext_lazy("Partners"), kind="number", sort="enrolled", phone="value"),
        Column("protection_days", gettext_lazy("Protection, days"), kind="number", sort="protection_days"),
        Column("decision_days", gettext_lazy("Decision, business days"), kind="number"),
        Column("is_open", gettext_lazy("Open to new partners"), kind="flag"),
    ]

    def rows(self):
        today = business_today()
        count = Count("enrolments", filter=Q(enrolments__period__contains=today))
        return Program.objects.visible_to(self.request.user).annotate(enrolled=count)

    def actions(self):
        may = self.request.user.may("manage_programs")
        return [Action(_("New program"), reverse("programs:program_create"), "plus", primary=True)] if may else []


program_list = vendor_may("see_programs")(ProgramList.as_view())


@scoped(lambda user: Program.objects.none() if user.is_partner else Program.objects.visible_to(user))
def program(request: HttpRequest, program: Program) -> HttpResponse:
    """A program's promises, tiers and partners."""
    today = business_today()
    enrolments = (
        Enrolment.objects.visible_to(request.user)
        .in_force(today)
        .filter(program=program)
        .select_related("partner", "tier")
    )
    found = list(enrolments.order_by("partner__name")[: SHOWN + 1])
    return render(
        request,
        "programs/program.html",
        {
            "program": program,
            "tiers": program.tiers.annotate(
                holders=Count("enrolments", filter=Q(enrolments__period__contains=today))
            ).order_by("-rank"),
            "enrolments": found[:SHOWN],
            "more": len(found) > SHOWN,
            "events": story.lines(Event.objects.visible_to(request.user).about(program)[:10], about=program),
            "may_change": request.user.may("manage_programs"),
            "may_enrol": request.user.may("manage_partners"),
        },
    )


@vendor_may("manage_programs")
def program_create(request: HttpRequest) -> HttpResponse:
    form = ProgramForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Program added. Add its tiers now."),
        title=_("New program"),
        back_url=reverse("programs:programs"),
        back_label=_("Partner programs"),
    )


@scoped(Program.objects.editable_by)
def program_edit(request: HttpRequest, program: Program) -> HttpResponse:
    form = ProgramForm(posted(request), instance=program, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        title=_("Change %(name)s") % {"name": program.name},
        lead=_("New promises hold for what is submitted and approved from now on."),
        back_url=program.get_absolute_url(),
        back_label=program.name,
    )


@scoped(Program.objects.editable_by)
def tier_create(request: HttpRequest, program: Program) -> HttpResponse:
    ranks = program.tiers.order_by("-rank").values_list("rank", flat=True)
    form = TierForm(
        posted(request),
        instance=Tier(program=program),
        user=request.user,
        initial={"rank": (ranks.first() or 0) + 1},
    )
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=program.get_absolute_url(),
        title=_("New tier of %(name)s") % {"name": program.name},
        back_url=program.get_absolute_url(),
        back_label=program.name,
    )


@scoped(lambda user: Tier.objects.editable_by(user).select_related("program"))
def tier_edit(request: HttpRequest, tier: Tier) -> HttpResponse:
    form = TierForm(posted(request), instance=tier, user=request.user)
    back = tier.program.get_absolute_url()
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=back,
        title=tier.name,
        back_url=back,
        back_label=tier.program.name,
    )


# Enrolments ----------------------------------------------------------------------------------------------------------------


@scoped(
    lambda user: (
        Program.objects.visible_to(user)
        if user.may("manage_partners") and not user.is_partner
        else Program.objects.none()
    )
)
def enrol(request: HttpRequest, program: Program) -> HttpResponse:
    """Enrol a partner, from the program's page."""
    form = EnrolPartnerForm(posted(request), instance=Enrolment(program=program), program=program, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Partner enrolled."),
        to=program.get_absolute_url(),
        title=_("Enrol a partner in %(name)s") % {"name": program.name},
        back_url=program.get_absolute_url(),
        back_label=program.name,
    )


@scoped(Partner.objects.editable_by)
def enrolment_create(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Enrol this partner."""
    form = EnrolmentForm(posted(request), instance=Enrolment(partner=partner), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Partner enrolled."),
        to=partner.get_absolute_url(),
        title=_("Enrol %(name)s") % {"name": partner.name},
        lead=_("From the first day on the partner registers deals under the rules of this program."),
        back_url=partner.get_absolute_url(),
        back_label=partner.name,
        submit=_("Enrol"),
    )


@scoped(lambda user: Enrolment.objects.editable_by(user).select_related("partner", "program", "tier"))
def tier_change(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    form = TierChangeForm(posted(request), enrolment=enrolment)
    back = enrolment.partner.get_absolute_url()
    return handle(
        request,
        form,
        lambda: enrolment.move_to(form.cleaned_data["tier"], by=request.user, start=form.cleaned_data["start"]),
        said=_("Tier changed."),
        to=back,
        title=_("Tier of %(name)s") % {"name": enrolment.partner.name},
        lead=_("%(program)s, now %(tier)s. The earlier tier keeps its period.")
        % {"program": enrolment.program.name, "tier": enrolment.tier.name},
        back_url=back,
        back_label=enrolment.partner.name,
    )


@scoped(lambda user: Enrolment.objects.editable_by(user).select_related("partner", "program"))
def enrolment_end(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    form = EndForm(posted(request))
    back = enrolment.partner.get_absolute_url()

    def act():
        last = form.cleaned_data["last_day"]
        enrolment.lock()
        if last < enrolment.period.lower:
            raise RuleViolation("before_start", _("The last day is before the first."), field="last_day")
        enrolment.put(period=DateRange(enrolment.period.lower, last + timedelta(days=1)))
        events.record(enrolment, "ended", by=request.user, partner_id=enrolment.partner_id)
        return enrolment

    return handle(
        request,
        form,
        act,
        said=_("Enrolment ends."),
        to=back,
        title=_("End the enrolment of %(name)s in %(program)s")
        % {"name": enrolment.partner.name, "program": enrolment.program.name},
        lead=_("Afterwards the partner can no longer register deals in this program. What is approved stays."),
        back_url=back,
        back_label=enrolment.partner.name,
    )
