"""Conflicts as the vendor settles them: the inbox, one conflict with both sides, the decision."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET, require_POST

from deals.conflicts import evidence, precedence
from deals.conflicts.forms import DismissForm, ReopenForm, SettleForm
from deals.conflicts.models import Conflict, ConflictKind, ConflictStatus, Severity
from deals.story import lines as registration_lines
from partners.models import Partner
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation, StaleVersion
from prm.events.models import Event
from prm.ui import story
from prm.ui.forms import plain, refuse
from prm.ui.lists import Column, DateFilter, Filters, ListPage, RecordFilter, Tab
from prm.ui.templatetags.ui import num
from prm.ui.toasts import say

READ = 30  # entries of a timeline
SEVERITY_LOOK = {
    Severity.LOW: "none",
    Severity.MEDIUM: "possible_match",
    Severity.HIGH: "conflict",
    Severity.CRITICAL: "conflict",
}


# The inbox -------------------------------------------------------------------------------------------------------------------


class SidePartnerFilter(RecordFilter):
    """Conflicts with this partner on either side."""

    def filter(self, rows, value):
        return rows.filter(Q(registration__partner=value) | Q(other__partner=value)) if value else rows


class ConflictFilters(Filters):
    search_fields = ("registration__customer_name", "registration__partner__name", "other__partner__name")
    search_hint = gettext_lazy("Customer or partner")
    severity = django_filters.MultipleChoiceFilter(
        choices=Severity.choices, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Severity")
    )
    kind = django_filters.MultipleChoiceFilter(
        choices=ConflictKind.choices, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Kind")
    )
    partner = SidePartnerFilter("partners", Partner.objects.visible_to, label=gettext_lazy("Partner"))
    found_from = DateFilter(field_name="created_at", lookup_expr="date__gte", label=gettext_lazy("Found from"))
    found_to = DateFilter(field_name="created_at", lookup_expr="date__lte", label=gettext_lazy("Found until"))
    amount_from = django_filters.NumberFilter(
        field_name="registration__amount",
        lookup_expr="gte",
        label=gettext_lazy("Amount from"),
        max_digits=19,
        decimal_places=4,
    )

    class Meta:
        model = Conflict
        fields: list[str] = []


def sides_of(conflict: Conflict) -> str:
    """Both sides, the later one first."""
    first, later = conflict.side_names
    return f"{later}, {first}"


def age(conflict: Conflict) -> str:
    """How long it is open, or how long it was."""
    days = ((conflict.closed_at or timezone.now()) - conflict.created_at).days
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": num(days)}


class ConflictList(ListPage):
    """The inbox: what is open, the gravest first."""

    title = gettext_lazy("Conflicts")
    lead = gettext_lazy("Two channels at work on the same business, as the rules found it. No partner sees this.")
    icon = "arrows-split-2"
    filterset_class = ConflictFilters
    default_sort = "-severity"
    export_name = "conflicts"
    empty_title = gettext_lazy("No conflict here")
    empty_text = gettext_lazy("Registrations are compared in the background; what the rules find appears here.")
    columns = [
        Column(
            "customer_name",
            gettext_lazy("Customer"),
            link=True,
            phone="title",
            sort="registration__customer_name",
            detail=lambda row: row.get_kind_display(),
        ),
        Column("kind", gettext_lazy("Kind"), sort="kind", screen=False),
        Column(
            "severity",
            gettext_lazy("Severity"),
            kind="status",
            value=lambda row: SEVERITY_LOOK[Severity(row.severity)],
            sort="severity",
            phone="status",
        ),
        Column("partners", gettext_lazy("Partners"), value=sides_of, phone="detail"),
        Column(
            "amount",
            gettext_lazy("At stake"),
            kind="money",
            value=lambda row: row.registration.amount,
            currency=lambda row: row.registration.currency,
            sort=("registration__currency", "registration__amount"),
            phone="value",
        ),
        Column("age", gettext_lazy("Open for"), value=age, phone="detail"),
        Column("created_at", gettext_lazy("Found"), kind="date", sort="created_at"),
        Column("status", gettext_lazy("Status"), kind="status", sort="status", phone="status"),
        Column("closed_by", gettext_lazy("Closed by"), screen=False),
        Column("explanation", gettext_lazy("Explanation"), screen=False),
    ]

    def rows(self):
        rows = Conflict.objects.visible_to(self.request.user).with_sides()
        match self.request.GET.get("view", ""):
            case "mine":
                return rows.open().in_care_of(self.request.user)
            case "settled" | "dismissed" | "cleared" as status:
                return rows.filter(status=status)
            case "all":
                return rows
        return rows.open()

    def tabs(self):
        return [
            Tab(pgettext("conflicts", "Open"), {}),
            Tab(pgettext("conflicts", "Mine"), {"view": "mine"}),
            Tab(pgettext("conflicts", "Settled"), {"view": "settled"}),
            Tab(pgettext("conflicts", "Dismissed"), {"view": "dismissed"}),
        ]


conflict_list = vendor_only(may("see_conflicts")(ConflictList.as_view()))


# One conflict ----------------------------------------------------------------------------------------------------------------


@require_GET
@vendor_only
@scoped(lambda user: Conflict.objects.visible_to(user).with_sides())
def conflict(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """Both sides' facts, who was first, what happened on each side, and the decision."""
    return page(request, conflict)


