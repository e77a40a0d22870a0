"""Who is told what about deal registrations.

The words name the partner's own customer, dates as last days, and nothing of anybody else's business.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import PublicReason
from deals.models import DealRegistration, Delegation
from partners.models import Membership, Partner, User
from prm.events.record import follow
from prm.notify import Notice, Words, notices, tell
from prm.ui.templatetags.ui import day, last_day

# Words --------------------------------------------------------------------------------------------------------------------


def words_of_receipt(data: dict[str, Any]) -> Words:
    return Words(
        _("Your registration of %(customer)s was received") % data,
        (_("You get the decision by %(day)s.") % {"day": _day(data["decide_by"])},),
        _("Open the registration"),
    )


def words_of_arrival(data: dict[str, Any]) -> Words:
    lines = (_("Decide by %(day)s.") % {"day": _day(data["decide_by"])},)
    if data["verb"] == "answered":
        return Words(_("%(partner)s gave the missing information on %(customer)s") % data, lines, _("Look at it"))
    return Words(_("%(partner)s registered %(customer)s") % data, lines, _("Look at it"))


def words_of_decision(data: dict[str, Any]) -> Words:
    lines: tuple[str, ...] = ()
    if data["verb"] == "approved":
        subject = _("Your registration of %(customer)s is approved") % data
        lines = (
            _("Your deal is protected until %(day)s, that day included.")
            % {"day": last_day(parse_date(data["protected_until"]))},
        )
    elif data["verb"] == "rejected":
        subject = _("Your registration of %(customer)s was refused") % data
        reason = dict(PublicReason.choices).get(data["public_reason"])
        lines = (_("Reason: %(reason)s.") % {"reason": reason},) if reason else ()
        if until := parse_datetime(data.get("appeal_by") or ""):
            lines += (_("You can ask for a second review until %(day)s.") % {"day": day(until)},)
    elif data["verb"] == "returned":
        subject = _("Information is needed on your registration of %(customer)s") % data
        lines = (_("Please complete it by %(day)s.") % {"day": _day(data["answer_by"])},)
    elif data["verb"] == "expired":
        subject = _("Your registration of %(customer)s expired") % data
        lines = (_("The missing information did not come in time. You can register the deal again."),)
    else:
        subject = _("Your registration of %(customer)s was withdrawn") % data
    return Words(subject, (*lines, data["message"]) if data.get("message") else lines, _("Open the registration"))


def words_of_review(data: dict[str, Any]) -> Words:
    return Words(_("Somebody is looking at your registration of %(customer)s") % data, (), _("Open the registration"))


def words_of_partner_step(data: dict[str, Any]) -> Words:
    said = {
        "withdrawn": _("%(partner)s withdrew the registration of %(customer)s"),
        "recalled": _("%(partner)s took the registration of %(customer)s back"),
        "expired": _("The registration of %(customer)s by %(partner)s expired"),
        "lapsed": _("The protection of %(partner)s for %(customer)s has ended"),
    }
    return Words(said[data["verb"]] % data, (), _("Open the registration"))


def words_of_comment(data: dict[str, Any]) -> Words:
    return Words(_("%(by)s wrote about %(customer)s") % data, (data["text"],), _("Answer"))


def words_of_delegation(data: dict[str, Any]) -> Words:
    days = {"first": day(parse_date(data["first"])), "last": day(parse_date(data["last"]))}
    return Words(
        _("You decide for %(person)s while they are away") % data,
        (_("From %(first)s to %(last)s their registrations stand in your queue.") % days,),
        _("Look at it"),
    )


def _day(moment: str | None) -> str:
    """The day of a stored moment, in the reader's language."""
    parsed = parse_datetime(moment or "")
    return day(parsed) if parsed else ""


notices.add(
    Notice(
        "registration_received",
        gettext_lazy("My registration was received"),
        words_of_receipt,
        icon="send",
        side="portal",
    ),
    Notice(
        "registration_taken",
        gettext_lazy("The review of my registration began"),
        words_of_review,
        icon="eye",
        side="portal",
    ),
    Notice(
        "registration_decided",
        gettext_lazy("Decisions and questions on my registrations"),
        words_of_decision,
        icon="file-check",
        side="portal",
    ),
    Notice(
        "registration_arrived",
        gettext_lazy("A partner registered a deal"),
        words_of_arrival,
        icon="file-check",
        side="vendor",
    ),
    Notice(
        "registration_changed",
        gettext_lazy("A registration was withdrawn or ended"),
        words_of_partner_step,
        icon="file-check",
        side="vendor",
    ),
    Notice(
        "delegated",
        gettext_lazy("I stand in for a colleague"),
        words_of_delegation,
        icon="calendar-event",
        side="vendor",
    ),
    Notice("registration_commented", gettext_lazy("A message on a registration"), words_of_comment, icon="message"),
)


