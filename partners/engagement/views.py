"""Activities on the screen: my tasks, one activity, and what may be done with it. The same pages serve both sides."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from partners.engagement.forms import ActivityForm, QuickForm
from partners.engagement.models import Activity, ActivityKind
from partners.engagement.registrations import KIND_ICONS
from partners.engagement.subjects import activity_subjects
from partners.models import Partner
from prm.access import may, scoped
from prm.errors import RuleViolation
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, DateFilter, Filters, ListPage, RecordFilter, RowAction, Tab
from prm.ui.toasts import say


class ActivityFilters(Filters):
    search_fields = ("title", "text")
    search_hint = gettext_lazy("What, or a word of the notes")
    kind = django_filters.ChoiceFilter(choices=ActivityKind.choices, label=gettext_lazy("Kind"))
    partner = RecordFilter("partners", Partner.objects.visible_to, field_name="partner", label=gettext_lazy("Partner"))
    due_from = DateFilter(field_name="due_on", lookup_expr="gte", label=gettext_lazy("Due from"))
    due_to = DateFilter(field_name="due_on", lookup_expr="lte", label=gettext_lazy("Due until"))

    class Meta:
        model = Activity
        fields: list[str] = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.user.is_partner:
            del self.filters["partner"]


class StateColumn(Column):
    """Late, today, planned or done."""

    def words(self, row: Any) -> str:
        return row.state[1]


class Tasks(ListPage):
    """What I have to do; other tabs show what I gave to others, and everything I may read."""

    title = gettext_lazy("My tasks")
    icon = "checklist"
    completable: frozenset | set = frozenset()
    filterset_class = ActivityFilters
    default_sort = "due_on"
    export_name = "activities"
    empty_title = gettext_lazy("Nothing to do")
    empty_text = gettext_lazy("Tasks and meetings you plan on a partner or a deal appear here until they are done.")
    no_result_title = gettext_lazy("No activity matches these filters")
    columns = [
        Column("title", gettext_lazy("What"), link=True, sort="title", phone="title"),
        Column("kind", gettext_lazy("Kind"), sort="kind", phone="detail"),
        Column("about", gettext_lazy("About"), value=lambda row: row.about, phone="detail"),
        Column("due_on", gettext_lazy("Due"), kind="date", sort="due_on", phone="value"),
        StateColumn("state", gettext_lazy("State"), kind="status", value=lambda row: row.state[0], phone="status"),
        Column("at", gettext_lazy("When"), kind="moment", sort="at"),
        Column("assignee", gettext_lazy("Who does it"), sort="assignee__name", phone="detail"),
        Column("created_by", gettext_lazy("Given by"), sort="created_by__name"),
        Column("text", gettext_lazy("Notes"), screen=False),
    ]

    def rows(self):
        rows = Activity.objects.visible_to(self.request.user).select_related("assignee", "created_by", "partner")
        return self.view_of(rows, self.request.GET.get("show", ""))

    def view_of(self, rows, name: str):
        user = self.request.user
        match name:
            case "overdue":
                return rows.overdue().filter(assignee=user)
            case "given":
                return rows.open().filter(created_by=user).exclude(assignee=user)
            case "done":
                return rows.done().filter(assignee=user)
            case "all":
                return rows
        return rows.open().filter(assignee=user)

    def tabs(self):
        return [
            Tab(pgettext_lazy("tasks", "To do"), {}),
            Tab(pgettext_lazy("tasks", "Late"), {"show": "overdue"}),
            Tab(_("Given to others"), {"show": "given"}),
            Tab(pgettext_lazy("tasks", "Done"), {"show": "done"}),
            Tab(_("All activities"), {"show": "all"}),
        ]

    def actions(self):
        if not self.request.user.may("log_activities"):
            return []
        return [Action(_("New activity"), reverse("engagement:new"), "plus", primary=True)]

    def row_action(self, row):
        """Done, with one click."""
        if row.is_done or row.pk not in self.completable:
            return None
        return RowAction(_("Done"), reverse("engagement:completion", args=[row.pk]), "circle-check")

    def prepare(self, rows):
        """What each is about, in words, and how late it is."""
        user = self.request.user
        names = activity_subjects.names(rows, user)
        today = timezone.localdate()
        for row in rows:
            row.about = names.get(row.pk) or (row.partner.name if row.partner else "")
            row.state = state_of(row, today)
        side = "partner" if user.is_partner else "vendor"
        if user.may("log_activities"):
            self.completable = {row.pk for row in rows if row.side == side or row.assignee_id == user.pk}
        return rows


def state_of(activity: Activity, today: date) -> tuple[str, str]:
    """How it stands: the value for icon and colour, and the word."""
    if activity.is_done:
        return "done", pgettext("task", "done")
    if activity.due_on is None or activity.due_on > today:
        return "planned", pgettext("task", "planned")
    return ("late", pgettext("task", "late")) if activity.due_on < today else ("due", pgettext("task", "today"))


tasks = may("see_activities")(Tasks.as_view())


def subject_in(request: HttpRequest) -> Any:
    """The record the address or the form names, among those this person may log on; nothing named, nothing."""
    given = request.POST if request.method == "POST" else request.GET
    kind, pk, user = given.get("about", ""), given.get("id", ""), request.user
    if not kind:
        return user.acting_for if user.is_partner else None
    try:
        if kind != "partner":
            return activity_subjects.found(kind, UUID(pk), user)
        found = Partner.objects.filter(pk=user.acting_for_id) if user.is_partner else Partner.objects.visible_to(user)
        return found.get(pk=UUID(pk))
    except (ValueError, RuleViolation, Partner.DoesNotExist):
        raise Http404 from None


def back_to(request: HttpRequest, otherwise: str = "") -> str:
    """Where the person came from, on this site."""
    target = request.POST.get("next") or request.GET.get("next", "")
    fits = url_has_allowed_host_and_scheme(target, {request.get_host()})
    return target if fits else otherwise or reverse("engagement:tasks")


def url_of(record: Any, user: Any) -> str:
    """The page of what an activity is about."""
    if isinstance(record, Partner):
        return "" if user.is_partner else record.get_absolute_url()
    return activity_subjects.of(record).url(record, user)


@may("log_activities")
def new(request: HttpRequest) -> HttpResponse:
    """Log or plan an activity; the line on a record's page is sent here too."""
    about, user = subject_in(request), request.user
    quick = "activity-title" in request.POST
    target = back_to(request, url_of(about, user) if about else "")
    if quick:
        form: Any = QuickForm(request.POST, user=user, about=about)
        if form.is_valid():
            try:
                activity = form.save(about)
            except RuleViolation as error:
                return say(request, redirect(target), error.message, tone="bad")
            return say(request, redirect(target), said_of(activity))
        initial = {name: request.POST.get(f"activity-{name}") for name in ("kind", "title", "due_on", "shared")}
        form = ActivityForm(
            {name: value for name, value in initial.items() if value is not None}, user=user, about=about
        )
        return render(request, "engagement/form.html", {"form": form, **words_of_new(form, about, target)}, status=422)
    form = ActivityForm(posted(request), user=user, about=about)
    return handle(
        request,
        form,
        lambda: form.save(about),
        said=_("Saved."),
        to=target,
        template="engagement/form.html",
        **words_of_new(form, about, target),
    )


