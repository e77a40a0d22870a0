"""Who is told what about leads.

Before it accepts, a partner reads of a lead its country, trade and the day to answer by, in mails too; never who it is.
"""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from attribution.models import DeclineReason, DisqualifyReason, LeadOffer
from partners.models import Membership, User
from prm.events.record import follow
from prm.notify import Notice, Words, notices, tell
from prm.ui.templatetags.ui import day


def summary(data: dict[str, Any]) -> str:
    """Country and industry, in the reader's language; nothing that names anybody."""
    return " · ".join(part for part in (countries.name(data.get("country", "")), data.get("industry", "")) if part)


def words_of_offer(data: dict[str, Any]) -> Words:
    answer_by = _("Answer by %(day)s.") % {"day": day(parse_datetime(data["respond_by"]))}
    lines = (summary(data), answer_by) if summary(data) else (answer_by,)
    return Words(
        _("A lead is proposed to you"),
        (*lines, _("You read who it is once you accept.")),
        _("Look at the lead"),
    )


def words_of_end(data: dict[str, Any]) -> Words:
    if data["verb"] == "expired":
        return Words(_("A lead proposed to you has expired"), (_("It was not answered in time."),), _("Open my leads"))
    return Words(
        _("A lead proposed to you was withdrawn"), (_("There is nothing left to do on it."),), _("Open my leads")
    )


def words_of_answer(data: dict[str, Any]) -> Words:
    said = {
        "accepted": _("%(partner)s accepted the lead %(lead)s"),
        "declined": _("%(partner)s declined the lead %(lead)s"),
        "expired": _("%(partner)s did not answer on the lead %(lead)s in time"),
    }
    reason = dict(DeclineReason.choices).get(data.get("reason", ""))
    lines = []
    if reason:
        lines.append(_("Reason: %(reason)s.") % {"reason": reason})
    if data["verb"] != "accepted":
        lines.append(_("Offer it to another partner."))
    return Words(said[data["verb"]] % data, tuple(lines), _("Open the lead"))


def words_of_follow_up(data: dict[str, Any]) -> Words:
    said = {
        "converted": _("%(partner)s made a deal of the lead %(lead)s"),
        "disqualified": _("%(partner)s reports that nothing comes of the lead %(lead)s"),
    }
    reason = dict(DisqualifyReason.choices).get(data.get("reason", ""))
    return Words(
        said[data["verb"]] % data,
        (_("Reason: %(reason)s.") % {"reason": reason},) if reason else (),
        _("Open the lead"),
    )


notices.add(
    Notice("lead_offered", gettext_lazy("A lead is proposed to me"), words_of_offer, icon="target", side="portal"),
    Notice(
        "lead_offer_ended",
        gettext_lazy("A lead proposed to me expired or was withdrawn"),
        words_of_end,
        icon="clock-off",
        side="portal",
    ),
    Notice("lead_answered", gettext_lazy("A partner answers on a lead"), words_of_answer, icon="target", side="vendor"),
    Notice(
        "lead_followed_up",
        gettext_lazy("What a partner made of a lead"),
        words_of_follow_up,
        icon="target",
        side="vendor",
    ),
)


# Who ------------------------------------------------------------------------------------------------------------------------


def people_who_work_leads(offer: LeadOffer) -> list[User]:
    """Whoever may answer for the partner; once somebody accepted, that person while they belong to it."""
    members = Membership.objects.usable().filter(partner=offer.partner_id).select_related("user")
    people = [row.user for row in members.filter(role__in=("partner_admin", "partner_sales"))]
    return [person for person in people if person.pk == offer.decided_by_id] or people


def keepers(offer: LeadOffer) -> list[User]:
    """The lead's owner; without one, the partner's channel manager."""
    person = offer.lead.owner or offer.partner.channel_manager
    return [person] if person is not None and person.is_active and person.may("see_leads") else []


def offer_of(event: Any) -> LeadOffer | None:
    return (
        LeadOffer.objects.select_related("lead__owner", "partner__channel_manager").filter(pk=event.subject_id).first()
    )


# When -----------------------------------------------------------------------------------------------------------------------


@follow("lead_offer.offered", queue="mail")
def tell_of_offer(event: Any) -> None:
    offer = offer_of(event)
    if offer is not None and offer.is_open:
        tell(
            "lead_offered",
            people_who_work_leads(offer),
            url=offer.get_absolute_url(),
            partner_id=offer.partner_id,
            country=str(offer.country.code or ""),
            industry=offer.industry,
            respond_by=offer.respond_by.isoformat(),
        )


@follow("lead_offer.accepted", "lead_offer.declined", "lead_offer.expired", queue="mail")
def tell_of_answer(event: Any) -> None:
    """The vendor learns of every answer, and of none; the partner that its time is over."""
    offer = offer_of(event)
    if offer is None:
        return
    tell(
        "lead_answered",
        keepers(offer),
        url=offer.lead.get_absolute_url(),
        lead=offer.lead.company_name,
        partner=offer.partner.name,
        verb=event.verb,
        reason=event.payload.get("reason", ""),
    )
    if event.verb == "expired":
        tell_of_end(event)


@follow("lead_offer.withdrawn", queue="mail")
def tell_of_end(event: Any) -> None:
    offer = offer_of(event)
    if offer is not None:
        tell(
            "lead_offer_ended",
            people_who_work_leads(offer),
            url=offer.get_absolute_url(),
            partner_id=offer.partner_id,
            verb=event.verb,
        )


@follow("lead_offer.converted", "lead_offer.disqualified", queue="mail")
def tell_of_follow_up(event: Any) -> None:
    """What the partner made of it; the vendor's own people know what they did themselves."""
    offer = offer_of(event)
    if offer is not None and event.actor_side == "partner":
        tell(
            "lead_followed_up",
            keepers(offer),
            url=offer.lead.get_absolute_url(),
            lead=offer.lead.company_name,
            partner=offer.partner.name,
            verb=event.verb,
            reason=offer.lead.disqualified_reason,
        )
