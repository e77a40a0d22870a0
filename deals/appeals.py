"""The second review of a refusal: what of it waits, how pages show it, who is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.activities import entry
from deals.axes import RejectionReason, ReviewStatus
from deals.escalation import above, people_above
from deals.forms.appeal import AppealForm
from deals.models import Appeal, AppealDecision, DealRegistration, Escalation
from deals.models.appeal import AppealStatus
from deals.models.escalation import Promise
from deals.notices import deciders, registrants, tell_partner
from partners.engagement.ics import MOST, Entry, calendar_sources
from partners.models import Membership, User
from prm.beside import beside
from prm.events.record import follow
from prm.notify import Notice, Words, notices, tell
from prm.registries import Attention, attention
from prm.ui.templatetags.ui import day, num

# The queue -----------------------------------------------------------------------------------------------------------------


def waiting_for(user: Any, rows: QuerySet) -> QuerySet:
    """Of these registrations, those whose second review this person may answer; the most pressing first."""
    due = Appeal.objects.open().filter(registration=OuterRef("pk")).values("decide_by")[:1]
    waiting = rows.filter(pk__in=Appeal.objects.decidable_by(user).values("registration"))
    return waiting.annotate(appeal_decide_by=Subquery(due)).order_by("appeal_decide_by", "pk")


# What comes with the vendor's file -----------------------------------------------------------------------------------------


def with_reviews(files: QuerySet) -> QuerySet:
    """Fetch with each of the vendor's files its second review and the promises missed, in the same statement."""
    review = Appeal.objects.filter(registration=OuterRef("registration"), submission=OuterRef("submission"))
    missed = Escalation.objects.filter(registration=OuterRef("registration")).order_by("due_at")
    return files.annotate(
        reviews=beside(
            review.order_by(),
            id="pk",
            version="version",
            text="text",
            status="status",
            answer="answer",
            decide_by="decide_by",
            decided_at="decided_at",
            asked_at="created_at",
            asked_by="created_by__name",
            decided_by="decision__decided_by__name",
            first="decision__first_decided_by__name",
            first_id="decision__first_decided_by",
            first_reason="decision__first_reason",
            notes="decision__notes",
        ),
        missed=beside(missed, promise="promise", due_at="due_at", told="told"),
    )


MOMENTS = ("decide_by", "decided_at", "asked_at", "due_at")


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """What came as JSON, with its moments as such."""
    return {name: parse_datetime(value) if name in MOMENTS and value else value for name, value in row.items()}


def review_of(registration: DealRegistration, file: Any, user: Any) -> dict[str, Any] | None:
    """The second review beside the first decision, for the vendor's page; ``file`` was fetched ``with_reviews``."""
    if file is None or not file.reviews:
        return None
    row = _read(file.reviews[0])
    is_open = row["status"] == AppealStatus.OPEN
    if is_open:
        row |= {
            "first": file.decided_by.name if file.decided_by else "",
            "first_id": file.decided_by_id,
            "first_reason": file.rejection_reason,
        }
    is_own = str(row["first_id"] or "") == str(user.pk)
    return {
        **row,
        "status_label": AppealStatus(row["status"]).label,
        "first_reason": dict(RejectionReason.choices).get(row["first_reason"], ""),
        "is_open": is_open,
        "may_decide": is_open and not is_own and user.may("decide_registrations"),
        "is_own": is_own and (is_open or registration.awaits_vendor),
    }


def missed_of(file: Any) -> list[dict[str, Any]]:
    """The promises that passed unanswered, with who was told."""
    promises = dict(Promise.choices)
    return [{**_read(row), "label": promises[row["promise"]]} for row in (file.missed if file else [])]


# Words ---------------------------------------------------------------------------------------------------------------------


def _day(text: str) -> str:
    return day(parse_datetime(text))


