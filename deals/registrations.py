"""What this app tells the shared registries."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from deals import (
    activities,  # noqa: F401  (declares what activities may be about)
    appeals,
    bulk,  # noqa: F401  (what can be done with several rows at once)
    health,
    home,  # noqa: F401  (what the two homes show of deals)
    merging,  # noqa: F401  (what stands against making two customers one)
)
from deals import story as registration_story
from deals.models import DealRegistration, Delegation, Forecast, Opportunity, OpportunityParticipant, Stage
from deals.territory import coverage_panel
from prm import events
from prm.beside import beside
from prm.registries import NavigationItem, Panel, SearchSource, navigation, panels, search_sources
from prm.ui import story
from prm.ui.templatetags.ui import money_short, num

LATEST = 8


def vendor(capability: str):
    return lambda user: not user.is_partner and user.may(capability)


def portal(capability: str):
    return lambda user: user.is_partner and user.may(capability)


# Deal registrations ---------------------------------------------------------------------------------------------------------


def waiting(user):
    """Registrations that wait for this person's decision."""
    from deals.views.approvals import of_view

    return of_view(user, "mine")


navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Approvals"),
        "deals:approvals",
        "checkbox",
        10,
        vendor("decide_registrations"),
        waiting,
        key="a",
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "While I am away"),
        "deals:absences",
        "calendar-event",
        12,
        vendor("decide_registrations"),
        side="settings",
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Deal registrations"),
        "deals:registrations",
        "file-certificate",
        25,
        vendor("see_registrations"),
        key="r",
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Reserved customers"), "deals:look_up", "lock-search", 26, vendor("look_up_reservations")
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Home"), "portal", "home", 0, lambda user: user.is_partner, side="portal", key="h"
    )
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Deals"),
        "deals:portal_registrations",
        "briefcase",
        10,
        portal("see_registrations"),
        side="portal",
        key="d",
    )
)


def registrations_of_partner(partner, user) -> dict | None:
    return registrations_panel(DealRegistration.objects.visible_to(user).filter(partner=partner), user)


def registrations_of_customer(customer, user) -> dict | None:
    return registrations_panel(
        DealRegistration.objects.visible_to(user).filter(approvals__customer=customer).distinct(), user
    )


def registrations_panel(rows, user) -> dict | None:
    if user.is_partner or not user.may("see_registrations"):
        return None
    found = list(rows.select_related("partner").order_by("-created_at", "-id")[: LATEST + 1])
    return {"registrations": found[:LATEST], "more": len(found) > LATEST}


panels.add(
    Panel(
        "partner", gettext_lazy("Deal registrations"), "deals/panels/registrations.html", registrations_of_partner, 20
    )
)
panels.add(
    Panel(
        "customer", gettext_lazy("Deal registrations"), "deals/panels/registrations.html", registrations_of_customer, 20
    )
)


def find(user, text: str):
    """Registrations for the palette, by customer."""
    name = "deals:portal_registration" if user.is_partner else "deals:registration"
    rows = DealRegistration.objects.visible_to(user).filter(
        Q(customer_name__icontains=text) | Q(customer_domain__icontains=text)
    )
    if not user.is_partner:
        rows = rows.select_related("partner")
    for row in rows.order_by("-created_at")[:6]:
        yield (
            str(row),
            row.get_review_status_display() if user.is_partner else row.partner.name,
            reverse(name, args=[row.pk]),
        )


search_sources.add(SearchSource(gettext_lazy("Deal registration"), "file-certificate", find, 30))
story.tell("deal_registration", registration_story.sentence, "deals:registration", DealRegistration)
story.tell("approval", registration_story.sentence)
events.readable("deal_registration", "see_registrations", own=DealRegistration.objects.visible_to)
events.readable("approval", "see_registrations")
events.readable("delegation", "manage_people", own=Delegation.objects.visible_to)


panels.add(
    Panel("portal_registration", gettext_lazy("Second review"), "deals/appeals/_portal.html", appeals.portal_panel, 5)
)


# Opportunities ---------------------------------------------------------------------------------------------------------------


def reads_opportunities(user) -> bool:
    return not user.is_partner and (user.may("see_opportunities") or user.may("see_own_opportunities"))


