from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from deals import health
from deals.axes import Stage
from deals.filters import OpportunityFilters
from deals.forms.opportunity import ForecastForm, LinkForm, NewOpportunityForm, OpportunityForm, StageForm, parts
from deals.models import Opportunity, StageChange
from deals.models.forecast import category
from prm import fields
from prm.access import allowed, scoped
from prm.events.models import Event
from prm.registries import panels_of
from prm.ui import story
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage, Tab
from prm.ui.templatetags import ui

LATEST = 12
ICONS = {"board": "layout-kanban", "table": "table", "calendar": "calendar"}


def reads(user) -> bool:
    return not user.is_partner and (user.may("see_opportunities") or user.may("see_own_opportunities"))


def edits(user) -> bool:
    return not user.is_partner and (user.may("manage_opportunities") or user.may("see_own_opportunities"))


def sums(rows) -> QuerySet:
    """Count and amount per currency, in one statement; rows are counted once even where a join doubles them."""
    once = Opportunity.objects.filter(pk__in=rows.order_by().values("pk"))
    return once.order_by("currency").values("currency").annotate(count=Count("pk"), total=Sum("amount"))


def names_of_participants(opportunity: Opportunity) -> str:
    return ", ".join(dict.fromkeys(str(part.partner or part.team) for part in opportunity.participants.all()))


class OpportunityList(ListPage):
    title = gettext_lazy("Opportunities")
    lead: Any = gettext_lazy("Sales in progress and closed, yours and your partners'.")
    icon = "briefcase"
    filterset_class = OpportunityFilters
    record = Opportunity
    template_name = "deals/opportunities.html"
    layout = "table"
    default_sort = "-created_at"
    export_name, import_kind = "opportunities", "opportunities"
    empty_title = gettext_lazy("No opportunity yet")
    empty_text = gettext_lazy("Opportunities come from approved registrations, an import, or are added here.")
    no_result_title = gettext_lazy("No opportunity matches these filters")
    columns = [
        Column(
            "name",
            gettext_lazy("Opportunity"),
            link=True,
            sort="name",
            phone="title",
            detail=lambda row: row.customer or "",
        ),
        Column("customer", gettext_lazy("Customer"), sort="customer__name", phone="detail", screen=False),
        Column("partners", gettext_lazy("Partners"), value=names_of_participants, phone="detail"),
        Column("stage", gettext_lazy("Stage"), kind="status", sort="stage", phone="status"),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount"), phone="value"),
        Column("expected_close_date", gettext_lazy("Expected close"), kind="date", sort="expected_close_date"),
        Column("forecast", gettext_lazy("Forecast"), value=lambda row: row.forecast_words, sort="forecast_in_force"),
        Column("flags", gettext_lazy("Attention"), value=health.in_words, phone="detail"),
        Column("closed_on", gettext_lazy("Closed"), kind="date", sort="closed_on"),
        Column("lost_cause", gettext_lazy("Lost because"), sort="lost_cause", screen=False),
        Column("route", gettext_lazy("Route"), sort="route", screen=False),
        Column("owner", gettext_lazy("Owner"), sort="owner__name"),
        Column("created_at", gettext_lazy("Added"), kind="date", sort="created_at", screen=False),
    ]

    def rows(self):
        rows = Opportunity.objects.visible_to(self.request.user).with_parts()
        return rows.annotate(forecast_in_force=category(), **health.marks())

    def actions(self):
        return (
            [Action(_("New opportunity"), reverse("deals:opportunity_create"), "plus", primary=True)]
            if edits(self.request.user)
            else []
        )

    def tabs(self):
        return [
            Tab(_("All"), {}),
            Tab(pgettext("opportunities", "Open"), {"state": "open"}),
            Tab(_("Won"), {"stage": Stage.WON.value}),
            Tab(_("Lost"), {"stage": Stage.LOST.value}),
            Tab(_("Mine"), {"owner": str(self.request.user.pk)}),
        ]

    def extra_context(self):
        return {"layouts": self.layouts()}

    def layouts(self) -> list[dict[str, Any]]:
        """Board, table and calendar: the same deals, the same filters."""
        query = self.request.GET.copy()
        for name in ("page", "sort", "export", "month"):
            query.pop(name, None)
        return [
            {
                "label": label,
                "icon": ICONS[name],
                "active": name == self.layout,
                "url": reverse(url) + (f"?{query.urlencode()}" if query else ""),
            }
            for name, url, label in (
                ("board", "deals:pipeline", _("Board")),
                ("table", "deals:opportunities", _("Table")),
                ("calendar", "deals:pipeline_calendar", _("Calendar")),
            )
        ]

    def totals(self, rows):
        lines = []
        for row in sums(rows):
            count = ngettext("Sum of %(n)s", "Sum of %(n)s", row["count"]) % {"n": ui.num(row["count"])}
            if row["currency"] and row["total"] is not None:
                lines.append({"label": count, "values": {"amount": ui.money(row["total"], row["currency"])}})
            else:
                lines.append({"label": count, "values": {"amount": _("no amount")}})
        return lines


opportunity_list = allowed(reads)(OpportunityList.as_view())


def readable(user) -> QuerySet:
    rows = Opportunity.objects.visible_to(user).with_parts().annotate(**health.marks())
    return rows if reads(user) else rows.none()


