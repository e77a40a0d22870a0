"""Who is told what about a protection: it ends soon, it was extended, it has ended.

Reminders keep to the vendor's calendar. Each is an event first, told afterwards in the background: a task that repeats finds
the event, and after an outage only the latest one due is sent.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.axes import RUNNING
from deals.models import DealRegistration
from deals.notices import registration_of, tell_partner, tell_vendor
from prm.calendar import business_today, business_zone
from prm.events.models import Event
from prm.events.record import follow, record_all, request_id, subject_type
from prm.notify import Notice, Words, notices
from prm.ui.templatetags.ui import last_day

REMINDERS = (1, 7, 14, 30)  # days before the last protected day

# Words --------------------------------------------------------------------------------------------------------------------


def words_of_reminder(data: dict[str, Any]) -> Words:
    left = ngettext(
        "%(n)s day of protection left for your deal with %(customer)s",
        "%(n)s days of protection left for your deal with %(customer)s",
        data["days"],
    )
    return Words(
        left % {"n": data["days"], "customer": data["customer"]},
        (
            _("Its protection ends on %(day)s, that day included.") % {"day": until(data)},
            _("Afterwards the registration price and our support for this deal are no longer kept for you."),
            *how_to_extend(data.get("extension") or {}),
        ),
        _("Open the registration"),
    )


def how_to_extend(offer: dict[str, Any]) -> tuple[str, ...]:
    """The way to a longer protection, where the reminder was sent: the partner's own button, or its channel manager."""
    days = offer.get("days")
    if not days:
        return (_("For more time, ask your channel manager before that day."),)
    said = ngettext(
        "Until that day you can extend it yourself by %(n)s day, on the page of the registration.",
        "Until that day you can extend it yourself by %(n)s days, on the page of the registration.",
        days,
    ) % {"n": days}
    if offer.get("needs_activity"):
        return said, _("Tell us first how the deal goes: a comment, an activity or its stage.")
    return (said,)


def words_of_extension(data: dict[str, Any]) -> Words:
    if data.get("partner"):
        subject = _("%(partner)s extended its protection for %(customer)s") % data
    else:
        subject = _("The protection of your deal with %(customer)s is extended") % data
    line = _("It is protected until %(day)s, that day included.") % {"day": until(data)}
    return Words(subject, (line,), _("Open the registration"))


def words_of_end(data: dict[str, Any]) -> Words:
    if data.get("verb") == "released":
        subject = _("We ended the protection of your deal with %(customer)s") % data
        lines = [
            _("You may go on with the deal at your normal price. If you have a question, ask your channel manager.")
        ]
        if data.get("message"):
            lines.insert(0, data["message"])
        return Words(subject, tuple(lines), _("Open the registration"))
    return Words(
        _("The protection of your deal with %(customer)s has ended") % data,
        (_("You can register the deal again when there is news."),),
        _("Open the registration"),
    )


def until(data: dict[str, Any]) -> str:
    return last_day(parse_date(data["protected_until"]))


notices.add(
    Notice(
        "protection_ended",
        gettext_lazy("A protection of mine has ended"),
        words_of_end,
        icon="shield-off",
        side="portal",
    ),
    Notice(
        "protection_ending",
        gettext_lazy("A protection of mine ends soon"),
        words_of_reminder,
        icon="shield-half",
        side="portal",
    ),
    Notice(
        "protection_extended",
        gettext_lazy("A protection was extended"),
        words_of_extension,
        icon="shield-plus",
    ),
)


# When ---------------------------------------------------------------------------------------------------------------------


@follow("deal_registration.extended", queue="mail")
def tell_of_extension(event: Any) -> None:
    """The other side than the one that extended."""
    if registration := registration_of(event):
        say = tell_vendor if event.actor_side == "partner" else tell_partner
        say("protection_extended", registration, protected_until=event.payload["protected_until"])


@follow("deal_registration.lapsed", queue="mail")
def tell_of_lapse(event: Any) -> None:
    if registration := registration_of(event):
        tell_partner("protection_ended", registration, verb="lapsed")
        tell_vendor("registration_changed", registration, verb="lapsed")


@follow("deal_registration.released", queue="mail")
def tell_of_release(event: Any) -> None:
    """The same words whatever the vendor's reason was; where it passed the protection on, nobody reads to whom."""
    if registration := registration_of(event):
        tell_partner("protection_ended", registration, verb="released", message=registration.message)


def distance_of(left: int) -> int | None:
    """The reminder that is due with so many days left: the nearest that has come, none while it is too early."""
    return next((distance for distance in REMINDERS if left <= distance), None)


def remind_of_ending(today: date) -> int:
    """Note the reminders that have come, one for each distance and end; answers how many.

    A day without a run is made up for on the next one, with the latest reminder alone. A distance that had passed already
    when the end was set, at approval or by an extension, is not mentioned.
    """
    soon = DealRegistration.objects.filter(
        protection_status__in=RUNNING,
        protected_until__gt=today,
        protected_until__lte=today + timedelta(days=REMINDERS[-1] + 1),
    )
    rows = list(soon.select_for_update(skip_locked=True, of=("self",)))
    about = Event.objects.filter(subject_id__in=[row.pk for row in rows])
    told = set(
        about.filter(verb="protection_ending").values_list(
            "subject_id", "payload__distance", "payload__protected_until"
        )
    )
    extended = dict(about.filter(verb="extended").values_list("subject_id").annotate(at=Max("at")))
    due = []
    for row in rows:
        last, end = row.last_protected_day, row.protected_until.isoformat()
        distance = distance_of((last - today).days)
        set_at = extended.get(row.pk) or row.decided_at
        set_nearer = set_at and (last - set_at.astimezone(business_zone()).date()).days < distance
        if set_nearer or (row.pk, distance, end) in told:
            continue
        due.append(reminder(row, distance=distance, protected_until=end))
    record_all(due)
    return len(due)


def reminder(registration: DealRegistration, **payload: Any) -> Event:
    return Event(
        verb="protection_ending",
        subject_type=subject_type(registration),
        subject_id=registration.pk,
        partner_id=registration.partner_id,
        actor_side="system",
        payload=payload,
        request_id=request_id(),
    )


@follow("deal_registration.protection_ending", queue="mail", together=True)
def tell_of_ending(told: list) -> None:
    """Remind the registrants, unless the end has moved or a nearer reminder has taken its place meanwhile."""
    rows = DealRegistration.objects.filter(protection_status__in=RUNNING).select_related("program", "partner")
    found = rows.in_bulk([event.subject_id for event in told])
    today = business_today()
    for event in told:
        registration = found.get(event.subject_id)
        if registration is None or registration.protected_until.isoformat() != event.payload["protected_until"]:
            continue
        left = (registration.last_protected_day - today).days
        if left < 0 or distance_of(left) != event.payload["distance"]:
            continue
        tell_partner(
            "protection_ending",
            registration,
            days=left,
            protected_until=event.payload["protected_until"],
            extension=way_to_extend(registration),
        )


def way_to_extend(registration: DealRegistration) -> dict[str, Any]:
    """What the reminder says of an extension: by how much, and whether there must be activity first."""
    offer = registration.extension_offer()
    if offer.refusal is None:
        return {"days": offer.days}
    return {"days": offer.days, "needs_activity": True} if offer.refusal.code == "no_activity" else {}
