"""Jobs: the list under settings, one with its progress, cancelling."""

from __future__ import annotations

import django_filters
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from prm.access import scoped
from prm.http import Request
from prm.jobs.models import Job, JobStatus
from prm.ui.lists import Column, Filters, ListPage
from prm.ui.toasts import say


class JobFilters(Filters):
    search_fields, search_hint = ("title",), gettext_lazy("Title")
    status = django_filters.MultipleChoiceFilter(choices=JobStatus.choices, label=gettext_lazy("Status"))


class JobList(ListPage):
    title, icon, filterset_class = gettext_lazy("Jobs"), "loader", JobFilters
    export_name = "jobs"
    lead = gettext_lazy("Long work in the background: imports and the like.")
    empty_title = gettext_lazy("No job yet")
    empty_text = gettext_lazy("Work that takes longer appears here with its progress.")
    columns = [
        Column("title", gettext_lazy("Title"), value=str, link=True, phone="title"),
        Column("kind_label", gettext_lazy("Kind"), phone="detail"),
        Column("status", gettext_lazy("Status"), kind="status", phone="status"),
        Column("done", gettext_lazy("Done"), kind="number", phone="value"),
        Column("total", gettext_lazy("Of"), kind="number"),
        Column("owner", gettext_lazy("Started by")),
        Column("created_at", gettext_lazy("Started"), kind="moment", sort="created_at"),
        Column("ended_at", gettext_lazy("Ended"), kind="moment"),
    ]

    def rows(self):
        return Job.objects.visible_to(self.request.user).select_related("owner")


@scoped(Job.objects.visible_to)
def job(request: Request, job: Job) -> HttpResponse:
    """One job; htmx asks again for its progress while it is under way."""
    template = "jobs/job.html#progress" if request.htmx else "jobs/job.html"
    response = render(request, template, {"job": job})
    if request.htmx and not job.is_under_way:
        response["HX-Refresh"] = "true"  # the page around shows the outcome
    return response


@require_POST
@scoped(Job.objects.cancellable_by)
def cancellation(request: Request, job: Job) -> HttpResponse:
    """Ask a job to end."""
    job.cancel()
    return say(request, redirect(job.outcome_url or job), _("The job stops after the rows it is working on."))