@scoped(readable)
def opportunity(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """Everything about one opportunity."""
    user = request.user
    panels = panels_of("opportunity", opportunity, user)
    may_edit = edits(user)
    changes = StageChange.objects.filter(opportunity=opportunity).select_related("by").order_by("-at", "-id")
    return render(
        request,
        "deals/opportunity.html",
        {
            "opportunity": opportunity,
            "lines": opportunity.lines.select_related("line", "product"),
            "changes": changes[:LATEST],
            "reasons": health.reasons(opportunity),
            "forecast_set": opportunity.forecast_changes.select_related("by").order_by("-at", "-id").first(),
            "custom": fields.shown("opportunity", opportunity, user),
            "events": story.lines(
                Event.objects.visible_to(user).about(opportunity, *story.told_by(panels))[:LATEST], about=opportunity
            ),
            "main_panels": [panel for panel in panels if panel["column"] == "main"],
            "side_panels": [panel for panel in panels if panel["column"] == "side"],
            "may_edit": may_edit,
            "may_link": may_edit and user.may("decide_registrations") and not opportunity.is_closed,
            "may_see_customer": user.may("see_customers"),
            "may_see_partners": user.may("see_partners"),
            **(
                {
                    "stage_form": StageForm(opportunity=opportunity),
                    "forecast_form": ForecastForm(opportunity=opportunity),
                }
                if may_edit
                else {}
            ),
        },
    )


@allowed(edits)
def opportunity_create(request: HttpRequest) -> HttpResponse:
    form = NewOpportunityForm(posted(request), user=request.user)
    return edit(
        request,
        form,
        title=_("New opportunity"),
        back_url=reverse("deals:opportunities"),
        back_label=_("Opportunities"),
    )


@scoped(lambda user: Opportunity.objects.editable_by(user))
def opportunity_edit(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    form = OpportunityForm(posted(request), instance=opportunity, user=request.user)
    return edit(
        request,
        form,
        title=_("Change %(name)s") % {"name": opportunity.name},
        back_url=opportunity.get_absolute_url(),
        back_label=opportunity.name,
    )


def edit(request: HttpRequest, form: OpportunityForm, **context) -> HttpResponse:
    """The opportunity, its lines and its participants, saved together or not at all."""
    rows = parts(posted(request), form.instance, request.user)
    if request.method == "POST":
        check(form, rows)

    def act():
        saved, is_new = form.instance, form.is_new
        if is_new:
            form.save_by(request.user)
            save_rows()
            saved.move_to(form.cleaned_data["stage"], by=request.user)
        else:
            values = form.changes()
            saved.lock(form.cleaned_data.get("version"))
            with saved.telling(request.user):
                if save_rows() or values:
                    saved.put(**values)
        return saved

    def save_rows() -> bool:
        for part in rows:
            part["formset"].instance = form.instance
            part["formset"].save()
        return any(part["formset"].has_changed() for part in rows)

    return handle(request, form, act, formsets=rows, **context)


def check(form: OpportunityForm, rows: list[dict]) -> None:
    """Rows that are wrong stop the whole; the lines' amounts add up to the opportunity's."""
    right = [part["formset"].is_valid() for part in rows]
    form.full_clean()
    if not all(right):
        form.add_error(None, _("Look at the rows below: some need correcting."))
        return
    total, amount = rows[0]["formset"].total(), form.cleaned_data.get("amount")
    if total is not None and amount is not None and total != amount:
        currency = form.cleaned_data.get("currency")
        form.add_error(
            "amount",
            _("The product lines add up to %(total)s, not to %(amount)s.")
            % {"total": ui.money(total, currency), "amount": ui.money(amount, currency)},
        )


@scoped(lambda user: Opportunity.objects.editable_by(user))
def stage(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """Move the opportunity to another stage."""
    form = StageForm(posted(request), opportunity=opportunity)

    def act():
        data = form.cleaned_data
        opportunity.move_to(
            data["stage"],
            by=request.user,
            version=data["version"],
            on=data["on"],
            cause=data["cause"],
            reason=data["reason"],
            facts=form.facts,
        )
        return opportunity

    return handle(
        request,
        form,
        act,
        said=_("Stage changed."),
        title=_("Stage of %(name)s") % {"name": opportunity.name},
        back_url=opportunity.get_absolute_url(),
        back_label=opportunity.name,
        submit=_("Change stage"),
    )


@scoped(lambda user: Opportunity.objects.editable_by(user))
def forecast(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """Say how sure the deal is."""
    form = ForecastForm(posted(request), opportunity=opportunity)

    def act():
        data = form.cleaned_data
        opportunity.set_forecast(data["forecast"], by=request.user, version=data["version"])
        return opportunity

    return handle(
        request,
        form,
        act,
        said=_("Forecast changed."),
        title=_("Forecast of %(name)s") % {"name": opportunity.name},
        back_url=opportunity.get_absolute_url(),
        back_label=opportunity.name,
    )


@scoped(
    lambda user: (
        Opportunity.objects.editable_by(user) if user.may("decide_registrations") else Opportunity.objects.none()
    )
)
def link(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """Say which registration in review is this same deal: approval will use it, and the two are never compared."""
    form = LinkForm(posted(request), user=request.user)

    def act():
        form.cleaned_data["registration"].link(opportunity, by=request.user)
        return opportunity

    return handle(
        request,
        form,
        act,
        said=_("Linked. The registration and this opportunity are one deal."),
        title=_("Registration of %(name)s") % {"name": opportunity.name},
        back_url=opportunity.get_absolute_url(),
        back_label=opportunity.name,
        submit=_("Link"),
    )
