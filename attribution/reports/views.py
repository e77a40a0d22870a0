"""Who brought or helped which revenue: the report, the rows behind each number, one deal's journey, a partner's own share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from attribution.models import Credit, CreditModel
from attribution.reports import period as periods
from attribution.reports import sums
from attribution.reports.filters import CreditFilters, DealFilters, OwnCreditFilters, lying_in
from attribution.reports.journey import journey_of
from deals.models import Opportunity, OpportunityLine
from prm.access import may, portal_only, scoped, vendor_only
from prm.imports.export import CONTENT_TYPES, export_response
from prm.periods import Period
from prm.ui.lists import Column, ListPage, Tab
from prm.ui.templatetags import ui

DEALS = ("route", "line", "territory")  # what narrows the deals the report is about


@vendor_only
@may("see_credit")
def report(request: HttpRequest) -> HttpResponseBase:
    """The models side by side for each partner, campaign or kind of touch; each number leads to its rows."""
    name = request.GET.get("by", "partner")
    view = sums.VIEWS.get(name) or sums.VIEWS["partner"]
    period = periods.asked(request.GET)
    rows = sums.in_period(Credit.objects.visible_to(request.user), period)
    filters = DealFilters(request.GET, rows, request=request)
    found = sums.lines(filters.qs, view)
    if request.GET.get("export"):
        return export(request, found, view)
    given = closed_in(period) | {key: request.GET[key] for key in DEALS if request.GET.get(key)}
    shown = list(view.named(found[: sums.MOST]))
    others = found[sums.MOST :]
    if others:
        words = ngettext("%(n)s other", "%(n)s others", len(others)) % {"n": ui.num(len(others))}
        shown.append(sums.total(others, view, words))
    total = sums.total(found, view, _("Total"))
    for line in (*shown, total):
        line.link(view.columns, given)
    whole = request.user.partner_scope_ids() is None
    return render(
        request,
        "attribution/credit.html",
        {
            "tabs": tabs(request, view),
            "periods": periods.choices(request.GET, request.path, period),
            "period": period,
            "kept": [(key, value) for key, value in request.GET.items() if key in ("by", *DEALS)],
            "filterset": filters,
            "columns": [CreditModel(model) for model in view.columns],
            "lines": shown,
            "total": total,
            "by": view.label,
            "check": sums.check(filters.qs, won_deals(filters, period)) if whole else None,
            "unpriced_url": f"{reverse('attribution:credits')}?{urlencode({'model': 'sourced', 'problem': 'true', **given})}",
            "currency": settings.REPORTING_CURRENCY,
            "exports": exports(request),
        },
    )


def closed_in(period: Period) -> dict[str, str]:
    """The period as filters of the list of credits."""
    days = {"closed_from": period.start, "closed_to": period.last_day}
    return {name: day.isoformat() for name, day in days.items() if day}


def won_deals(filters: DealFilters, period: Period) -> Any:
    """The won opportunities the report is about, asked of themselves."""
    deals, asked = sums.in_period(Opportunity.objects.won(), period), filters.form.cleaned_data
    if asked.get("route"):
        deals = deals.filter(route=asked["route"])
    if asked.get("line"):
        deals = deals.filter(Exists(OpportunityLine.objects.filter(opportunity=OuterRef("pk"), line=asked["line"])))
    if asked.get("territory"):
        deals = deals.filter(Exists(lying_in(asked["territory"].pk).filter(source_id=OuterRef("pk"))))
    return deals


def tabs(request: HttpRequest, view: Any) -> list[dict[str, Any]]:
    labels = {"partner": _("By partner"), "campaign": _("By campaign"), "kind": _("By kind of touch")}
    out = []
    for name, label in labels.items():
        query = request.GET.copy()
        query["by"] = name
        out.append({"label": label, "url": f"{request.path}?{query.urlencode()}", "active": sums.VIEWS[name] is view})
    return out


def exports(request: HttpRequest) -> list[dict[str, str]]:
    if not request.user.may("export"):
        return []
    out = []
    for kind, label in (("csv", "CSV"), ("xlsx", "Excel (XLSX)")):
        query = request.GET.copy()
        query["export"] = kind
        out.append({"label": label, "url": f"{request.path}?{query.urlencode()}"})
    return out


def export(request: HttpRequest, found: list[dict], view: Any) -> HttpResponseBase:
    """Every line of the report as a file."""
    file_format = request.GET["export"]
    if file_format not in CONTENT_TYPES or not request.user.may("export"):
        raise Http404
    who = {"partner": _("Partner"), "campaign": _("Campaign"), "kind": _("Touch")}[view.label]
    header = [who, *(str(CreditModel(model).label) for model in view.columns), _("Currency")]
    lines = [[line.label, *line.amounts(view.columns), settings.REPORTING_CURRENCY] for line in view.named(found)]
    return export_response(file_format, "credit", header, lines)


class CreditList(ListPage):
    """The rows of the ledger behind a number."""

    title = gettext_lazy("Credits")
    lead = gettext_lazy("Which touch gets which part of a won opportunity, by which rule.")
    icon = "chart-pie"
    filterset_class = CreditFilters
    default_sort = "-closed_on"
    export_name = "credits"
    empty_title = gettext_lazy("No credit yet")
    empty_text = gettext_lazy("Credit is computed when an opportunity is won.")
    no_result_title = gettext_lazy("No credit matches these filters")
    columns = [
        Column(
            "opportunity",
            gettext_lazy("Opportunity"),
            value=lambda row: row.opportunity.name,
            link=lambda row: reverse("attribution:journey", args=[row.opportunity_id]),
            phone="title",
        ),
        Column("model", gettext_lazy("Model"), phone="detail"),
        Column("who", gettext_lazy("Who"), value=lambda row: who(row), phone="detail"),
        Column(
            "kind",
            gettext_lazy("Touch"),
            detail=lambda row: ui.moment(row.at) if row.at else "",
            export=lambda row: row.get_kind_display() if row.kind else "",
        ),
        Column("at", gettext_lazy("Date of the touch"), kind="moment", screen=False),
        Column("weight", gettext_lazy("Share"), kind="percent"),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount")),
        Column(
            "reporting_amount",
            gettext_lazy("In reporting currency"),
            kind="money",
            currency=lambda row: settings.REPORTING_CURRENCY,
            sort="reporting_minor",
            detail=lambda row: row.get_problem_display(),
            phone="value",
        ),
        Column("closed_on", gettext_lazy("Closed"), kind="date", sort="closed_on", phone="detail"),
        Column("problem", gettext_lazy("Problem"), value=lambda row: row.get_problem_display(), screen=False),
        Column("explanation", gettext_lazy("Why"), screen=False),
        Column("rule_version", gettext_lazy("Version of the rules"), kind="number", screen=False),
    ]

    def rows(self):
        return Credit.objects.visible_to(self.request.user).select_related("opportunity", "partner", "team", "campaign")

    def totals(self, rows):
        found = rows.order_by().aggregate(sum=Sum("reporting_minor"), deals=Count("opportunity", distinct=True))
        label = ngettext("Sum of %(n)s deal", "Sum of %(n)s deals", found["deals"]) % {"n": ui.num(found["deals"])}
        value = ui.money(sums.amount(found["sum"]), settings.REPORTING_CURRENCY)
        return [{"label": label, "values": {"reporting_amount": value}}]


def who(row: Credit) -> str:
    """Whom a row credits, in words."""
    named = row.partner or row.team or row.campaign
    return str(named) if named else _("nobody") if row.rule == "unattributed" else ""


def with_credit(user: Any) -> Any:
    """The opportunities of which this vendor person sees credits."""
    if user.is_partner:
        return Opportunity.objects.none()
    seen = Credit.objects.visible_to(user).filter(opportunity=OuterRef("pk"))
    return Opportunity.objects.filter(Exists(seen)).select_related("customer")


@scoped(with_credit)
def journey(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    """One deal's dated touches and what each gets."""
    return render(
        request,
        "attribution/journey.html",
        {"opportunity": opportunity, "journey": journey_of(opportunity, request.user)},
    )


