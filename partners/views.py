from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.filters import GroupFilters, PartnerFilters, TeamFilters
from partners.forms import (
    EndForm,
    GroupForm,
    ManagerForm,
    NewPartnerForm,
    PartnerForm,
    StatusForm,
    SupplyForm,
    TeamForm,
)
from partners.models import Partner, PartnerGroup, SupplyRelation, Team
from prm import events
from prm.access import allowed, scoped
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.registries import beside, panels_of
from prm.ui import story
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage, Tab

LATEST = 20  # entries of a timeline


def vendor_may(capability: str):
    """A page of the vendor's people that have this capability."""
    return allowed(lambda user: not user.is_partner and user.may(capability))


def refuse_readers(request: HttpRequest) -> None:
    """A page everybody at the vendor reads is changed by those who manage partners."""
    if request.method == "POST" and not request.user.may("manage_partners"):
        raise PermissionDenied


def told(record, user) -> list[dict[str, Any]]:
    """What happened to a record whose page is its form, as the timeline reads it."""
    return story.lines(Event.objects.visible_to(user).about(record)[:LATEST], about=record)


def with_tier(rows):
    """Each partner with the name of the tier that counts for its deals: of its oldest enrolment in force."""
    held = (
        apps.get_model("programs", "Enrolment")
        .objects.in_force()
        .filter(partner=OuterRef("pk"))
        .order_by("created_at", "id")
    )
    return rows.annotate(tier_name=Subquery(held.values("tier__name")[:1]))


# Partners ----------------------------------------------------------------------------------------------------------------


class PartnerList(ListPage):
    title = gettext_lazy("Partners")
    icon = "affiliate"
    filterset_class = PartnerFilters
    record = Partner
    default_sort = "name"
    export_name, import_kind = "partners", "partners"
    empty_title = gettext_lazy("No partner yet")
    empty_text = gettext_lazy(
        "Partners you look after appear here, with their deals and deadlines. Add one, or import your list."
    )
    no_result_title = gettext_lazy("No partner matches these filters")
    columns = [
        Column("name", gettext_lazy("Partner"), kind="company", link=True, sort="name", phone="title"),
        Column(
            "city",
            gettext_lazy("Place"),
            value=lambda row: ", ".join(filter(None, (row.city, row.country.code))),
            sort=("country", "city"),
            phone="detail",
        ),
        Column(
            "tier", gettext_lazy("Tier"), kind="tier", value=lambda row: row.tier_name, sort="tier_name", phone="value"
        ),
        Column("status", gettext_lazy("Status"), kind="status", sort="status", phone="status"),
        Column("types", gettext_lazy("Types"), kind="tags", value=lambda row: row.type_labels),
        Column("group", gettext_lazy("Group"), sort="group__name"),
        Column("channel_manager", gettext_lazy("Channel manager"), sort="channel_manager__name", phone="detail"),
        Column("created_at", gettext_lazy("Added"), kind="date", sort="created_at"),
    ]

    def rows(self):
        return with_tier(Partner.objects.visible_to(self.request.user)).select_related("group", "channel_manager")

    def actions(self):
        if not self.request.user.may("manage_partners"):
            return []
        return [Action(_("New partner"), reverse("partners:partner_create"), "plus", primary=True)]

    def tabs(self):
        quarter = business_today().replace(day=1)
        quarter = quarter.replace(month=quarter.month - (quarter.month - 1) % 3)
        return [
            Tab(_("All partners"), {}),
            Tab(_("My partners"), {"manager": str(self.request.user.pk)}),
            Tab(_("Nobody looks after"), {"manager": "null"}),
            Tab(_("New this quarter"), {"since": quarter.isoformat()}),
        ]


partner_list = vendor_may("see_partners")(PartnerList.as_view())


