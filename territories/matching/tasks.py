"""Customers are indexed when they are created, changed or learn another spelling."""

from prm.events import follow
from prm.events.record import task
from territories.matching.keys import index_customers


@follow(
    "customer.created",
    "customer.changed",
    "customer.learnt",
    "customer.merged",
    "customer.unmerged",
    queue="conflicts",
)
def index_changed_customer(event) -> None:
    ids = [
        event.subject_id,
        *filter(None, [event.payload.get("other_id")]),
    ]  # of a merge, the row that went or came back
    index_customers(ids)


@task("matching.index_customers", queue="conflicts")
def index_many(ids: list[str]) -> None:
    """After an import: thousands at once."""
    index_customers(ids)
