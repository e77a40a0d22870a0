"""An import: the file as it came, how it is read, what became of each row."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from prm import events
from prm.errors import RuleViolation
from prm.ids import uuid7
from prm.imports.kinds import ImportKind, kinds
from prm.jobs.models import Job
from prm.records import Part, Record

UNDO_FOR = timedelta(days=30)


class ImportStatus(models.TextChoices):
    MAPPING = "mapping", pgettext_lazy("import", "columns to be chosen")
    CHECKING = "checking", pgettext_lazy("import", "dry run")
    CHECKED = "checked", pgettext_lazy("import", "ready to import")
    RUNNING = "running", pgettext_lazy("import", "running")
    DONE = "done", pgettext_lazy("import", "imported")
    FAILED = "failed", pgettext_lazy("import", "failed")
    UNDOING = "undoing", pgettext_lazy("import", "being undone")
    UNDONE = "undone", pgettext_lazy("import", "undone")


class RowAction(models.TextChoices):
    CREATED = "created", pgettext_lazy("import row", "new")
    UPDATED = "updated", pgettext_lazy("import row", "changed")
    UNCHANGED = "unchanged", pgettext_lazy("import row", "no change")


def place(instance: Import, filename: str) -> str:
    """Where the file is kept: under a name of ours, never one that was sent."""
    return f"imports/{uuid7()}{PurePath(filename).suffix.lower()[:5]}"


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Each person sees their own imports; those who look after the installation see all."""
        if user.is_partner or not user.may("import_data"):
            return self.none()
        return self if user.may("see_jobs") else self.filter(user=user)

    def editable_by(self, user):
        return self.visible_to(user)


class Import(Record):
    """One file on its way into the product, from the choice of columns to its undoing."""

    kind = models.CharField(gettext_lazy("records"), max_length=40)
    file = models.FileField(gettext_lazy("file"), upload_to=place, blank=True)
    file_name = models.CharField(gettext_lazy("file"), max_length=200)
    source = models.CharField(gettext_lazy("source system"), max_length=60, default="file")
    table = models.JSONField(default=dict)  # how the file is written: prm.imports.reading.Table.about
    mapping = models.JSONField(default=dict)
    all_or_none = models.BooleanField(default=False)
    status = models.CharField(
        gettext_lazy("status"), max_length=9, choices=ImportStatus.choices, default=ImportStatus.MAPPING
    )
    total = models.PositiveIntegerField(gettext_lazy("rows"), default=0)
    created = models.PositiveIntegerField(gettext_lazy("new"), default=0)
    updated = models.PositiveIntegerField(gettext_lazy("changed"), default=0)
    unchanged = models.PositiveIntegerField(gettext_lazy("no change"), default=0)
    failed = models.PositiveIntegerField(gettext_lazy("with an error"), default=0)
    refused = models.PositiveIntegerField(gettext_lazy("not undone"), default=0)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("imported by")
    )
    finished_at = models.DateTimeField(gettext_lazy("imported on"), null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="import_recent")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("imports:import", args=[self.pk])

    @property
    def import_kind(self) -> ImportKind:
        return kinds[self.kind]

    @property
    def kind_label(self) -> Any:
        return self.import_kind.label

    @property
    def list_url(self) -> str:
        """The page that lists these records."""
        try:
            return reverse(self.import_kind.list_url)
        except NoReverseMatch:
            return ""

    @property
    def job(self) -> Job | None:
        """The latest work on this import."""
        return Job.objects.filter(subject_id=self.pk).order_by("-created_at").first()

    @property
    def is_under_way(self) -> bool:
        return self.status in (ImportStatus.CHECKING, ImportStatus.RUNNING, ImportStatus.UNDOING)

    @property
    def can_be_undone(self) -> bool:
        return (
            self.status == ImportStatus.DONE and bool(self.finished_at) and timezone.now() < self.finished_at + UNDO_FOR
        )

    @property
    def report(self) -> dict[str, Any]:
        """What the command prints."""
        problems = self.problems.order_by("row", "column")
        return {
            "rows": self.total,
            **{name: getattr(self, name) for name in ("created", "updated", "unchanged", "failed")},
            "errors": list(problems.values("row", "column", "code", "message")),
        }

    def move(self, status: str, *allowed: str) -> None:
        if self.status not in allowed:
            raise RuleViolation("status_not_allowed", _("This import is not at that step. Reload the page."))
        self.put(status=status)

    @transaction.atomic
    def start_check(self, *, by, mapping: dict[str, Any], all_or_none: bool = False, version=None) -> Job:
        """Dry run in the background: read every row, find what exists, write nothing."""
        self.lock(version)
        self.mapping, self.all_or_none = mapping, all_or_none
        self.move(ImportStatus.CHECKING, ImportStatus.MAPPING, ImportStatus.CHECKED, ImportStatus.FAILED)
        self.save(update_fields=["mapping", "all_or_none"])
        return Job.objects.start("import", title=self.file_name, by=by, subject_id=self.pk, phase="check")

    @transaction.atomic
    def start_run(self, *, by, version=None) -> Job:
        """Import in the background what the dry run found good."""
        self.lock(version)
        if self.all_or_none and self.failed:
            raise RuleViolation(
                "rows_failed", _("Rows have an error and nothing is to be imported then. Correct the file first.")
            )
        self.move(ImportStatus.RUNNING, ImportStatus.CHECKED)
        return Job.objects.start(
            "import", title=self.file_name, by=by, total=self.total, subject_id=self.pk, phase="save"
        )

    @transaction.atomic
    def start_undo(self, *, by, version=None) -> Job:
        """Take the import back in the background, row by row, where nobody changed the record since."""
        self.lock(version)
        if self.status == ImportStatus.DONE and not self.can_be_undone:
            raise RuleViolation("too_late", _("An import can be undone for %(days)s days.") % {"days": UNDO_FOR.days})
        self.move(ImportStatus.UNDOING, ImportStatus.DONE)
        return Job.objects.start(
            "import", title=self.file_name, by=by, total=self.created + self.updated, subject_id=self.pk, phase="undo"
        )

    def finish(self) -> None:
        """The last row is written: one event for the import. Records get none of their own, thousands of notices would help nobody;
        kinds tell what others must act on (``ImportKind.saved``)."""
        self.put(status=ImportStatus.DONE, finished_at=timezone.now())
        counts = {name: getattr(self, name) for name in ("total", "created", "updated", "unchanged", "failed")}
        events.record(self, "finished", by=self.user, kind=self.kind, file=self.file_name, **counts)