@scoped(
    lambda user: (
        with_tier(Partner.objects.visible_to(user))
        .select_related("group", "channel_manager")
        .annotate(**beside("partner", user))
        if not user.is_partner
        else Partner.objects.none()
    )
)
def partner(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Everything about one partner on one page."""
    panels = panels_of("partner", partner, request.user)
    return render(
        request,
        "partners/partner.html",
        {
            "partner": partner,
            "main_panels": [panel for panel in panels if panel["column"] == "main"],
            "side_panels": [panel for panel in panels if panel["column"] == "side"],
            "may_manage": request.user.may("manage_partners"),
            **(
                {"status_form": StatusForm(partner=partner), "manager_form": ManagerForm(partner=partner)}
                if request.user.may("manage_partners")
                else {}
            ),
        },
    )


@vendor_may("manage_partners")
def partner_create(request: HttpRequest) -> HttpResponse:
    form = NewPartnerForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Partner added."),
        title=_("New partner"),
        lead=_("A company through which you sell. You can enrol it in a program on its page."),
        back_url=reverse("partners:partners"),
        back_label=_("Partners"),
    )


@scoped(Partner.objects.editable_by)
def partner_edit(request: HttpRequest, partner: Partner) -> HttpResponse:
    form = PartnerForm(posted(request), instance=partner, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        title=_("Change %(name)s") % {"name": partner.name},
        back_url=partner.get_absolute_url(),
        back_label=partner.name,
    )


@scoped(Partner.objects.editable_by)
def partner_status(request: HttpRequest, partner: Partner) -> HttpResponse:
    form = StatusForm(posted(request), partner=partner)

    def act():
        partner.move_to(form.cleaned_data["status"], by=request.user, version=form.cleaned_data["version"])
        return partner

    return handle(
        request,
        form,
        act,
        said=_("Status changed."),
        title=_("Status of %(name)s") % {"name": partner.name},
        lead=_(
            "Now: %(status)s. A suspended partner reads its own and does nothing; a terminated one can no longer sign in."
        )
        % {"status": partner.get_status_display()},
        back_url=partner.get_absolute_url(),
        back_label=partner.name,
        submit=_("Change status"),
    )


@scoped(Partner.objects.editable_by)
def assignment(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Give the partner to another channel manager."""
    form = ManagerForm(posted(request), partner=partner)

    def act():
        partner.assign_to(form.cleaned_data["manager"], by=request.user, version=form.cleaned_data["version"])
        return partner

    return handle(
        request,
        form,
        act,
        said=_("Channel manager changed."),
        title=_("Channel manager of %(name)s") % {"name": partner.name},
        back_url=partner.get_absolute_url(),
        back_label=partner.name,
        submit=_("Assign"),
    )


# Supply ------------------------------------------------------------------------------------------------------------------


@scoped(Partner.objects.editable_by)
def supply_create(request: HttpRequest, partner: Partner) -> HttpResponse:
    initial = {
        "side": "supplies" if "distributor" in partner.types else "supplied",
        "period": DateRange(business_today(), None),
    }
    form = SupplyForm(posted(request), partner=partner, user=request.user, initial=initial)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        said=_("Supply relation added."),
        to=partner.get_absolute_url(),
        title=_("Supply of %(name)s") % {"name": partner.name},
        lead=_("Which distributor supplies which reseller. Both see the relation."),
        back_url=partner.get_absolute_url(),
        back_label=partner.name,
    )


@scoped(lambda user: SupplyRelation.objects.editable_by(user).select_related("distributor", "reseller"))
def supply_end(request: HttpRequest, relation: SupplyRelation) -> HttpResponse:
    form = EndForm(posted(request))
    back = relation.reseller.get_absolute_url()

    def act():
        last = form.cleaned_data["last_day"]
        relation.lock()
        if last < relation.period.lower:
            raise RuleViolation("before_start", _("The last day is before the first."), field="last_day")
        relation.put(period=DateRange(relation.period.lower, last + timedelta(days=1)))
        events.record(relation, "ended", by=request.user)
        return relation

    return handle(
        request,
        form,
        act,
        to=back,
        title=_("End %(relation)s") % {"relation": relation},
        back_url=back,
        back_label=relation.reseller.name,
    )


# Groups and teams ----------------------------------------------------------------------------------------------------------


