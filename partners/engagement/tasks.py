"""What time does to activities, and who hears of them; each may run as often as it likes."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from partners.engagement.models import Activity
from partners.models import Membership, User
from prm.db import acting_as_system
from prm.events import follow
from prm.notify import tell


@shared_task(name="engagement.remind")
@acting_as_system
def remind() -> None:
    """Remind people of their tasks in the morning of the day, where they are; what is done meanwhile is not mentioned."""
    rows = Activity.objects.to_remind_of().select_related("assignee").select_for_update(skip_locked=True, of=("self",))
    now = timezone.now()
    due = [row for row in rows if row.reminder_at() <= now]
    for row in due:
        tell_assignee("task_due", row, due_on=row.due_on.isoformat(), text=row.text)
    Activity.objects.filter(pk__in=[row.pk for row in due]).update(reminded=True)


@follow("activity.planned", "activity.changed", queue="mail")
def tell_of_task(event) -> None:
    """Whoever is given a task by somebody else hears of it."""
    if not event.payload.get("given"):
        return
    activity = Activity.objects.open().select_related("assignee").filter(pk=event.subject_id).first()
    if activity and activity.assignee:
        due = activity.due_on.isoformat() if activity.due_on else ""
        tell_assignee("task_given", activity, by=event.actor_name, due_on=due)


def tell_assignee(kind: str, activity: Activity, **data) -> None:
    """Tell the person who has to do it, on the side for which they do."""
    person: User = activity.assignee
    partner_id = None
    if not person.role:
        member = Membership.objects.usable().filter(partner=activity.partner_id, user=person)
        if not activity.shared or not member.exists():
            return
        partner_id = activity.partner_id
    tell(
        kind,
        [person],
        url=activity.get_absolute_url(),
        partner_id=partner_id,
        title=activity.title,
        **data,
    )