class ImportedRow(Part):
    """What became of one good row: which record it is, and what that record was before."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="imported", db_column="import_id")
    row = models.PositiveIntegerField()
    action = models.CharField(max_length=9, choices=RowAction.choices)
    key = models.CharField(max_length=64)
    label = models.CharField(max_length=200, blank=True)
    subject_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)
    before = models.JSONField(default=dict)
    later = models.JSONField(default=dict)
    changed = models.PositiveSmallIntegerField(default=0)
    undone = models.BooleanField(default=False)
    refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["row"]
        constraints = [models.UniqueConstraint(fields=["source", "row"], name="imported_row_once")]
        indexes = [
            models.Index(fields=["source", "key"], name="imported_key"),
            models.Index(fields=["source", "label"], name="imported_label"),
        ]

    def __str__(self) -> str:
        return f"{self.row} {self.label}"


class ImportProblem(Part):
    """What is wrong with a row."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="problems", db_column="import_id")
    row = models.PositiveIntegerField(gettext_lazy("row"))
    column = models.CharField(gettext_lazy("column"), max_length=60, blank=True)
    code = models.CharField(max_length=40)
    message = models.TextField(gettext_lazy("what is wrong"))
    value = models.CharField(gettext_lazy("value"), max_length=200, blank=True)

    class Meta:
        ordering = ["row", "column"]
        indexes = [models.Index(fields=["source", "row"], name="import_problem_row")]

    def __str__(self) -> str:
        return f"{self.row} {self.column}: {self.message}"


class SavedMapping(Record):
    """A mapping kept under a name, for the file that comes every month."""

    kind = models.CharField(gettext_lazy("records"), max_length=40)
    name = models.CharField(gettext_lazy("name"), max_length=80)
    source = models.CharField(max_length=60, default="file")
    mapping = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="saved_mapping_name")]

    def __str__(self) -> str:
        return self.name
