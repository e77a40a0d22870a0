"""The partner's own deals in progress, each through its part in it, and how it reports what becomes of them."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_http_methods

from deals import health, story
from deals.axes import CLOSED_STAGES, Stage
from deals.forms.opportunity import ReportForm
from deals.models import OpportunityParticipant, StageChange
from deals.views.registration import READ
from prm import registries
from prm.access import may, portal_only, scoped
from prm.events.models import Event
from prm.http import Request
from prm.ui.forms import handle, posted
from prm.ui.lists import Column, Filters, ListPage, Tab
from prm.ui.story import told_by


def name_of(part: OpportunityParticipant) -> str:
    """The deal as the partner calls it."""
    return part.customer_name or _("Deal")


def address(part: OpportunityParticipant) -> str:
    return reverse("deals:portal_opportunity", args=[part.pk])


def close_date(part: OpportunityParticipant):
    return part.opportunity.closed_on or part.opportunity.expected_close_date


class StageColumn(Column):
    def words(self, row: OpportunityParticipant) -> str:
        return row.opportunity.get_stage_display()


class PartFilters(Filters):
    search_fields = ("customer_name",)
    search_hint = gettext_lazy("Customer")
    stage = django_filters.MultipleChoiceFilter(
        field_name="opportunity__stage",
        choices=Stage.choices,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Stage"),
    )

    class Meta:
        model = OpportunityParticipant
        fields: list[str] = []


class PortalOpportunities(ListPage):
    """The deals the company takes part in, and nothing of who else does."""

    title = gettext_lazy("Sales in progress")
    lead = gettext_lazy("The deals your company takes part in, and how far they are.")
    icon = "progress"
    filterset_class = PartFilters
    export_name = "sales"
    default_sort = "close"
    empty_title = gettext_lazy("No deal in progress")
    empty_text = gettext_lazy("A deal appears here when a registration of yours is approved.")
    columns = [
        Column(
            "customer_name", gettext_lazy("Customer"), value=name_of, sort="customer_name", phone="title", link=address
        ),
        StageColumn(
            "stage",
            gettext_lazy("Stage"),
            kind="status",
            value=lambda row: row.opportunity.stage,
            sort="opportunity__stage",
            phone="status",
        ),
        Column(
            "amount",
            gettext_lazy("Amount"),
            kind="money",
            value=lambda row: row.opportunity.amount,
            currency=lambda row: row.opportunity.currency,
            sort=("opportunity__currency", "opportunity__amount"),
            phone="value",
        ),
        Column(
            "close",
            gettext_lazy("Close"),
            kind="date",
            value=close_date,
            sort="opportunity__expected_close_date",
            phone="detail",
            detail=lambda part: health.in_words(part.opportunity),
        ),
        Column("role", gettext_lazy("Your role"), sort="role"),
    ]

    def rows(self):
        rows = OpportunityParticipant.objects.visible_to(self.request.user).select_related("opportunity")
        match self.request.GET.get("view", ""):
            case "won" | "lost" as stage:
                return rows.filter(opportunity__stage=stage)
            case "all":
                return rows
        return rows.exclude(opportunity__stage__in=CLOSED_STAGES)

    def tabs(self):
        return [
            Tab(pgettext("opportunities", "Open"), {}),
            Tab(_("Won"), {"view": "won"}),
            Tab(_("Lost"), {"view": "lost"}),
        ]


opportunities = portal_only(may("see_opportunities")(PortalOpportunities.as_view()))


def readable(user):
    return OpportunityParticipant.objects.visible_to(user).select_related("opportunity")


@require_GET
@portal_only
@scoped(readable)
def opportunity(request: Request, part: OpportunityParticipant) -> HttpResponse:
    """One deal, as the partner that takes part in it reads it."""
    user, deal = request.user, part.opportunity
    reports = not deal.is_closed and OpportunityParticipant.objects.reportable_by(user).filter(pk=part.pk).exists()
    changes = StageChange.objects.filter(opportunity=deal).order_by("-at", "-id")
    if part.joined_later:  # what was before is others' business; the closing day stands on the page anyway
        changes = changes.filter(Q(at__gte=part.created_at) | Q(new=deal.stage) & Q(new__in=CLOSED_STAGES))
    panels = registries.panels_of("portal_opportunity", part, user)
    return render(
        request,
        "portal/opportunity.html",
        {
            "part": part,
            "deal": deal,
            "title": name_of(part),
            "reasons": health.reasons(deal),
            "lines": deal.lines.select_related("line"),
            "changes": changes[:READ],
            "events": story.lines(Event.objects.visible_to(user).about(part, *told_by(panels))[:READ]),
            "panels": panels,
            "registration": part.registrations.order_by("-created_at").first(),
            "may_report": reports,
        },
    )


@require_http_methods(["GET", "POST"])
@portal_only
@scoped(lambda user: OpportunityParticipant.objects.reportable_by(user).select_related("opportunity"))
def report(request: Request, part: OpportunityParticipant) -> HttpResponse:
    """How the deal goes: the next stage, won with its day, or lost with the reason."""
    stage = request.POST.get("stage", "") or request.GET.get("stage", "")
    stage = stage if stage in Stage.values else part.opportunity.stage
    form = ReportForm(posted(request), part=part, stage=stage)

    def act():
        data = form.cleaned_data
        part.move_to(
            data["stage"],
            by=request.user,
            version=data["version"],
            seen=data["seen"],
            on=data.get("on"),
            cause=data.get("cause", ""),
            reason=data.get("reason", ""),
            facts=form.facts,
        )
        return part

    words = {
        Stage.WON.value: (_("%(name)s is won"), _("Report as won")),
        Stage.LOST.value: (_("%(name)s is lost"), _("Report as lost")),
    }
    heading, submit = words.get(stage, (_("How does %(name)s go?"), _("Change stage")))
    return handle(
        request,
        form,
        act,
        to=address,
        said=_("Thank you. We know it too."),
        title=heading % {"name": name_of(part)},
        back_url=address(part),
        back_label=name_of(part),
        submit=submit,
    )