navigation.add(
    NavigationItem(pgettext_lazy("menu", "Pipeline"), "deals:pipeline", "layout-kanban", 22, reads_opportunities)
)
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Opportunities"), "deals:opportunities", "briefcase", 23, reads_opportunities, key="o"
    )
)


navigation.add(
    NavigationItem(
        gettext_lazy("Sales stages"), "deals:stage_rules", "progress", 15, vendor("manage_programs"), side="settings"
    )
)


def opportunities_panel(rows, user, query: str, by_customer: bool) -> dict | None:
    """The latest opportunities of a partner or customer, with count and sum of the open ones."""
    if not reads_opportunities(user):
        return None
    from deals.views.opportunity import sums

    total = Cast("total", TextField())  # as text: a number of JSON would be a float
    open_sums = beside(sums(rows.open()), currency="currency", count="count", total=total)
    latest = rows.annotate(**health.marks(), open_sums=open_sums)
    found = list(latest.select_related("customer").order_by("-created_at", "-id")[:LATEST])
    words = []
    for row in found[0].open_sums or [] if found else []:
        count = ngettext("%(n)s open", "%(n)s open", row["count"]) % {"n": num(row["count"])}
        amount = row["total"] and money_short(Decimal(row["total"]), row["currency"])
        words.append(f"{count} · {amount}" if amount else count)
    for row in found:
        row.flags = health.in_words(row)
    return {
        "opportunities": found,
        "note": ", ".join(words),
        "by_customer": by_customer,
        "all_url": f"{reverse('deals:opportunities')}?{query}" if found else "",
    }


def opportunities_of_partner(partner, user) -> dict | None:
    taken_part = OpportunityParticipant.objects.filter(partner=partner).values("opportunity")
    return opportunities_panel(
        Opportunity.objects.visible_to(user).filter(pk__in=taken_part), user, f"partner={partner.pk}", True
    )


def opportunities_of_customer(customer, user) -> dict | None:
    return opportunities_panel(
        Opportunity.objects.visible_to(user).filter(customer=customer), user, f"customer={customer.pk}", False
    )


panels.add(
    Panel("partner", gettext_lazy("Opportunities"), "deals/panels/opportunities.html", opportunities_of_partner, 30)
)
panels.add(
    Panel("customer", gettext_lazy("Opportunities"), "deals/panels/opportunities.html", opportunities_of_customer, 30)
)


def find_opportunities(user, text: str):
    if not reads_opportunities(user):
        return
    rows = Opportunity.objects.visible_to(user).filter(Q(name__icontains=text) | Q(customer__name__icontains=text))
    for row in rows.select_related("customer").order_by("-created_at")[:5]:
        yield row.name, row.get_stage_display(), row.get_absolute_url()


def say_of_opportunity(event) -> str:
    if event.verb == "created":
        return _("Opportunity added")
    if event.verb == "stage_changed":
        stages = dict(Stage.choices)
        return _("%(old)s → %(new)s") % {
            "old": stages.get(event.payload.get("old"), ""),
            "new": stages.get(event.payload.get("new"), ""),
        }
    if event.verb == "forecast_set":
        categories = dict(Forecast.choices)
        return _("Forecast: %(old)s → %(new)s") % {
            "old": categories.get(event.payload.get("old"), _("by stage")),
            "new": categories.get(event.payload.get("new"), _("by stage")),
        }
    return ""


def private_notes(part, user) -> dict | None:
    from deals.views.private_notes import panel

    return panel(part, user)


panels.add(
    Panel("portal_opportunity", gettext_lazy("Private notes"), "deals/panels/private_notes.html", private_notes, 60)
)
search_sources.add(SearchSource(gettext_lazy("Opportunity"), "briefcase", find_opportunities, 40))
story.tell("opportunity", say_of_opportunity, "deals:opportunity", Opportunity)
events.readable("opportunity", "see_opportunities", own=Opportunity.objects.visible_to)
story.tell("opportunity_participant", registration_story.sentence)
events.readable("opportunity_participant", "see_opportunities", own=OpportunityParticipant.objects.visible_to)

panels.add(
    Panel("registration_review", gettext_lazy("Territory"), "territories/panels/coverage.html", coverage_panel, 20)
)