# Who ----------------------------------------------------------------------------------------------------------------------


def registrants(registration: DealRegistration) -> list[User]:
    """Who registered, while they still belong to the partner; else its administrators."""
    memberships = Membership.objects.usable().filter(partner=registration.partner_id).select_related("user")
    author = [row.user for row in memberships.filter(user=registration.created_by_id)]
    return author or [row.user for row in memberships.filter(role="partner_admin")]


def deciders(partner: Partner) -> list[User]:
    """The partner's channel manager, with whoever stands in today; without one, the channel managers in whose scope it is."""
    manager = partner.channel_manager
    if manager is not None and manager.is_active and manager.may("decide_registrations"):
        away = Delegation.objects.in_force().filter(person=manager, substitute__is_active=True)
        return [manager, *(row.substitute for row in away.select_related("substitute"))]
    people = User.objects.filter(is_active=True, role="channel_manager")
    return [
        person
        for person in people
        if Partner.objects.filter(pk=partner.pk).within(person.scope_countries, person.scope_partners).exists()
    ]


def registration_of(event: Any) -> DealRegistration | None:
    return DealRegistration.objects.select_related("partner__channel_manager").filter(pk=event.subject_id).first()


def tell_partner(kind: str, registration: DealRegistration, **data: Any) -> None:
    tell(
        kind,
        registrants(registration),
        url=registration.get_absolute_url(),
        partner_id=registration.partner_id,
        customer=registration.customer_name,
        **data,
    )


def tell_vendor(kind: str, registration: DealRegistration, **data: Any) -> None:
    tell(
        kind,
        deciders(registration.partner),
        url=registration.get_absolute_url(),
        customer=registration.customer_name,
        partner=registration.partner.name,
        **data,
    )


# When ---------------------------------------------------------------------------------------------------------------------


@follow("deal_registration.submitted", "deal_registration.answered", queue="mail")
def tell_of_arrival(event: Any) -> None:
    """Both sides: the vendor has something to decide, the registrant knows until when."""
    registration = registration_of(event)
    if registration is None or registration.decide_by is None:
        return  # taken back meanwhile
    decide_by = registration.decide_by.isoformat()
    tell_partner("registration_received", registration, decide_by=decide_by)
    if registration.awaits_vendor:
        tell_vendor("registration_arrived", registration, decide_by=decide_by, verb=event.verb)


@follow("delegation.given", queue="mail")
def tell_of_delegation(event: Any) -> None:
    given = Delegation.objects.select_related("person", "substitute").filter(pk=event.subject_id).first()
    if given is not None:
        days = {"first": str(given.period.lower), "last": str(given.last_day)}
        tell("delegated", [given.substitute], url=reverse("deals:absences"), person=given.person.name, **days)


@follow("deal_registration.taken", queue="mail")
def tell_of_review(event: Any) -> None:
    if registration := registration_of(event):
        tell_partner("registration_taken", registration)


@follow("deal_registration.approved", "deal_registration.rejected", "deal_registration.returned", queue="mail")
def tell_of_decision(event: Any) -> None:
    if registration := registration_of(event):
        until = registration.appeal_by if event.verb == "rejected" else None
        tell_partner(
            "registration_decided",
            registration,
            verb=event.verb,
            message=registration.message,
            appeal_by=until.isoformat() if until else "",
            **event.payload,
        )


@follow("deal_registration.withdrawn", "deal_registration.recalled", queue="mail")
def tell_of_withdrawal(event: Any) -> None:
    """The other side than the one that acted."""
    registration = registration_of(event)
    if registration is None:
        return
    if event.actor_side == "partner":
        tell_vendor("registration_changed", registration, verb=event.verb)
    else:
        tell_partner("registration_decided", registration, verb=event.verb)


@follow("deal_registration.expired", queue="mail")
def tell_of_expiry(event: Any) -> None:
    if registration := registration_of(event):
        tell_partner("registration_decided", registration, verb=event.verb)
        tell_vendor("registration_changed", registration, verb=event.verb)


@follow("deal_registration.commented", queue="mail")
def tell_of_comment(event: Any) -> None:
    registration = registration_of(event)
    if registration is None:
        return
    say = tell_vendor if event.actor_side == "partner" else tell_partner
    say("registration_commented", registration, by=event.actor_name, text=event.payload.get("text", ""))
