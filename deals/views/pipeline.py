"""The pipeline: open opportunities as a board, and moving a card of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_htmx.http import reswap, retarget

from deals import health, pipeline
from deals.axes import CLOSED_STAGES, Stage
from deals.filters import OpportunityFilters
from deals.forms.opportunity import ClosingForm, StageForm
from deals.models import Forecast, Opportunity
from deals.views.opportunity import OpportunityList, edits, reads
from prm.access import allowed, scoped
from prm.calendar import business_today
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event
from prm.http import Request
from prm.ui import story
from prm.ui.forms import refuse
from prm.ui.lists import Tab
from prm.ui.templatetags import ui
from prm.ui.toasts import say

SOON = 14  # days before a protection's end in which its card says so
ROUTE_ICONS = {"direct": "building", "partner": "users", "marketplace": "building-store"}


class Pipeline(OpportunityList):
    """The board; the filters and the address are those of the table."""

    title = gettext_lazy("Pipeline")
    lead = ""
    template_name = "deals/pipeline.html"
    layout = "board"
    icon = "layout-kanban"
    export_name = import_kind = ""

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        context = {
            "list": self,
            "chips": self.chips,
            "page_tabs": [{"label": tab.label, **self.tab_state(tab)} for tab in self.tabs()],
            "clear_url": self.url(**dict.fromkeys(self.filter_names)),
            **self.extra_context(),
            **board_context(request, request.GET, self.filtered_rows),
        }
        if not request.htmx:
            self.lead = summary(context["board"])
        return render(request, self.template_name + ("#board" if request.htmx else ""), context)

    def rows(self):
        return Opportunity.objects.visible_to(self.request.user)

    def tabs(self):
        return [Tab(_("All"), {}), Tab(_("Mine"), {"owner": str(self.request.user.pk)})]


board = allowed(reads)(Pipeline.as_view())


def summary(board: Any) -> str:
    """What a board or a month adds up to, in a line."""
    count = ngettext("%(n)s open deal", "%(n)s open deals", board.count) % {"n": ui.num(board.count)}
    weighted = _("weighted %(amount)s") % {"amount": in_short(board.weighted)}
    return f"{count} · {in_short(board.total)} · {weighted}"


def in_short(amount) -> str:
    return ui.money_short(amount, settings.REPORTING_CURRENCY)


def board_context(request: Request, query: QueryDict, rows, moved: Any = None) -> dict[str, Any]:
    """The board as its template reads it, for the filters of this query."""
    order = query.get("order", "")
    found = pipeline.board(rows, order=order, shown=shown_of(query), with_conflicts=request.user.may("see_conflicts"))
    may_move = edits(request.user)
    columns = []
    for column in found.columns:
        more = query.copy()
        more[f"n_{column.stage.value}"] = str(len(column.cards) + 4 * pipeline.CARDS)
        columns.append(
            {
                "stage": column.stage.value,
                "label": column.stage.label,
                "count": column.count,
                "total": in_short(column.total),
                "weighted": in_short(column.weighted),
                "cards": [card_of(card) for card in column.cards],
                "more": column.more if len(column.cards) < pipeline.MOST else 0,
                "more_url": f"{reverse('deals:pipeline')}?{more.urlencode()}",
            }
        )
    table = query.copy()
    for name in [*table]:
        if name.startswith("n_") or name in ("order", "state", "stage"):
            del table[name]
    return {
        "board": found,
        "columns": columns,
        "forecast": [
            {
                "label": category.forecast.label,
                "count": category.count,
                "total": in_short(category.total),
                "url": forecast_url(query, category.forecast),
            }
            for category in found.forecast
            if category.count
        ],
        "ends": [
            {"stage": stage.value, "label": stage.label, "url": closed_url(table, stage)} for stage in CLOSED_STAGES
        ],
        "orders": [
            {"value": value, "label": label, "active": value == order}
            for value, label in (
                ("", _("expected close")),
                ("amount", _("amount")),
                ("unchanged", _("longest unchanged")),
            )
        ],
        "may_move": may_move,
        "moved": moved,
    }


def forecast_url(query: QueryDict, forecast: Forecast) -> str:
    """The board of this category alone, the other filters kept."""
    query = query.copy()
    query["forecast"] = forecast.value
    return f"{reverse('deals:pipeline')}?{query.urlencode()}"


def closed_url(query: QueryDict, stage: Stage) -> str:
    query = query.copy()
    query["stage"] = stage.value
    return f"{reverse('deals:opportunities')}?{query.urlencode()}"


def shown_of(query: QueryDict) -> dict[str, int]:
    """How many cards of a stage the address asks for (``n_qualified=75``)."""
    asked = {name.removeprefix("n_"): str(value) for name, value in query.items() if name.startswith("n_")}
    return {stage: int(n) for stage, n in asked.items() if n.isascii() and n.isdigit() and 0 < len(n) < 5 and int(n)}


def card_of(opportunity: Any) -> dict[str, Any]:
    """What a card shows: the route as an icon with its word, and at most one warning."""
    names = ", ".join(dict.fromkeys(opportunity.who))
    return {
        "row": opportunity,
        "title": opportunity.customer.name if opportunity.customer else opportunity.name,
        "who": names or (opportunity.owner.name if opportunity.owner else ""),
        "route_icon": ROUTE_ICONS[opportunity.route],
        "warning": warning_of(opportunity),
    }


def warning_of(opportunity: Any) -> dict[str, str] | None:
    """The most pressing thing to say: a conflict, then a protection about to end, then why the deal is stale or slipping."""
    today = business_today()
    if opportunity.in_conflict:
        return {"tone": "bad", "icon": "arrows-split-2", "text": _("Conflict")}
    if opportunity.protection_end and (left := (opportunity.protection_end - today).days - 1) <= SOON:
        words = ngettext("Protection ends in %(n)s day", "Protection ends in %(n)s days", left) % {"n": left}
        return {"tone": "warn", "icon": "shield-half", "text": words if left > 0 else _("Protection ends today")}
    return next(iter(health.reasons(opportunity)), None)


# Moving a card ---------------------------------------------------------------------------------------------------------------


@scoped(lambda user: Opportunity.objects.editable_by(user))
def move(request: Request, opportunity: Opportunity) -> HttpResponse:
    """A card goes to another stage: its menu (GET), or the move itself; won asks the day, lost the reason as well.

    Without htmx the page of the stage does the same.
    """
    if not request.htmx:
        return redirect("deals:opportunity_stage", opportunity.pk)
    if request.method != "POST":
        stage = request.GET.get("stage", "")
        closing = ClosingForm(opportunity=opportunity, stage=stage) if stage in CLOSED_STAGES else None
        return dialog(request, opportunity, closing)
    stage = request.POST.get("stage", "")
    asked = "on" in request.POST or stage not in CLOSED_STAGES
    if not asked:  # dropped on won or lost: ask for the day first
        return dialog(request, opportunity, ClosingForm(opportunity=opportunity, stage=stage))
    kind = ClosingForm if stage in CLOSED_STAGES else StageForm
    form = kind(request.POST, opportunity=opportunity, stage=stage)
    if not form.is_valid():
        return dialog(request, opportunity, form, 422)
    data = form.cleaned_data
    try:
        with transaction.atomic():
            opportunity.move_to(
                data["stage"],
                by=request.user,
                version=data["version"],
                on=data["on"],
                cause=data.get("cause", ""),
                reason=data.get("reason", ""),
                facts=form.facts,
            )
    except StaleVersion as error:
        return dialog(request, opportunity, None, 409, overtaken=last_act(opportunity), problem=error.message)
    except RuleViolation as error:
        refuse(form, error)
        return dialog(request, opportunity, form, 422)
    return moved(request, opportunity)


def dialog(request: Request, opportunity: Opportunity, form, status: int = 200, **more) -> HttpResponse:
    """The menu of a card, or the questions of a closing; wherever the request came from, it opens over the board."""
    stages = [
        {"value": stage.value, "label": stage.label, "closes": stage in CLOSED_STAGES}
        for stage in Stage
        if stage != opportunity.stage
    ]
    context = {"opportunity": opportunity, "form": form, "stages": stages, "closing_stage": closing(form), **more}
    answer = render(request, "deals/_move.html", context, status=status)
    return reswap(retarget(answer, "#move-place"), "innerHTML")


def closing(form) -> str:
    """The stage a closing form is about, as its button says it."""
    stage = form["stage"].value() if form else ""
    return stage if stage in CLOSED_STAGES else ""


def moved(request: Request, opportunity: Opportunity) -> HttpResponse:
    """The board as it is after the move, with the filters of the page the reader is on."""
    query = QueryDict(urlsplit(request.htmx.current_url or "").query)
    rows = OpportunityFilters(query, Opportunity.objects.visible_to(request.user).with_parts(), request=request).qs
    context = board_context(request, query, rows, moved=opportunity.pk)
    said = _("%(name)s is now: %(stage)s.") % {"name": opportunity.name, "stage": opportunity.get_stage_display()}
    return say(request, render(request, "deals/pipeline.html#board", context), said)


def last_act(opportunity: Opportunity) -> dict | None:
    """Who changed it meanwhile, what, and when."""
    newest = Event.objects.about(opportunity).first()
    if newest is None:
        return None
    return {"by": newest.actor_name or _("automatic"), "what": story.sentence(newest), "at": newest.at}
