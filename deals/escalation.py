"""What happens when the vendor is late: those above are told, once for each promise, and the file shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from celery import shared_task
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import AWAITING_VENDOR, ReviewStatus
from deals.models import Appeal, DealRegistration, Delegation, Escalation
from deals.models.escalation import Promise
from partners.models import Partner, User
from prm import events
from prm.db import acting
from prm.notify import Notice, Words, notices, tell
from prm.ui.templatetags.ui import day

BATCH = 200  # promises in one transaction


class Missed(NamedTuple):
    """A promise that passed without its answer; ``by`` took the decision that is to be looked at again, if any."""

    registration: DealRegistration
    promise: str
    due_at: datetime
    by: Any = None


# Which ---------------------------------------------------------------------------------------------------------------------


def missed(now: datetime) -> list[Missed]:
    """Promises that have passed by now and were not escalated yet; their rows are locked."""
    rows = DealRegistration.objects.select_related("partner__channel_manager")
    found = [
        Missed(row, promise, getattr(row, due))
        for promise, states, due in (
            (Promise.FIRST_ANSWER, (ReviewStatus.PENDING,), "respond_by"),
            (Promise.DECISION, AWAITING_VENDOR, "decide_by"),
        )
        for row in _late(rows.filter(review_status__in=states), promise, due, now)
    ]
    appeals = Appeal.objects.open().select_related("registration__partner__channel_manager")
    for appeal in _late(appeals, Promise.SECOND_REVIEW, "decide_by", now, registration="registration_id"):
        file = appeal.registration.approval
        found.append(
            Missed(appeal.registration, Promise.SECOND_REVIEW, appeal.decide_by, file.decided_by_id if file else None)
        )
    # Locked now: what another worker wrote meanwhile shows in this second look.
    told = set(
        Escalation.objects.filter(registration__in=[row.registration.pk for row in found]).values_list(
            "registration_id", "promise", "due_at"
        )
    )
    return [row for row in found if (row.registration.pk, row.promise, row.due_at) not in told]


def _late(rows: QuerySet, promise: str, due: str, now: datetime, registration: str = "pk") -> list:
    known = Escalation.objects.filter(registration=OuterRef(registration), promise=promise, due_at=OuterRef(due))
    late = rows.filter(~Exists(known), **{f"{due}__lte": now}).order_by(due, "pk")
    return list(late.select_for_update(skip_locked=True, of=("self",))[:BATCH])


# To whom -------------------------------------------------------------------------------------------------------------------


def reaches(person: User, partner: Partner) -> bool:
    """Whether the partner is in this vendor person's scope."""
    if not person.scope_countries and not person.scope_partners:
        return True
    return Partner.objects.filter(pk=partner.pk).within(person.scope_countries, person.scope_partners).exists()


def above(partner: Partner, people: Iterable[User], *, but: Any = None) -> list[User]:
    """The program owners of ``people`` who look after the partner, the administrators where there is none."""
    for role in ("program_owner", "admin"):
        found = [row for row in people if row.role == role and row.pk != but and reaches(row, partner)]
        if found:
            return found
    return []


def people_above() -> list[User]:
    return list(User.objects.filter(is_active=True, role__in=["program_owner", "admin"]).order_by("name", "pk"))


# The task ------------------------------------------------------------------------------------------------------------------


def escalate(now: datetime | None = None) -> int:
    """Tell of the promises missed by now, each once; the rows partners read stay as they are."""
    late = missed(now or timezone.now())
    if not late:
        return 0
    people = people_above()
    stand_in = {row.person_id: row.substitute for row in Delegation.objects.in_force().select_related("substitute")}
    made = []
    for row in late:
        partner = row.registration.partner
        substitute = stand_in.get(partner.channel_manager_id)
        told = above(partner, people, but=row.by)
        if substitute is not None and substitute.pk != row.by and substitute not in told:
            told.insert(0, substitute)
        names = [person.name for person in told]
        made.append(Escalation(registration=row.registration, promise=row.promise, due_at=row.due_at, told=names))
        events.record(
            row.registration, "escalated", promise=str(row.promise), due_at=row.due_at.isoformat(), told=names
        )
        tell(
            "promise_missed",
            told,
            url=address(row),
            promise=str(row.promise),
            due_at=row.due_at.isoformat(),
            customer=row.registration.customer_name,
            partner=partner.name,
            manager=partner.channel_manager.name if partner.channel_manager else "",
        )
    Escalation.objects.bulk_create(made)
    return len(made)


def address(row: Missed) -> str:
    view = "appeals" if row.promise == Promise.SECOND_REVIEW else "team"
    return f"{reverse('deals:approval', args=[row.registration.pk])}?view={view}"


@shared_task(name="deals.escalate")
def escalate_missed() -> None:
    """Promises that passed, also while no worker ran; a batch a transaction, the rest on the next run."""
    for _batch in range(20):
        with acting("system"):
            if not escalate():
                return


# In words ------------------------------------------------------------------------------------------------------------------


def words_of_missed(data: dict[str, Any]) -> Words:
    said = {
        Promise.FIRST_ANSWER: _("The first answer to %(partner)s on %(customer)s is late"),
        Promise.DECISION: _("The decision for %(partner)s on %(customer)s is late"),
        Promise.SECOND_REVIEW: _("The second review for %(partner)s on %(customer)s is late"),
    }
    lines = [_("It was promised by %(day)s.") % {"day": day(parse_datetime(data["due_at"]))}]
    if data["manager"]:
        lines.append(_("The partner is in the care of %(name)s.") % {"name": data["manager"]})
    return Words(said[data["promise"]] % data, tuple(lines), _("Look at it"))


notices.add(
    Notice(
        "promise_missed",
        gettext_lazy("A promised answer to a partner is late"),
        words_of_missed,
        icon="clock-exclamation",
        side="vendor",
    )
)