class OwnCreditList(ListPage):
    """A partner's own share of won deals in which it takes part: its touches, nobody else's."""

    title = gettext_lazy("Our share in sales")
    lead = gettext_lazy("What your company's work counts for in deals that were won.")
    icon = "chart-pie"
    filterset_class = OwnCreditFilters
    default_sort = "-closed_on"
    export_name = "share"
    empty_title = gettext_lazy("No won deal yet")
    empty_text = gettext_lazy("When a deal you work on is won, your part in it appears here.")
    columns = [
        Column("deal", gettext_lazy("Deal"), value=lambda row: row.participant.customer_name, phone="title"),
        Column("kind", gettext_lazy("Your act"), phone="detail"),
        Column("at", gettext_lazy("Date"), kind="date", phone="detail"),
        Column("weight", gettext_lazy("Your share"), kind="percent"),
        Column("amount", gettext_lazy("Amount"), kind="money", sort=("currency", "amount"), phone="value"),
        Column(
            "sourced",
            gettext_lazy("Brought by you"),
            kind="flag",
            value=lambda row: row.sourced or None,
        ),
        Column("closed_on", gettext_lazy("Won on"), kind="date", sort="closed_on"),
    ]

    def rows(self):
        model = CreditModel.SOURCED if self.request.GET.get("view") == "sourced" else CreditModel.LINEAR
        return Credit.objects.visible_to(self.request.user).filter(model=model).select_related("participant")

    def tabs(self):
        return [Tab(_("Your share"), {}), Tab(_("Brought by you"), {"view": "sourced"})]

    def totals(self, rows):
        found = rows.order_by().values(code=F("currency")).annotate(sum=Sum("amount")).order_by("code")
        return [
            {
                "label": _("Sum in %(currency)s") % {"currency": row["code"]},
                "values": {"amount": ui.money(row["sum"], row["code"])},
            }
            for row in found
            if row["code"]
        ]


credit_list = vendor_only(may("see_credit")(CreditList.as_view()))
own_credit_list = portal_only(may("see_credit")(OwnCreditList.as_view()))