def words_of_receipt(data: dict[str, Any]) -> Words:
    return Words(
        _("Your request for a second review of %(customer)s was received") % data,
        (_("Somebody else looks at it. You get the answer by %(day)s.") % {"day": _day(data["decide_by"])},),
        _("Open the registration"),
    )


def words_of_answer(data: dict[str, Any]) -> Words:
    if data["verb"] == "appeal_overturned":
        subject = _("Second review of %(customer)s: we take our refusal back") % data
        lines = [
            _("The registration waits for a decision again. You get it by %(day)s.") % {"day": _day(data["decide_by"])}
        ]
    else:
        subject = _("Second review of %(customer)s: our refusal stands") % data
        lines = [_("You may register the deal again when things change.")]
    return Words(
        subject, (*lines, data["message"]) if data.get("message") else tuple(lines), _("Open the registration")
    )


def words_of_request(data: dict[str, Any]) -> Words:
    if data["verb"] == "appeal_withdrawn":
        return Words(_("%(partner)s no longer asks for a second review of %(customer)s") % data, (), _("Look at it"))
    return Words(
        _("%(partner)s asks for a second review of %(customer)s") % data,
        (_("Answer by %(day)s.") % {"day": _day(data["decide_by"])}, data["text"]),
        _("Look at it"),
    )


def words_of_settlement(data: dict[str, Any]) -> Words:
    said = {
        "appeal_upheld": _("Second review: your refusal of %(customer)s for %(partner)s stands"),
        "appeal_overturned": _("Second review: your refusal of %(customer)s for %(partner)s is taken back"),
    }
    return Words(said[data["verb"]] % data, (_("%(by)s answered.") % data,), _("Open the registration"))


notices.add(
    Notice(
        "appeal_received",
        gettext_lazy("My request for a second review was received"),
        words_of_receipt,
        icon="send",
        side="portal",
    ),
    Notice(
        "appeal_answered",
        gettext_lazy("Answers to my requests for a second review"),
        words_of_answer,
        icon="scale",
        side="portal",
    ),
    Notice(
        "appeal_arrived",
        gettext_lazy("A partner asks for a second review of a refusal"),
        words_of_request,
        icon="scale",
        side="vendor",
    ),
    Notice(
        "appeal_settled",
        gettext_lazy("A refusal of mine was reviewed a second time"),
        words_of_settlement,
        icon="scale",
        side="vendor",
    ),
)


# Who -----------------------------------------------------------------------------------------------------------------------


def second_deciders(appeal: Appeal) -> list[User]:
    """The channel manager, where somebody else refused; and those above. Never who took the first decision."""
    registration = appeal.registration
    file = registration.approval
    first = file.decided_by_id if file else None
    people = [person for person in deciders(registration.partner) if person.pk != first]
    return [*people, *above(registration.partner, people_above(), but=first)]


def asker(appeal: Appeal) -> list[User]:
    """Who asked, while they still belong to the partner."""
    rows = Membership.objects.usable().filter(partner=appeal.partner_id, user=appeal.created_by_id)
    return [row.user for row in rows.select_related("user")]


# When ----------------------------------------------------------------------------------------------------------------------


def appeal_of(event: Any) -> Appeal | None:
    rows = Appeal.objects.select_related("registration__partner__channel_manager")
    return rows.filter(pk=event.payload.get("appeal")).first()


@follow("deal_registration.appealed", "deal_registration.appeal_withdrawn", queue="mail")
def tell_of_request(event: Any) -> None:
    """The vendor's people who may answer; the partner has a receipt with the date."""
    appeal = appeal_of(event)
    if appeal is None:
        return
    registration = appeal.registration
    decide_by = appeal.decide_by.isoformat()
    if event.verb == "appealed":
        tell_partner("appeal_received", registration, decide_by=decide_by)
    tell(
        "appeal_arrived",
        second_deciders(appeal),
        url=f"{reverse('deals:approval', args=[registration.pk])}?view=appeals",
        verb=event.verb,
        customer=registration.customer_name,
        partner=registration.partner.name,
        decide_by=decide_by,
        text=appeal.text[:500],
    )


