"""Conflicts are looked for in the background, after each change that could begin or end one."""

from deals.conflicts import territories  # noqa: F401  (follows events too)
from deals.conflicts.models import Conflict
from deals.conflicts.watch import refresh, watch
from deals.models import Approval, DealRegistration, Opportunity
from prm.events import follow
from territories.matching.keys import keys_of_customers, sharing


@follow(
    *(
        f"deal_registration.{verb}"
        for verb in (
            "submitted",
            "imported",
            "answered",
            "approved",
            "recalled",
            "withdrawn",
            "rejected",
            "decision_undone",
            "expired",
            "lapsed",
            "released",
        )
    ),
    queue="conflicts",
)
def watch_registration(event) -> None:
    registration = DealRegistration.objects.select_related("partner", "participant").filter(pk=event.subject_id).first()
    if registration is not None:
        watch(registration)


@follow("approval.customer_confirmed", "approval.linked", queue="conflicts")
def watch_confirmed(event) -> None:
    file = (
        Approval.objects.select_related("registration__partner", "registration__participant")
        .filter(pk=event.subject_id)
        .first()
    )
    if file is not None:
        refresh(file.registration)


@follow("opportunity.created", "opportunity.changed", "opportunity.stage_changed", queue="conflicts", together=True)
def watch_opportunities(events) -> None:
    """Direct deals that appear, move or close concern the live registrations of their customers, each looked at once."""
    deals = Opportunity.objects.filter(pk__in={event.subject_id for event in events}, customer__isnull=False)
    customers = dict(deals.values_list("pk", "customer"))
    shared = sharing(set().union(*keys_of_customers(set(customers.values())).values()), "deal_registration")
    confirmed = Approval.objects.of_present_submission().filter(customer__in=set(customers.values()))
    touched = Opportunity.objects.filter(pk__in=list(customers)).values_list("conflicts__registration", flat=True)
    ids = {*shared, *confirmed.values_list("registration", flat=True), *(pk for pk in touched if pk)}
    registrations = DealRegistration.objects.filter(pk__in=ids).select_related("partner", "participant")
    for registration in registrations.order_by("pk"):
        refresh(registration)


@follow("conflict.reopened", queue="conflicts")
def watch_reopened(event) -> None:
    """Opened again by a person: it stays open only while the rules find it."""
    conflict = Conflict.objects.select_related("registration__partner", "registration__participant").filter(
        pk=event.subject_id
    )
    if event.actor_id and (row := conflict.first()):
        refresh(row.registration)
