"""What leads and touchpoints tell the shared registries."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from attribution import (
    activities,  # noqa: F401  (declares what activities may be about)
    bulk,  # noqa: F401  (what can be done with several rows at once)
)
from attribution import story as told
from attribution.models import Campaign, Lead, LeadOffer, Touchpoint
from attribution.reports import registrations as credit  # noqa: F401
from deals import health
from deals.models import Opportunity
from partners.models import Partner
from prm import events
from prm.registries import (
    Happening,
    NavigationItem,
    Panel,
    SearchSource,
    ToDo,
    happenings,
    navigation,
    panels,
    search_sources,
    to_do,
)
from prm.ui import pick, story
from prm.ui.templatetags.ui import day, num
from territories.models import Customer

LATEST = 6


def vendor(user: Any) -> bool:
    return not user.is_partner and user.may("see_leads")


def to_answer(user: Any):
    """Leads proposed to one's company that wait for an answer."""
    return LeadOffer.objects.answerable_by(user).open()


def to_assign(user: Any):
    """Leads nobody holds yet, for those who assign them."""
    return Lead.objects.editable_by(user).unassigned()


navigation.add(
    NavigationItem(pgettext_lazy("menu", "Leads"), "attribution:leads", "target", 20, vendor, to_assign, key="l")
)
navigation.add(NavigationItem(pgettext_lazy("menu", "Campaigns"), "attribution:campaigns", "speakerphone", 21, vendor))
navigation.add(
    NavigationItem(
        pgettext_lazy("menu", "Leads"),
        "attribution:portal_leads",
        "target",
        20,
        lambda user: user.is_partner and user.may("see_leads"),
        to_answer,
        side="portal",
        key="l",
    )
)


def last_touch() -> Any:
    """The latest touch of an opportunity: news of it."""
    touches = Touchpoint.objects.filter(opportunity=OuterRef("pk"), at__lte=Now()).order_by().values("opportunity")
    return Subquery(touches.annotate(latest=Max("at")).values("latest"))


health.news_sources.append(last_touch)
story.tell("campaign", lambda event: _("Campaign added") if event.verb == "created" else "", "attribution:campaign")
story.tell("lead", told.say_of_lead, "attribution:lead", Lead)
story.tell("lead_offer", told.say_of_offer)
story.tell("touchpoint", told.say_of_touch)
events.readable("campaign", "see_leads", own=Campaign.objects.visible_to)
events.readable("lead", "see_leads", own=Lead.objects.visible_to)
events.readable("lead_offer", "see_leads", own=LeadOffer.objects.visible_to)
events.readable("touchpoint", "see_credit", own=Touchpoint.objects.visible_to)


def accepted_words(count: int) -> str:
    return ngettext("%(n)s lead accepted", "%(n)s leads accepted", count) % {"n": num(count)}


def declined_words(count: int) -> str:
    return ngettext("%(n)s lead declined", "%(n)s leads declined", count) % {"n": num(count)}


happenings.add(Happening("lead_offer.accepted", accepted_words, 40))
happenings.add(Happening("lead_offer.declined", declined_words, 41))


# Panels: hidden when there is nothing to show, and to who may add nothing --------------------------------------------------------


def leads_of(record: Any, user: Any) -> dict | None:
    """The leads of a partner or customer; one statement."""
    if not vendor(user):
        return None
    rows = Lead.objects.visible_to(user)
    if isinstance(record, Partner):
        rows, query = rows.of_partner(record), f"offered_to={record.pk}"
    else:
        rows, query = rows.filter(customer=record), f"customer={record.pk}"
    found = list(rows.select_related("partner").order_by("-created_at", "-id")[: LATEST + 1])
    if not found:
        return None
    return {
        "leads": found[:LATEST],
        "more": len(found) > LATEST,
        "all_url": f"{reverse('attribution:leads')}?{query}",
        "by_partner": not isinstance(record, Partner),
    }


def touches_of(record: Any, user: Any) -> dict | None:
    """The touches of a partner, of a customer, or of those that lead to an opportunity; one statement."""
    if user.is_partner or not (user.may("see_leads") or user.may("see_credit")):
        return None
    rows = Touchpoint.objects.visible_to(user)
    if isinstance(record, Partner):
        kind, rows = "partner", rows.filter(partner=record)
    elif isinstance(record, Opportunity):
        kind, rows = "opportunity", rows.towards(record)
    elif isinstance(record, Customer):
        kind, rows = "customer", rows.about_customer(record)
    else:
        kind, rows = "registration", rows.filter(registration=record)
    found = list(rows.with_names().order_by("-at", "-id")[: LATEST + 1])
    may_manage = user.may("manage_leads")
    if not found and not may_manage:
        return None
    return {
        "touches": found[:LATEST],
        "more": len(found) > LATEST,
        "by_partner": kind != "partner",
        "may_manage": may_manage,
        "new_url": f"{reverse('attribution:touchpoint_create')}?about={kind}&id={record.pk}",
    }


for page in ("partner", "customer"):
    panels.add(Panel(page, gettext_lazy("Leads"), "attribution/panels/leads.html", leads_of, 35))
for page in ("partner", "customer", "opportunity", "registration"):
    panels.add(Panel(page, gettext_lazy("Touchpoints"), "attribution/panels/touches.html", touches_of, 40))


# Search, pickers, things to do -----------------------------------------------------------------------------------------------


def find(user: Any, text: str):
    """Leads for the palette; a partner finds those it accepted, by its own row."""
    if user.is_partner:
        offers = LeadOffer.objects.visible_to(user).filter(status="accepted", lead__company_name__icontains=text)
        for offer in offers.select_related("lead").order_by("-created_at")[:5]:
            yield offer.lead.company_name, offer.get_follow_up_display(), offer.get_absolute_url()
        return
    rows = Lead.objects.visible_to(user).filter(
        Q(company_name__icontains=text) | Q(contact_name__icontains=text) | Q(email__istartswith=text)
    )
    for row in rows.order_by("-created_at")[:5]:
        yield row.company_name, row.get_status_display(), row.get_absolute_url()


search_sources.add(SearchSource(gettext_lazy("Lead"), "target", find, 35))


def pick_campaigns(user: Any, text: str):
    rows = Campaign.objects.visible_to(user).filter(Q(name__icontains=text) | Q(code__istartswith=text))
    return [(row.pk, row.name, row.code) for row in rows.order_by("name")[:20]]


pick.pickers["campaigns"] = pick.Picker(pick_campaigns)


def leads_to_do(user: Any, most: int) -> list[dict]:
    """Leads that wait for an answer, then accepted ones nobody has contacted yet."""
    waiting = Q(status="offered", respond_by__gt=timezone.now())
    rows = LeadOffer.objects.answerable_by(user).filter(waiting | Q(status="accepted", follow_up=""))
    out = []
    for offer in rows.order_by("-status", "respond_by")[:most]:
        if offer.is_open:
            title, detail = _("Answer on a lead: %(lead)s"), _("by %(day)s") % {"day": day(offer.respond_by)}
        else:
            title = _("Contact the lead you accepted: %(lead)s")
            detail = _("accepted on %(day)s") % {"day": day(offer.decided_at)}
        out.append(
            {
                "title": title % {"lead": offer},
                "detail": detail,
                "url": offer.get_absolute_url(),
                "icon": "target" if offer.is_open else "phone",
                "tone": "warn" if offer.is_open else "info",
                "due": offer.respond_by if offer.is_open else None,
            }
        )
    return out


to_do.add(ToDo(leads_to_do, 15))