@follow("deal_registration.appeal_upheld", "deal_registration.appeal_overturned", queue="mail")
def tell_of_answer(event: Any) -> None:
    """The partner reads the answer, not who gave it; whoever refused reads both."""
    appeal = appeal_of(event)
    if appeal is None:
        return
    registration = appeal.registration
    tell(
        "appeal_answered",
        [*registrants(registration), *asker(appeal)],
        url=registration.get_absolute_url(),
        partner_id=registration.partner_id,
        customer=registration.customer_name,
        verb=event.verb,
        message=appeal.answer,
        decide_by=event.payload.get("decide_by", ""),
    )
    decision = AppealDecision.objects.select_related("decided_by", "first_decided_by").get(appeal=appeal)
    if decision.first_decided_by is not None:
        tell(
            "appeal_settled",
            [decision.first_decided_by],
            url=registration.get_absolute_url(),
            customer=registration.customer_name,
            partner=registration.partner.name,
            verb=event.verb,
            by=decision.decided_by.name,
        )


# The portal ----------------------------------------------------------------------------------------------------------------


def portal_panel(registration: DealRegistration, user: Any) -> dict[str, Any] | None:
    """On a refused registration: what was asked and answered, or the form while there is time."""
    if registration.review_status != ReviewStatus.REJECTED:
        return None
    prefetch_related_objects([registration], "appeals")  # read once for the page: its dates are among the next steps
    appeal = registration.appeal
    if appeal is None and registration.appeal_by is None:
        return None
    may_work = user.may("register_deals") and (
        not user.membership.own_rows_only or registration.created_by_id == user.pk
    )
    in_time = registration.appeal_by is not None and registration.appeal_by > timezone.now()
    return {
        "appeal": appeal,
        "registration": registration,
        "may_ask": may_work and in_time,
        "may_withdraw": may_work,
        "form": AppealForm(),
    }


# Homes and calendars -------------------------------------------------------------------------------------------------------


def waiting(user: Any) -> dict | None:
    """Second reviews this person may answer."""
    if not user.may("decide_registrations"):
        return None
    found = Appeal.objects.decidable_by(user).aggregate(
        all=Count("pk"), late=Count("pk", filter=Q(decide_by__lt=timezone.now()))
    )
    if not found["all"]:
        return None
    title = ngettext("%(n)s second review to answer", "%(n)s second reviews to answer", found["all"])
    late = ngettext("%(n)s late", "%(n)s late", found["late"]) % {"n": num(found["late"])} if found["late"] else ""
    return {
        "icon": "scale",
        "tone": "bad" if found["late"] else "warn",
        "title": title % {"n": num(found["all"])},
        "detail": late or _("A partner asks that somebody else look at a refusal."),
        "url": f"{reverse('deals:approvals')}?view=appeals",
    }


def deadlines(user: Any, first: date, last: date) -> Iterable[Entry]:
    """Until when second reviews are to be answered, and until when a partner may ask for one."""
    appeals = Appeal.objects.visible_to(user) if user.is_partner else Appeal.objects.decidable_by(user)
    words = _("Second review of %(name)s promised") if user.is_partner else _("Answer the second review of %(name)s")
    rows = appeals.open().filter(decide_by__date__range=(first, last)).select_related("registration")
    for row in rows.order_by("decide_by", "pk")[:MOST]:
        yield entry(row.registration, user, "second-review", row.decide_by, words)
    if user.is_partner and user.may("register_deals"):
        refused = DealRegistration.objects.editable_by(user).filter(
            review_status=ReviewStatus.REJECTED, appeal_by__date__range=(first, last), appeals__isnull=True
        )
        for row in refused.order_by("appeal_by", "pk")[:MOST]:
            yield entry(row, user, "ask", row.appeal_by, _("Last day to ask for a second review of %(name)s"))


attention.add(Attention(waiting, 5))
calendar_sources.append(deadlines)
