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
            "expired",
            "lapsed",
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


@follow("opportunity.created", "opportunity.changed", "opportunity.stage_changed", queue="conflicts")
def watch_opportunity(event) -> None:
    """A direct deal that appears, moves or closes concerns the live registrations of its customer."""
    opportunity = Opportunity.objects.filter(pk=event.subject_id).first()
    if opportunity is None or opportunity.customer_id is None:
        return
    shared = sharing(keys_of_customers([opportunity.customer_id])[opportunity.customer_id], "deal_registration")
    confirmed = (
        Approval.objects.of_present_submission()
        .filter(customer=opportunity.customer_id)
        .values_list("registration", flat=True)
    )
    touched = Opportunity.objects.filter(pk=opportunity.pk).values_list("conflicts__registration", flat=True)
    ids = {*shared, *confirmed, *(pk for pk in touched if pk)}
    for registration in DealRegistration.objects.filter(pk__in=ids).select_related("partner", "participant"):
        refresh(registration)


@follow("conflict.reopened", queue="conflicts")
def watch_reopened(event) -> None:
    """Opened again by a person: it stays open only while the rules find it."""
    conflict = Conflict.objects.select_related("registration__partner", "registration__participant").filter(
        pk=event.subject_id
    )
    if event.actor_id and (row := conflict.first()):
        refresh(row.registration)
