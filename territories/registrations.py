"""What this app tells the shared registries."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from prm import events
from partners.engagement.subjects import Subject, activity_subjects
from prm.events.models import Event
from prm.registries import NavigationItem, Panel, SearchSource, navigation, panels, search_sources
from prm.ui import pick, story
from territories.models import Customer

LATEST = 12

navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Customers"),
        "territories:customers",
        "building",
        25,
        lambda user: not user.is_partner and user.may("see_customers"),
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
        return _("Another customer merged into this one")
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
