"""The tree of territories: list, record, and the forms of nodes, rules and assignments."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.views import vendor_may
from prm.access import scoped
from prm.calendar import business_today
from prm.events.models import Event
from prm.ui import story
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage
from prm.ui.templatetags.ui import last_day as last_day_words
from territories.filters import TerritoryFilters
from territories.forms.territory import AssignForm, EndForm, RuleForm, TerritoryForm
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from territories.wording import criteria

LATEST = 15
INDENT = "\u2003"


def page_tabs(current: str) -> list[dict]:
    parts = [(_("Table"), "territories:territories"), (_("Map"), "territories:map")]
    return [{"label": label, "url": reverse(name), "active": name == current} for label, name in parts]


def in_short(rows: list, words, most: int = 3) -> str:
    """The first few, and that there are more."""
    return "; ".join(words(row) for row in rows[:most]) + (" …" if len(rows) > most else "")


def rules_in_short(territory: Territory) -> str:
    return in_short(
        list(territory.rules.all()),
        lambda rule: (
            ", ".join(criteria(rule)) if rule.include else _("not %(what)s") % {"what": ", ".join(criteria(rule))}
        ),
    )


def holders_in_short(territory: Territory) -> str:
    return in_short(list(territory.assignments.all()), lambda row: str(row.holder))


class TerritoryList(ListPage):
    title = gettext_lazy("Territories")
    lead = gettext_lazy("Who may sell where, and until when.")
    icon = "map-2"
    filterset_class = TerritoryFilters
    default_sort = "name"
    export_name, import_kind = "territories", "territories"
    empty_title = gettext_lazy("No territory yet")
    empty_text = gettext_lazy(
        "A territory is a part of your market: countries, regions, product lines. Partners and teams are assigned to it."
    )
    no_result_title = gettext_lazy("No territory matches these filters")
    columns = [
        Column(
            "name",
            gettext_lazy("Territory"),
            value=lambda row: INDENT * row.depth + row.name,
            link=True,
            sort="path",
            phone="title",
            export=lambda row: row.name,
        ),
        Column("code", gettext_lazy("Code"), sort="code"),
        Column("parent", gettext_lazy("Part of"), value=lambda row: row.path.rpartition("/")[0], screen=False),
        Column("rules", gettext_lazy("What belongs to it"), value=rules_in_short, phone="detail"),
        Column("assigned", gettext_lazy("Held by"), value=holders_in_short, phone="value"),
        Column(
            "how",
            gettext_lazy("How"),
            value=lambda row: in_short(
                list(dict.fromkeys(part.get_kind_display() for part in row.assignments.all())), str
            ),
        ),
        Column(
            "until",
            gettext_lazy("Until"),
            value=lambda row: in_short(
                [part for part in row.assignments.all() if part.period.upper],
                lambda part: last_day_words(part.period),
            ),
        ),
        Column("holders", gettext_lazy("Exclusive holders"), kind="number", sort="holders"),
        Column("active", gettext_lazy("In use"), kind="flag", sort="active"),
    ]

    def rows(self):
        user = self.request.user
        rules = TerritoryRule.objects.visible_to(user).in_force().select_related("product_line", "customer")
        held = TerritoryAssignment.objects.visible_to(user).in_force().select_related("partner", "team")
        return Territory.objects.visible_to(user).prefetch_related(
            Prefetch("rules", rules.order_by("-include", "country", "region", "pk")),
            Prefetch("assignments", held.order_by("kind", "pk")),
        )

    def actions(self):
        may = self.request.user.may("manage_territories")
        return [Action(_("New territory"), reverse("territories:new"), "plus", primary=True)] if may else []

    def extra_context(self):
        return {"page_tabs": page_tabs("territories:territories")}


territory_list = vendor_may("see_territories")(TerritoryList.as_view())


@scoped(lambda user: Territory.objects.visible_to(user).select_related("parent"))
def territory(request: HttpRequest, territory: Territory) -> HttpResponse:
    """One territory: what belongs to it, who holds it, what happened."""
    user = request.user
    today = business_today()
    rules = list(
        TerritoryRule.objects.visible_to(user).filter(territory=territory).select_related("product_line", "customer")
    )
    assignments = list(
        TerritoryAssignment.objects.visible_to(user)
        .filter(territory=territory)
        .select_related("partner", "team")
        .order_by("-period", "pk")
    )
    for row in (*rules, *assignments):
        row.is_over = bool(row.period.upper and row.period.upper <= today)
        row.is_to_come = row.period.lower > today
    events = list(
        Event.objects.visible_to(user).about(territory, *rules, *assignments).order_by("-at", "-id")[: LATEST + 1]
    )
    return render(
        request,
        "territories/territory.html",
        {
            "territory": territory,
            "rules": rules,
            "assignments": assignments,
            "children": list(Territory.objects.visible_to(user).filter(parent=territory)[:100]),
            "events": story.lines(events[:LATEST], about=territory),
            "more": len(events) > LATEST,
            "may_manage": user.may("manage_territories"),
            "may_assign": user.may("assign_territories"),
            "editable": set(
                TerritoryAssignment.objects.editable_by(user)
                .filter(pk__in=[row.pk for row in assignments])
                .values_list("pk", flat=True)
            )
            if user.may("assign_territories")
            else set(),
        },
    )


@vendor_may("manage_territories")
def territory_create(request: HttpRequest) -> HttpResponse:
    form = TerritoryForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Territory added. Say what belongs to it."),
        title=_("New territory"),
        back_url=reverse("territories:territories"),
        back_label=_("Territories"),
    )


@scoped(Territory.objects.editable_by)
def territory_edit(request: HttpRequest, territory: Territory) -> HttpResponse:
    form = TerritoryForm(posted(request), instance=territory, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        title=_("Change %(name)s") % {"name": Territory.objects.get(pk=territory.pk).name},
        back_url=territory.get_absolute_url(),
        back_label=_("Back"),
    )


@scoped(Territory.objects.editable_by)
def rule_create(request: HttpRequest, territory: Territory) -> HttpResponse:
    return edit_rule(request, TerritoryRule(territory=territory), territory, _("New rule"))


@scoped(lambda user: TerritoryRule.objects.editable_by(user).select_related("territory"))
def rule_edit(request: HttpRequest, rule: TerritoryRule) -> HttpResponse:
    return edit_rule(request, rule, rule.territory, _("Change the rule"))


def edit_rule(request: HttpRequest, rule: TerritoryRule, territory: Territory, title: str) -> HttpResponse:
    form = RuleForm(posted(request), instance=rule, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=territory.get_absolute_url(),
        title=title,
        lead=_("What belongs to %(name)s. Leave a criterion empty where everything fits.") % {"name": territory.name},
        back_url=territory.get_absolute_url(),
        back_label=territory.name,
    )


@scoped(Territory.objects.assignable_by)
def assign(request: HttpRequest, territory: Territory) -> HttpResponse:
    """Give the territory to a partner or a team."""
    form = AssignForm(posted(request), user=request.user)

    def act():
        given = {name: form.cleaned_data[name] or None for name in ("partner", "team")}
        return TerritoryAssignment.assign(
            territory, by=request.user, kind=form.cleaned_data["kind"], period=form.cleaned_data["period"], **given
        )

    return handle(
        request,
        form,
        act,
        said=_("Assigned."),
        to=territory.get_absolute_url(),
        title=_("Assign %(name)s") % {"name": territory.name},
        lead=_("Exclusive: nobody else sells there. Shared: several do. Overlay: helps beside those who hold it."),
        back_url=territory.get_absolute_url(),
        back_label=territory.name,
        submit=_("Assign"),
    )


@scoped(lambda user: TerritoryAssignment.objects.editable_by(user).select_related("territory", "partner", "team"))
def assignment_end(request: HttpRequest, assignment: TerritoryAssignment) -> HttpResponse:
    form = EndForm(posted(request), user=request.user, initial={"version": assignment.version})
    back = assignment.territory.get_absolute_url()

    def act():
        end = form.cleaned_data["last_day"] + timedelta(days=1)
        assignment.end(by=request.user, end=end, version=form.cleaned_data["version"])
        return assignment

    return handle(
        request,
        form,
        act,
        said=_("End set."),
        to=back,
        title=_("End the assignment of %(name)s") % {"name": assignment.holder},
        lead=_("The history keeps what was. An assignment that has not begun is taken back."),
        back_url=back,
        back_label=assignment.territory.name,
        submit=_("Set the end"),
    )
