"""What this app tells the shared registries."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from partners.engagement.subjects import Subject, activity_subjects
from prm import events
from prm.events.models import Event
from prm.registries import NavigationItem, Panel, SearchSource, navigation, panels, search_sources
from prm.ui import pick, story
from prm.ui.templatetags.ui import last_day
from territories.models import Customer, Territory
from territories.panels import (
    coverage_of_customer,
    merges_beside,
    merges_of_customer,
    sees,
    territories_beside,
    territories_of_partner,
)

LATEST = 12

navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Customers"),
        "territories:customers",
        "building",
        25,
        lambda user: not user.is_partner and user.may("see_customers"),
        key="c",
    )
)


def timeline(customer: Customer, user) -> dict:
    found = list(Event.objects.visible_to(user).about(customer)[: LATEST + 1])
    return {"events": story.lines(found[:LATEST], about=customer), "more": len(found) > LATEST}


def say(event: Event) -> str:
    """An event about a customer in words."""
    if event.verb == "created":
        return _("Customer added")
    if event.verb == "learnt":
        return _("Now also known as: %(what)s") % {"what": ", ".join(str(value) for value in event.payload.values())}
    if event.verb == "merged":
        return _("“%(name)s” merged into this one") % {"name": event.payload.get("name", "")}
    if event.verb == "unmerged":
        return _("Taken apart from “%(name)s”") % {"name": event.payload.get("name", "")}
    return ""


def find(user, text: str):
    for customer in written(user, text)[:5]:
        yield customer.name, customer.country.code, customer.get_absolute_url()


def written(user, text: str):
    return Customer.objects.visible_to(user).written(text).order_by("name", "pk")


panels.add(Panel("customer", gettext_lazy("Activity"), "partners/panels/timeline.html", timeline, 90, "side"))
story.tell("customer", say, "territories:customer", Customer)
events.readable("customer", "see_customers")
search_sources.add(SearchSource(gettext_lazy("Customer"), "building", find, 20))
pick.pickers["customers"] = pick.Picker(
    lambda user, text: [(row.pk, row.name, row.country.code) for row in written(user, text)[: pick.ENOUGH]]
)
activity_subjects.add(
    Subject(
        "customer",
        Customer,
        gettext_lazy("Customer"),
        Customer.objects.visible_to,
        lambda row, user: row.get_absolute_url(),
        vendor_only=True,
    )
)


# Territories ---------------------------------------------------------------------------------------------------------------

navigation.add(NavigationItem(pgettext_lazy("menu", "Territories"), "territories:territories", "map-2", 27, sees))
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Our territories"),
        "territories:own",
        "map-2",
        60,
        lambda user: user.is_partner and user.may("see_registrations"),
        side="portal",
    )
)


def say_of_territory(event: Event) -> str:
    return {"created": _("Territory added"), "changed": _("Territory changed")}.get(event.verb, "")


def say_of_rule(event: Event) -> str:
    return {"created": _("Rule added"), "changed": _("Rule changed")}.get(event.verb, "")


def say_of_assignment(event: Event) -> str:
    facts = {"territory": event.payload.get("territory", "")}
    if event.verb == "ended":
        facts["day"] = last_day(date.fromisoformat(event.payload["end"]))
    words = {
        "created": _("Territory %(territory)s assigned"),
        "ended": _("Assignment of %(territory)s ends on %(day)s"),
        "withdrawn": _("Planned assignment of %(territory)s taken back"),
    }
    return words[event.verb] % facts if event.verb in words else ""


def find_territories(user, text: str):
    for row in territories_written(user, text)[:5]:
        yield row.name, row.code, row.get_absolute_url()


def territories_written(user, text: str):
    rows = Territory.objects.visible_to(user).filter(Q(name__icontains=text) | Q(code__istartswith=text))
    return rows.order_by("name", "pk")


panels.add(
    Panel("customer", gettext_lazy("Who may sell here"), "territories/panels/coverage.html", coverage_of_customer, 40)
)
panels.add(
    Panel(
        "partner",
        gettext_lazy("Territories"),
        "territories/panels/assignments.html",
        territories_of_partner,
        20,
        "side",
        territories_beside,
    )
)
story.tell("territory", say_of_territory, "territories:territory", Territory)
story.tell("territory_rule", say_of_rule)
story.tell("territory_assignment", say_of_assignment)
for subject in ("territory", "territory_rule", "territory_assignment"):
    events.readable(subject, "see_territories")
search_sources.add(SearchSource(gettext_lazy("Territory"), "map-2", find_territories, 35))
pick.pickers["territories"] = pick.Picker(
    lambda user, text: [(row.pk, row.name, row.code) for row in territories_written(user, text)[: pick.ENOUGH]]
)
panels.add(
    Panel(
        "customer",
        gettext_lazy("Merged"),
        "territories/panels/merges.html",
        merges_of_customer,
        60,
        "side",
        merges_beside,
    )
)
