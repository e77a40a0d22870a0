"""The screens of an import: file, columns and preview, dry run, run, report and undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from prm.access import may, scoped
from prm.errors import RuleViolation
from prm.http import Request
from prm.imports.export import export_response
from prm.imports.forms import MappingForm, UploadForm
from prm.imports.importer import Run
from prm.imports.mapping import suggest
from prm.imports.models import Import, ImportStatus, SavedMapping
from prm.imports.reading import Table, open_table
from prm.ui.forms import handle, posted, posted_files
from prm.ui.lists import Action, Column, Filters, ListPage
from prm.ui.toasts import say

PREVIEW = 5
SHOWN_PROBLEMS = 50
SHOWN_REFUSALS = 50


class ImportFilters(Filters):
    search_fields, search_hint = ("file_name",), gettext_lazy("File")
    status = django_filters.MultipleChoiceFilter(choices=ImportStatus.choices, label=gettext_lazy("Status"))


class ImportList(ListPage):
    title, icon, filterset_class = gettext_lazy("Imports"), "file-import", ImportFilters
    export_name = "imports"
    lead = gettext_lazy("Files that brought records in. Each can be undone for 30 days.")
    empty_title = gettext_lazy("No import yet")
    empty_text = gettext_lazy("Bring partners, customers, products and opportunities from a CSV or Excel file.")
    columns = [
        Column("file_name", gettext_lazy("File"), link=True, phone="title"),
        Column("kind_label", gettext_lazy("Records"), phone="detail"),
        Column("status", gettext_lazy("Status"), kind="status", phone="status"),
        Column("total", gettext_lazy("Rows"), kind="number", phone="value"),
        Column("created", pgettext_lazy("import", "New"), kind="number"),
        Column("updated", pgettext_lazy("import", "Changed"), kind="number"),
        Column("failed", gettext_lazy("With an error"), kind="number"),
        Column("user", gettext_lazy("By")),
        Column("created_at", pgettext_lazy("date", "On"), kind="moment", sort="created_at"),
    ]

    def rows(self):
        return Import.objects.visible_to(self.request.user).select_related("user")

    def actions(self):
        return [Action(_("Import a file"), reverse("imports:new"), "file-import", primary=True)]


@may("import_data")
def new(request: Request) -> HttpResponse:
    """Give a file."""
    form = UploadForm(
        posted(request), posted_files(request), user=request.user, initial={"kind": request.GET.get("kind", "")}
    )
    return handle(
        request,
        form,
        lambda: upload(form, request.user),
        template="imports/new.html",
        said=_("File read. Check where its columns go."),
        title=_("Import a file"),
        lead=_("Nothing is written before you have seen what would happen."),
        back_url=reverse("imports:imports"),
        back_label=_("Imports"),
    )


def upload(form: UploadForm, user: Any) -> Import:
    """Keep the file, look into it and guess where its columns go; an unreadable one leaves nothing behind."""
    data = form.cleaned_data
    record = Import(kind=data["kind"], file_name=data["file"].name[:200], source=data["source"] or "file", user=user)
    record.file.save(data["file"].name, data["file"], save=False)
    try:
        table = open_table(record.file.path, record.file_name)
        record.table = table.about()
        record.mapping = data["mapping"] or suggest(record.import_kind, table, user)
        if data["mapping"]:
            Run(record, user)  # a mapping that does not fit is refused here
    except RuleViolation:
        record.file.delete(save=False)
        raise
    record.save(force_insert=True)
    return record


@scoped(Import.objects.visible_to)
def show(request: Request, record: Import) -> HttpResponse:
    """Where the import stands; while it works, htmx asks for its progress."""
    if request.htmx and record.is_under_way:
        return render(request, "imports/import.html#progress", {"import": record, "job": record.job})
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    kept = request.GET.get("mapping")
    mapping = get_object_or_404(SavedMapping, pk=kept, kind=record.kind).mapping if kept and is_uuid(kept) else None
    return page(request, record, MappingForm(record, request.user, mapping))


def is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def page(request: Request, record: Import, form: MappingForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "import": record,
        "form": form,
        "refused": refused,
        "steps": steps(record),
        "job": record.job,
        "problems": [problem_line(problem, form) for problem in record.problems.all()[:SHOWN_PROBLEMS]],
        "about": about(record),
    }
    if record.status in (ImportStatus.MAPPING, ImportStatus.CHECKED, ImportStatus.FAILED):
        context["preview"] = preview(form)
        context["ready"] = record.created + record.updated
        context["duplicates"] = record.imported.filter(before__has_key="similar")[:SHOWN_PROBLEMS]
        context["duplicate_count"] = record.imported.filter(before__has_key="similar").count()
    else:
        context["refusals"] = record.imported.exclude(refusal="")[:SHOWN_REFUSALS]
    return render(request, "imports/import.html", context, status=status)


def problem_line(problem: Any, form: MappingForm) -> dict[str, Any]:
    return {
        "row": problem.row,
        "field": dict(form.options).get(problem.column, problem.column),
        "value": problem.value,
        "message": problem.message,
    }


def about(record: Import) -> str:
    """How the file is written, in words."""
    table = Table(path="", **record.table)
    if table.format == "xlsx":
        return _("Excel workbook, first sheet")
    separator = {",": _("commas"), ";": _("semicolons"), "\t": _("tabs"), "|": _("bars")}[table.separator]
    return _("%(encoding)s, separated by %(separator)s") % {
        "encoding": table.encoding.removesuffix("-sig").upper(),
        "separator": separator,
    }


def steps(record: Import) -> list[dict[str, Any]]:
    labels = [_("File"), _("Columns and preview"), _("Dry run"), pgettext("noun", "Import"), _("Report and undo")]
    now = {"mapping": 1, "failed": 1, "checking": 2, "checked": 2, "running": 3}.get(record.status, 4)
    return [
        {"label": label, "state": "done" if i < now else "current" if i == now else "todo"}
        for i, label in enumerate(labels)
    ]


def preview(form: MappingForm) -> dict[str, Any]:
    """The first rows as they would be imported, and what would happen to each."""
    record = form.record
    given, record.mapping = record.mapping, form.mapping
    try:
        run = Run(record, form.user)
        with transaction.atomic():
            table = Table(path=record.file.path, **record.table)
            raw = [row for row, _n in zip(table.rows(), range(PREVIEW), strict=False)]
            rows = run.look(raw)
    except (RuleViolation, OSError) as error:
        return {"refused": getattr(error, "message", "") or _("The file is no longer there. Import it again.")}
    finally:
        record.mapping = given
    columns = [column for column in run.columns if column.name in run.mapping.position][:8]
    labels = dict(form.options)
    return {
        "head": [labels[column.name] for column in columns],
        "rows": [
            {
                "cells": [str(row.cells.get(column.name, "") or "")[:60] for column in columns],
                "action": "failed" if row.problems else row.action,
                "problem": row.problems[0][2] if row.problems else "",
                "changes": len(row.changes) + row.touched,
            }
            for row in rows
        ],
    }


@require_POST
@scoped(Import.objects.editable_by)
def check(request: Request, record: Import) -> HttpResponse:
    """Dry run with the columns as chosen."""
    form = MappingForm(record, request.user)
    try:
        form = MappingForm.posted(record, request.user, request.POST)
        with transaction.atomic():
            record.start_check(
                by=request.user,
                mapping=form.mapping,
                all_or_none=request.POST.get("errors") == "stop",
                version=request.POST.get("version"),
            )
            if name := request.POST.get("keep_as", "").strip()[:80]:
                SavedMapping.objects.update_or_create(
                    kind=record.kind, name=name, defaults={"mapping": form.mapping, "source": record.source}
                )
    except RuleViolation as error:
        return page(request, record, form, refused=error.message, status=422)
    return redirect(record)


@require_POST
@scoped(Import.objects.editable_by)
def run(request: Request, record: Import) -> HttpResponse:
    """Write what the dry run found good."""
    return begin(request, record, record.start_run)


@require_POST
@scoped(Import.objects.editable_by)
def undoing(request: Request, record: Import) -> HttpResponse:
    """Take the import back."""
    return begin(request, record, record.start_undo)


def begin(request: Request, record: Import, verb: Any) -> HttpResponse:
    try:
        with transaction.atomic():
            verb(by=request.user, version=request.POST.get("version"))
    except RuleViolation as error:
        record.refresh_from_db()
        return page(request, record, MappingForm(record, request.user), refused=error.message, status=422)
    return say(request, redirect(record), _("Started. You may leave this page; the work goes on."))


@scoped(Import.objects.visible_to)
def errors(request: Request, record: Import) -> StreamingHttpResponse:
    """The rows with an error as a file: correct them there and import that file."""
    file_format = request.GET.get("format", "csv")
    if file_format not in ("csv", "xlsx") or not record.file:
        raise Http404
    messages: dict[int, list[str]] = {}
    names = dict(MappingForm(record, request.user).options)
    for problem in record.problems.all():
        messages.setdefault(problem.row, []).append(
            f"{names.get(problem.column, problem.column)}: {problem.message}".removeprefix(": ")
        )
    table = Table(path=record.file.path, **record.table)

    def lines():
        for line, cells in table.rows():
            if line in messages:
                padded = [*cells, *[""] * (len(table.header) - len(cells))][: len(table.header)]
                yield [*padded, line, " ".join(messages[line])]

    header = [*table.header, _("Line"), _("What is wrong")]
    return export_response(file_format, f"{record.file_name.rsplit('.', 1)[0]}-{_('errors')}", header, lines())