class GroupList(ListPage):
    title = gettext_lazy("Partner groups")
    lead = gettext_lazy("Companies under one owner.")
    icon = "hierarchy"
    filterset_class = GroupFilters
    default_sort = "name"
    export_name = "partner-groups"
    empty_title = gettext_lazy("No group yet")
    empty_text = gettext_lazy(
        "A group keeps companies of one owner together. Its head may read their deals if you allow it."
    )
    columns = [
        Column(
            "name",
            gettext_lazy("Group"),
            link=lambda row: reverse("partners:group", args=[row.pk]),
            sort="name",
            phone="title",
        ),
        Column("head", gettext_lazy("Head"), sort="head__name", phone="detail"),
        Column("members", gettext_lazy("Companies"), kind="number", sort="members", phone="value"),
        Column("head_reads_deals", gettext_lazy("Head reads deals"), kind="flag"),
    ]

    def rows(self):
        return (
            PartnerGroup.objects.visible_to(self.request.user)
            .select_related("head")
            .annotate(members=Count("companies"))
        )

    def actions(self):
        return (
            [Action(_("New group"), reverse("partners:group_create"), "plus", primary=True)]
            if self.request.user.may("manage_partners")
            else []
        )


group_list = vendor_may("see_partners")(GroupList.as_view())


@vendor_may("manage_partners")
def group_create(request: HttpRequest) -> HttpResponse:
    form = GroupForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=reverse("partners:groups"),
        title=_("New group"),
        back_url=reverse("partners:groups"),
        back_label=_("Partner groups"),
    )


@scoped(lambda user: PartnerGroup.objects.none() if user.is_partner else PartnerGroup.objects.visible_to(user))
def group(request: HttpRequest, group: PartnerGroup) -> HttpResponse:
    refuse_readers(request)
    form = GroupForm(posted(request), instance=group, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="partners/group.html",
        to=reverse("partners:groups"),
        title=group.name,
        back_url=reverse("partners:groups"),
        back_label=_("Partner groups"),
        companies=Partner.objects.visible_to(request.user).filter(group=group)[:200],
        events=told(group, request.user),
        may_manage=request.user.may("manage_partners"),
    )


class TeamList(ListPage):
    title = gettext_lazy("Teams")
    lead = gettext_lazy("Your own sellers, direct or overlay.")
    icon = "users-group"
    filterset_class = TeamFilters
    default_sort = "name"
    export_name = "teams"
    empty_title = gettext_lazy("No team yet")
    empty_text = gettext_lazy("Teams hold your own sellers; opportunities and customers can be theirs.")
    columns = [
        Column(
            "name",
            gettext_lazy("Team"),
            link=lambda row: reverse("partners:team", args=[row.pk]),
            sort="name",
            phone="title",
        ),
        Column("people", gettext_lazy("People"), kind="number", sort="people", phone="value"),
        Column("is_overlay", gettext_lazy("Overlay"), kind="flag"),
    ]

    def rows(self):
        return Team.objects.visible_to(self.request.user).annotate(people=Count("members"))

    def actions(self):
        return (
            [Action(_("New team"), reverse("partners:team_create"), "plus", primary=True)]
            if self.request.user.may("manage_partners")
            else []
        )


team_list = vendor_may("see_partners")(TeamList.as_view())


@vendor_may("manage_partners")
def team_create(request: HttpRequest) -> HttpResponse:
    form = TeamForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=reverse("partners:teams"),
        title=_("New team"),
        back_url=reverse("partners:teams"),
        back_label=_("Teams"),
    )


@scoped(Team.objects.visible_to)
def team(request: HttpRequest, team: Team) -> HttpResponse:
    refuse_readers(request)
    form = TeamForm(posted(request), instance=team, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="partners/group.html",
        to=reverse("partners:teams"),
        title=team.name,
        back_url=reverse("partners:teams"),
        back_label=_("Teams"),
        people=team.members.all(),
        events=told(team, request.user),
        may_manage=request.user.may("manage_partners"),
    )
