"""What this app tells the shared registries."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from partners.filters import search_partners
from partners.forms import ManyManagersForm
from partners.models import Invitation, Membership, Partner, PartnerStatus, SupplyRelation, Team, User
from prm import events, fields
from prm.beside import PERIOD, beside, period_of
from prm.calendar import business_today
from prm.events.models import Event
from prm.registries import (
    Attention,
    HomeTiles,
    NavigationItem,
    Panel,
    SearchSource,
    attention,
    home_tiles,
    navigation,
    panels,
    search_sources,
)
from prm.ui import pick, story
from prm.ui.lists import BulkAction, bulk_actions
from prm.ui.templatetags import ui

LATEST = 12


def vendor(capability: str):
    return lambda user: not user.is_partner and user.may(capability)


navigation.add(
    NavigationItem(pgettext_lazy("menu", "Home"), "home", "home", 0, lambda user: not user.is_partner, key="h")
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Partners"), "partners:partners", "affiliate", 20, vendor("see_partners"), key="p"
    )
)
navigation.add(
    NavigationItem(
        gettext_lazy("Colleagues"),
        "people:colleagues",
        "users",
        70,
        lambda user: user.is_partner and user.may("manage_colleagues"),
        side="portal",
    )
)
navigation.add(
    NavigationItem(
        gettext_lazy("Vendor people"), "people:vendor_people", "users", 10, vendor("manage_people"), side="settings"
    )
)
navigation.add(
    NavigationItem(
        gettext_lazy("Partner groups"), "partners:groups", "hierarchy", 20, vendor("see_partners"), side="settings"
    )
)
navigation.add(
    NavigationItem(gettext_lazy("Teams"), "partners:teams", "users-group", 21, vendor("see_partners"), side="settings")
)


def facts(partner: Partner, user) -> dict:
    rows = [
        (_("Legal name"), partner.legal_name),
        (_("Address"), ", ".join(filter(None, (partner.address, partner.city, str(partner.country.name))))),
        (_("Telephone"), partner.phone),
        (_("Group"), partner.group.name if partner.group else ""),
        (_("Sells in"), ", ".join(country_names(partner.countries))),
        (_("Languages"), ", ".join(partner.languages)),
        (_("Specialities"), ", ".join(partner.specialities)),
        (_("Internet domains"), ", ".join(partner.domains)),
        *((key.upper(), value) for key, value in sorted(partner.official_ids.items())),
        *fields.shown("partner", partner, user),
        (_("Partner since"), ui.day(partner.created_at)),
    ]
    return {"facts": [(label, value) for label, value in rows if value], "website": partner.website}


def country_names(codes) -> list[str]:
    from django_countries import countries

    return [str(countries.name(code) or code) for code in codes]


def people_beside(user) -> dict:
    found = Membership.objects.visible_to(user).filter(partner=OuterRef("pk")).order_by("-is_active", "user__name")
    return {
        "people_rows": beside(
            found[:50],
            name="user__name",
            email="user__email",
            **{name: name for name in ("role", "is_active", "invited_at", "joined_at")},
        )
    }


def people(partner: Any, user) -> dict:
    found = [
        Membership(user=User(name=row.pop("name"), email=row.pop("email")), **row) for row in partner.people_rows or []
    ]
    return {"people": found, "partner": partner, "may_manage": user.may("manage_partners")}


def supply_beside(user) -> dict:
    found = SupplyRelation.objects.visible_to(user).filter(Q(distributor=OuterRef("pk")) | Q(reseller=OuterRef("pk")))
    return {
        "supply_rows": beside(
            found.order_by("-period")[:50],
            id="pk",
            country="country",
            distributor=JSONObject(id="distributor_id", name="distributor__name"),
            reseller=JSONObject(id="reseller_id", name="reseller__name"),
            **PERIOD,
        )
    }


def supply(partner: Any, user) -> dict:
    relations, today = [], business_today()
    for row in partner.supply_rows or []:
        relation: Any = SupplyRelation(id=row["id"], country=row["country"], period=period_of(row))
        relation.supplies = row["distributor"]["id"] == str(partner.pk)
        relation.other = Partner(**row["reseller" if relation.supplies else "distributor"])
        relation.running = relation.period.upper is None or relation.period.upper > today
        relations.append(relation)
    return {"relations": relations, "partner": partner, "may_manage": user.may("manage_partners")}


def timeline(partner: Partner, user) -> dict:
    """What happened to the partner and what it was told about its deals."""
    found = (
        Event.objects.visible_to(user)
        .filter(Q(subject_id=partner.pk) | Q(partner_id=partner.pk))
        .order_by("-at", "-id")
    )
    told = list(found[: LATEST + 1])
    return {"events": story.lines(told[:LATEST], about=partner), "more": len(told) > LATEST}


panels.add(Panel("partner", gettext_lazy("People"), "partners/panels/people.html", people, 60, beside=people_beside))
panels.add(Panel("partner", gettext_lazy("Facts"), "partners/panels/facts.html", facts, 10, "side"))
panels.add(Panel("partner", gettext_lazy("Supply"), "partners/panels/supply.html", supply, 30, "side", supply_beside))
panels.add(Panel("partner", gettext_lazy("Activity"), "partners/panels/timeline.html", timeline, 90, "side"))


def say(event: Event) -> str:
    """An event about a partner in words."""
    told = event.payload
    if event.verb == "created":
        return _("Partner added")
    if event.verb == "changed":
        return _("Facts changed")
    if event.verb == "status_changed":
        return _("Status changed: %(status)s") % {"status": dict(PartnerStatus.choices).get(told.get("status"), "")}
    if event.verb == "assigned":
        return _("Channel manager: %(name)s") % {"name": told.get("manager") or _("nobody")}
    return ""


def say_of_person(event: Event) -> str:
    name = event.payload.get("person", "")
    words = {
        "invited": _("%(name)s invited"),
        "changed": _("Role of %(name)s changed"),
        "deactivated": _("%(name)s deactivated"),
        "reactivated": _("%(name)s active again"),
    }
    return words[event.verb] % {"name": name} if name and event.verb in words else ""


story.tell("partner", say, "partners:partner", Partner)


def say_of_invitation(event: Event) -> str:
    name = event.payload.get("person", "")
    words = {
        "sent": _("%(name)s invited"),
        "accepted": _("%(name)s accepted the invitation"),
        "withdrawn": _("Invitation of %(name)s withdrawn"),
    }
    return words[event.verb] % {"name": name} if event.verb in words else ""


story.tell("membership", say_of_person)
story.tell("invitation", say_of_invitation)
events.readable("partner")
events.readable("membership")
events.readable("invitation", "manage_people", own=Invitation.objects.visible_to)


def find(user, text: str):
    if user.is_partner:
        return
    for partner in search_partners(Partner.objects.visible_to(user), text)[:6]:
        yield partner.name, ", ".join(filter(None, (partner.city, partner.country.code))), partner.get_absolute_url()


def pick_partners(user, text: str):
    if user.is_partner:
        return []
    return [
        (partner.pk, partner.name, ", ".join(filter(None, (partner.city, partner.country.code))))
        for partner in search_partners(Partner.objects.visible_to(user), text)
    ]


search_sources.add(SearchSource(gettext_lazy("Partner"), "affiliate", find, 10))


def mine_tile(user) -> list[dict]:
    """The active partners this person looks after."""
    if user.is_partner or not user.may("manage_partners"):
        return []
    from django.urls import reverse

    found = (
        Partner.objects.visible_to(user)
        .filter(channel_manager=user)
        .aggregate(
            active=Count("pk", filter=Q(status=PartnerStatus.ACTIVE)),
            others=Count("pk", filter=~Q(status=PartnerStatus.ACTIVE)),
        )
    )
    return [
        {
            "label": _("My active partners"),
            "value": ui.num(found["active"]),
            "note": _("%(n)s not active") % {"n": ui.num(found["others"])} if found["others"] else "",
            "href": f"{reverse('partners:partners')}?manager={user.pk}&status=active",
        }
    ]


def unassigned(user) -> dict | None:
    """Partners nobody looks after."""
    if not user.may("manage_partners"):
        return None
    from django.urls import reverse

    names = list(
        Partner.objects.visible_to(user)
        .filter(channel_manager=None)
        .exclude(status=PartnerStatus.TERMINATED)
        .order_by("name")
        .values_list("name", flat=True)[:100]
    )
    if not names:
        return None
    return {
        "icon": "user-off",
        "tone": "warn",
        "title": ngettext("%(n)s partner nobody looks after", "%(n)s partners nobody looks after", len(names))
        % {"n": ui.num(len(names)) if len(names) < 100 else _("100 or more")},
        "detail": " · ".join(names[:3]) + (" …" if len(names) > 3 else ""),
        "url": f"{reverse('partners:partners')}?manager=null",
    }


home_tiles.add(HomeTiles("vendor", mine_tile, 90))
attention.add(Attention(unassigned, 60))
pick.pickers["partners"] = pick.Picker(pick_partners)
pick.pickers["teams"] = pick.Picker(
    lambda user, text: [
        (team.pk, team.name, "") for team in Team.objects.visible_to(user).filter(name__icontains=text)[: pick.ENOUGH]
    ]
)


# Several partners at once ----------------------------------------------------------------------------------------------------


def vendor_picker(rows):
    """Colleagues found by name or address; to a partner there are none."""

    def search(user, text: str):
        if user.is_partner:
            return []
        found = rows().filter(Q(name__icontains=text) | Q(email__istartswith=text), is_active=True)
        return [(person.pk, person.name, person.email) for person in found.order_by("name", "pk")[: pick.ENOUGH]]

    return pick.Picker(search)


def give_manager(partner: Partner, user, data: dict) -> bool:
    manager = data["manager"]
    if partner.channel_manager_id == (manager.pk if manager else None):
        return False
    partner.assign_to(manager, by=user)
    return True


pick.pickers["channel_managers"] = vendor_picker(User.objects.channel_managers)
pick.pickers["vendor_people"] = vendor_picker(User.objects.vendor_people)
bulk_actions.add(
    "partners:partners",
    BulkAction(
        "assign",
        gettext_lazy("Assign a channel manager"),
        "user-check",
        vendor("manage_partners"),
        give_manager,
        Partner.objects.editable_by,
        ManyManagersForm,
    ),
)