def page(request: HttpRequest, conflict: Conflict, status: int = 200, **more: Any) -> HttpResponse:
    user, files = request.user, precedence.files_of(conflict)
    first, later = conflict.side_names
    may_settle = user.may("settle_conflicts")
    context = {
        "conflict": conflict,
        "age": age(conflict),
        "first": first,
        "later": later,
        "rows": evidence.rows(conflict, conflict.registration),
        "precedence": precedence.who_was_first(conflict, files),
        "timelines": timelines(user, conflict, files),
        "events": story.lines(Event.objects.visible_to(user).about(conflict)[:READ], about=conflict),
        "is_open": conflict.status == ConflictStatus.OPEN,
        "may_settle": may_settle,
        "may_reopen": may_settle and conflict.status in (ConflictStatus.DISMISSED, ConflictStatus.SETTLED),
        "may_dismiss": may_settle or user.may("decide_registrations"),
        "severity_look": SEVERITY_LOOK[Severity(conflict.severity)],
        "may_see_opportunity": user.may("see_opportunities"),
        "settle_form": SettleForm(conflict=conflict),
        "dismiss_form": DismissForm(conflict=conflict),
        "reopen_form": ReopenForm(conflict=conflict),
        **more,
    }
    return render(request, "conflicts/conflict.html", context, status=status)


def timelines(user: Any, conflict: Conflict, files: dict) -> list[dict[str, Any]]:
    """What happened on each side, side by side; one statement for both."""
    later, other = conflict.registration, conflict.other or conflict.opportunity
    subjects = {later.pk: "later", **({other.pk: "first"} if other else {})}
    for registration_id, file in files.items():
        subjects[file.pk] = subjects[registration_id]
    told = list(Event.objects.visible_to(user).filter(subject_id__in=list(subjects)).order_by("-at", "-id")[: 2 * READ])
    first, later_name = conflict.side_names
    columns = []
    for side, name in (("later", later_name), ("first", first)):
        events = [event for event in told if subjects[event.subject_id] == side]
        lines = story.lines if side == "first" and conflict.opportunity else registration_lines
        columns.append({"name": name, "events": lines(events)})
    return columns if other else columns[:1]


# The verbs -------------------------------------------------------------------------------------------------------------------


def act(request: HttpRequest, conflict: Conflict, form: Any, kept_as: str, verb, said: str) -> HttpResponse:
    """Check the form and call the verb; what was typed is kept when somebody was faster or a rule refuses."""
    if not form.is_valid():
        return page(request, conflict, 422, **{kept_as: form})
    try:
        with transaction.atomic():
            verb(by=request.user, **form.cleaned_data)
    except RuleViolation as error:
        refuse(form, error)
        overtaken = isinstance(error, StaleVersion) or error.code in ("not_open", "not_closed")
        fresh = get_object_or_404(Conflict.objects.visible_to(request.user).with_sides(), pk=conflict.pk)
        more = {"overtaken": last_act(fresh), "problem": error.message} if overtaken else {}
        return page(request, fresh, 409 if overtaken else 422, **{kept_as: form}, **more)
    return say(request, redirect(conflict), said)


def last_act(conflict: Conflict) -> dict[str, Any] | None:
    """Who changed it meanwhile, what, and when."""
    newest = Event.objects.about(conflict).first()
    if newest is None:
        return None
    return {"by": newest.actor_name or _("automatic"), "what": story.sentence(newest), "at": newest.at}


@require_POST
@vendor_only
@scoped(lambda user: Conflict.objects.settleable_by(user).with_sides())
def settle(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """Decide it. Settled stays settled, whatever the rules find again."""
    form = SettleForm(request.POST, conflict=conflict)
    return act(request, conflict, form, "settle_form", conflict.settle, _("Settled. Nobody but us is told."))


@require_POST
@vendor_only
@scoped(lambda user: Conflict.objects.settleable_by(user).with_sides())
def reopen(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """Look at it again."""
    form = ReopenForm(request.POST, conflict=conflict)
    return act(request, conflict, form, "reopen_form", conflict.reopen, _("Open again."))


@require_POST
@vendor_only
@scoped(lambda user: Conflict.objects.dismissable_by(user).with_sides())
def dismiss(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """Not a conflict, and why; from an approval, back to the registration one was deciding on."""
    said = _("Dismissed. The rules leave it alone from now on.")
    if "registration" not in request.POST and "reason" not in request.POST:
        form = DismissForm(request.POST, conflict=conflict)
        return act(request, conflict, form, "dismiss_form", conflict.dismiss, said)
    sides = {str(conflict.registration_id), str(conflict.other_id)}
    asked = request.POST.get("registration", "")
    target = reverse("deals:approval", args=[asked if asked in sides - {"None"} else conflict.registration_id])
    try:
        with transaction.atomic():
            conflict.dismiss(by=request.user, reason=reason(request), version=request.POST.get("version", ""))
    except RuleViolation as error:
        return say(request, redirect(target), error.message, tone="bad")
    return say(request, redirect(target), said)


def reason(request: HttpRequest) -> str:
    text = request.POST.get("reason", "").strip()
    if len(text) > 500:
        raise RuleViolation("reason_too_long", _("At most %(limit)s characters.") % {"limit": 500}, field="reason")
    try:
        return plain(text)
    except ValidationError as error:
        raise RuleViolation("reason_unreadable", str(error.message), field="reason") from None