def words_of_new(form: Any, about: Any, target: str) -> dict[str, Any]:
    return {
        "title": _("New activity"),
        "lead": _("About %(name)s") % {"name": about} if about else "",
        "back_url": target,
        "back_label": _("Back"),
        "about": about,
        "kind": form.kind_of_subject,
        "next": target,
    }


def said_of(activity: Activity) -> str:
    return _("Planned.") if not activity.is_done else _("Noted.")


@scoped(lambda user: Activity.objects.visible_to(user).select_related("assignee", "created_by", "partner"))
def activity(request: HttpRequest, activity: Activity) -> HttpResponse:
    """One activity; who may change it finds its form here."""
    user = request.user
    may_edit = Activity.objects.editable_by(user).filter(pk=activity.pk).exists()
    about = activity_subjects.names([activity], user).get(activity.pk) or (
        activity.partner.name if activity.partner and not user.is_partner else ""
    )
    context = {
        "activity": activity,
        "about": about,
        "about_url": page_of_subject(activity, user),
        "icon": KIND_ICONS[activity.kind],
        "may_edit": may_edit,
        "may_complete": Activity.objects.completable_by(user).filter(pk=activity.pk).exists(),
        "title": activity.title,
    }
    if request.method == "POST" and not may_edit:
        raise Http404
    form = ActivityForm(posted(request), user=user, activity=activity) if may_edit else None
    if form is None:
        return render(request, "engagement/activity.html", context)
    return handle(request, form, form.save_change, template="engagement/activity.html", **context)


def page_of_subject(activity: Activity, user: Any) -> str:
    """The page of what it is about, where the reader has one."""
    if not activity.subject_type:
        return url_of(activity.partner, user) if activity.partner else ""
    subject = activity_subjects.get(activity.subject_type)
    record = subject.rows_for(user).filter(pk=activity.subject_id).first() if subject else None
    return subject.url(record, user) if record is not None else ""


@require_POST
@scoped(lambda user: Activity.objects.completable_by(user))
def completion(request: HttpRequest, activity: Activity) -> HttpResponse:
    """Done, with one click and ten seconds to take it back."""
    target = back_to(request)
    activity.complete(by=request.user)
    undo = f"{reverse('engagement:reopening', args=[activity.pk])}?next={target}"
    return say(request, redirect(target), _("Done: %(title)s") % {"title": activity.title}, undo_url=undo)


@require_POST
@scoped(lambda user: Activity.objects.completable_by(user))
def reopening(request: HttpRequest, activity: Activity) -> HttpResponse:
    """It is still to do."""
    activity.reopen(by=request.user)
    return say(request, redirect(back_to(request)), _("To do again: %(title)s") % {"title": activity.title})


@require_POST
@scoped(lambda user: Activity.objects.editable_by(user))
def deletion(request: HttpRequest, activity: Activity) -> HttpResponse:
    """Delete it."""
    activity.remove(by=request.user)
    return say(request, redirect(back_to(request)), _("Deleted."))
