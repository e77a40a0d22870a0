"""What this app tells the shared registries."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from partners.engagement.models import Activity, ActivityKind
from partners.engagement.subjects import activity_subjects
from partners.models import Partner, User
from prm import events
from prm.events.models import Event
from prm.registries import NavigationItem, Panel, navigation, panels
from prm.ui import pick, story
from prm.ui.lists import BulkAction, bulk_actions

LATEST = 6
KIND_ICONS = {"meeting": "users", "call": "phone", "note": "note", "task": "checklist", "check_in": "clock-check",
              "demo": "presentation"}  # fmt: skip


def due(user):
    """Tasks of this person that are due today or late."""
    return Activity.objects.tasks_of(user).due()


for side, order in (("vendor", 15), ("portal", 40)):
    navigation.add(
        NavigationItem(
            pgettext_lazy("menu", "My tasks"),
            "engagement:tasks",
            "checklist",
            order,
            lambda user: user.may("see_activities"),
            due,
            side=side,
            key="t",
        )
    )


def of_record(record: Any, user: Any):
    """The activities a record's page shows: what is to do first, then the latest."""
    rows = Activity.objects.visible_to(user).select_related("assignee", "created_by")
    if isinstance(record, Partner):
        rows = rows.filter(partner=record)
    else:
        subject = activity_subjects.of(record)
        rows = rows.filter(
            subject.story(record) if subject.story else Q(subject_type=subject.kind, subject_id=record.pk)
        )
    return rows.order_by(F("done_at").desc(nulls_first=True), F("due_on").asc(nulls_last=True), "-id")


def activities(record: Any, user: Any) -> dict | None:
    """The panel of a partner, customer or deal; one statement."""
    if not user.may("see_activities"):
        return None
    found = list(of_record(record, user)[: LATEST + 1])
    context = {
        "activities": found[:LATEST],
        "told": found[:LATEST],
        "more": len(found) > LATEST,
        "icons": KIND_ICONS,
        "form": None,
    }
    if user.may("log_activities"):
        from partners.engagement.forms import QuickForm

        context["form"] = QuickForm(user=user, about=record)
    kind = "partner" if isinstance(record, Partner) else activity_subjects.of(record).kind
    context["full_url"] = f"{reverse('engagement:new')}?about={kind}&id={record.pk}"
    return context


for page in (
    "partner",
    "customer",
    "opportunity",
    "registration",
    "portal_registration",
    "portal_opportunity",
    "lead",
    "portal_lead",
):
    panels.add(Panel(page, gettext_lazy("Activities"), "engagement/panels/activities.html", activities, 15))


def say(event: Event) -> str:
    """An event about an activity in words."""
    kind = dict(ActivityKind.choices).get(event.payload.get("kind"), "")
    words = {
        "logged": _("%(kind)s: %(title)s"),
        "planned": _("Planned, %(kind)s: %(title)s"),
        "done": _("Done, %(kind)s: %(title)s"),
        "changed": _("Changed, %(kind)s: %(title)s"),
        "reopened": _("To do again, %(kind)s: %(title)s"),
        "deleted": _("Deleted, %(kind)s: %(title)s"),
    }
    said = words.get(event.verb, "") % {"kind": kind, "title": event.payload.get("title", "")}
    return said[:1].upper() + said[1:]


story.tell("activity", say, "engagement:activity")
events.readable("activity", "see_activities", own=Activity.objects.visible_to)
story.ICONS.update({"logged": "note", "planned": "calendar-plus", "done": "circle-check", "reopened": "arrow-back-up"})


def people_for(user):
    """To whom this person may give a task: colleagues; the vendor's also the people of its partners."""
    rows = User.objects.filter(is_active=True)
    if user.is_partner:
        return rows.filter(memberships__partner=user.acting_for_id, memberships__is_active=True).distinct()
    return rows.visible_to(user)


def pick_people(user, text: str):
    if not user.may("log_activities"):
        return []
    found = people_for(user).filter(Q(name__icontains=text) | Q(email__istartswith=text)).order_by("name", "pk")
    return [(person.pk, person.name, person.email) for person in found[: pick.ENOUGH]]


pick.pickers["people"] = pick.Picker(pick_people)
bulk_actions.add(
    "engagement:tasks",
    BulkAction(
        "done",
        gettext_lazy("Done"),
        "circle-check",
        lambda user: user.may("log_activities"),
        lambda row, user, data: row.complete(by=user),
        Activity.objects.completable_by,
    ),
)
