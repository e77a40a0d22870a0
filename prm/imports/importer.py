"""The importer: rows in chunks, each with a handful of statements, first to look (dry run), then to write.

``check`` parses, finds what exists and compares; it notes each good row and what is wrong with the others, and writes no record.
``save`` does the same again for the rows that were good, then writes: both walk the same code, so that the dry run cannot promise
what the run does not do. ``prm.imports.undoing`` takes it back.
"""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Min, Model
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from prm.externals.models import ExternalId
from prm.fields import declared, kind_of, merge
from prm.imports.kinds import ID, MARK, Row, ambiguous, folded, resolve, subject_type_of, unknown
from prm.imports.mapping import Mapping
from prm.imports.models import Import, ImportedRow, ImportProblem, RowAction
from prm.imports.values import short, wrong

CHUNK = 1000
LINK_CHUNK = 2000


class Run:
    """One import at work."""

    def __init__(self, record: Import, user: Any = None):
        self.record, self.user = record, user
        self.kind = record.import_kind
        self.mapping = Mapping(record.mapping, self.kind, record.table["header"], user)
        self.columns = self.mapping.columns
        self.source = record.source
        self.required_custom = [field for field in declared(kind_of(self.kind.model), user) if field.required]

    # Reading and comparing -----------------------------------------------------------------------------------------------
    def look(self, raw: list[tuple[int, list[Any]]], problems: bool = True) -> list[Row]:
        """The rows of a chunk, each with its record, what would change, or what is wrong."""
        rows = [self.parse(line, cells) for line, cells in raw]
        self.refer(rows)
        for row in rows:
            if not row.problems:
                self.kind.check(row)
        self.find([row for row in rows if not row.problems])
        good = [row for row in rows if not row.problems]
        for row in good:
            self.compare(row)
        good = [row for row in good if not row.problems]
        self.kind.compare(good, self)
        for row in good:
            if row.record is None:
                row.action = RowAction.CREATED
            else:
                row.action = RowAction.UPDATED if row.changes or row.touched or row.later else RowAction.UNCHANGED
        return rows

    def parse(self, line: int, cells: list[Any]) -> Row:
        row = Row(line)
        for column in self.columns:
            cell = self.mapping.cell(column.name, cells)
            row.cells[column.name] = cell
            if cell is None or (isinstance(cell, str) and not cell.strip()):
                if column.required or column.name in self.mapping.key:
                    row.refuse(column.name, "required", _("A value is needed."))
                continue
            try:
                value = column.parse(cell, self.mapping.writing)
                if column.name in self.mapping.multiply:
                    value = value * Decimal(str(self.mapping.multiply[column.name]))
                row.values[column.name] = value
            except ValidationError as error:
                row.refuse(column.name, error.code or "invalid", error.messages[0])
        return row

    def refer(self, rows: list[Row]) -> None:
        """Put records in the place of their names; one or two queries a column."""
        for column in self.columns:
            reference = column.reference
            if reference is None:
                continue
            found = resolve(
                reference,
                {row.values[column.name] for row in rows if column.name in row.values},
                self.source,
                self.user,
            )
            for row in rows:
                if column.name not in row.values:
                    continue
                text = row.values[column.name]
                matches = found.get(text, [])
                if len(matches) == 1:
                    row.values[column.name] = matches[0]
                elif matches:
                    self.refuse(row, column.name, ambiguous(matches))
                elif reference.same_file and not ID.fullmatch(text):
                    row.later[column.name] = row.values.pop(column.name)
                elif reference.create is None:
                    self.refuse(row, column.name, unknown(text))

    @staticmethod
    def refuse(row: Row, column: str, error: ValidationError) -> None:
        row.refuse(column, error.code or "invalid", error.messages[0])

    def find(self, rows: list[Row]) -> None:
        """Tie rows to existing records by the key; refuse a key that stands twice in the file or fits several records."""
        key = self.mapping.key
        if not key or not rows:
            return
        marks = {row.line: tuple(folded(row.values[name]) for name in key) for row in rows}
        for row in rows:
            row.key = hashlib.sha256(repr(marks[row.line]).encode()).hexdigest()
        first = {row.line: row.line for row in rows}
        earlier = ImportedRow.objects.filter(source=self.record, key__in={row.key for row in rows})
        lines = dict(earlier.values_list("key").annotate(line=Min("row")).values_list("key", "line"))
        for row in rows:
            first[row.line] = min(lines.get(row.key, row.line), row.line)
            lines[row.key] = first[row.line]
        existing = self.existing(key, rows)
        for row in rows:
            if first[row.line] < row.line:
                error = wrong(
                    "duplicate",
                    _("The row in line %(line)s has the same %(key)s."),
                    line=first[row.line],
                    key=", ".join(key),
                )
                self.refuse(row, key[0], error)
                continue
            matches = existing.get(marks[row.line], [])
            if len(matches) > 1:
                self.refuse(row, key[0], ambiguous(matches))
            elif matches:
                row.record = matches[0]

    def existing(self, key: tuple[str, ...], rows: list[Row]) -> dict[tuple, list[Any]]:
        if key != ("external_id",):
            return self.kind.find(key, rows, self.user)
        named = ExternalId.objects.owned_by(None).filter(
            subject_type=subject_type_of(self.kind.model),
            source=self.source,
            external_id__in=[row.values["external_id"] for row in rows],
        )
        pairs = {
            subject_id: folded(external_id)
            for external_id, subject_id in named.values_list("external_id", "subject_id")
        }
        editable = self.kind.editable(self.user).in_bulk(list(pairs))
        for row in rows:  # known, but not to this person: no second record under the same id
            known = (
                next((pk for pk, text in pairs.items() if text == folded(row.values["external_id"])), None)
                if len(editable) < len(pairs)
                else None
            )
            if known is not None and known not in editable:
                row.refuse(
                    "external_id",
                    "unknown_reference",
                    _("There is no “%(value)s” here.") % {"value": short(row.values["external_id"])},
                )
        return {(pairs[pk],): [record] for pk, record in editable.items()}

    def compare(self, row: Row) -> None:
        """What the row changes on the record it is tied to; an empty cell leaves what is there."""
        custom = {
            column.name.removeprefix(MARK): row.values[column.name]
            for column in self.columns
            if column.name.startswith(MARK) and column.name in row.values
        }
        given = {
            column.target: row.values[column.name]
            for column in self.columns
            if column.target and column.name in row.values and not (column.only_new and row.record)
        }
        if row.record is None:
            for field in self.required_custom:
                if custom.get(field.key) is None:
                    row.refuse(f"{MARK}{field.key}", "required", _("A value is needed."))
            row.changes = {**given, **({"custom": custom} if custom else {})}
            return
        if self.mapping.existing == "skip":
            row.later = {}
            return
        if self.mapping.existing == "fill":
            targets = {column.name: column.target for column in self.columns}
            row.later = {
                name: text
                for name, text in row.later.items()
                if not targets[name] or getattr(row.record, targets[name]) is None
            }
        if custom:
            given["custom"] = merge(
                row.record.custom, custom if self.mapping.existing == "update" else {**custom, **row.record.custom}
            )
        for name, value in given.items():
            now = getattr(row.record, self.kind.model._meta.get_field(name).attname)
            if self.mapping.existing == "fill" and name != "custom" and now not in (None, "", []):
                continue
            if plain(now) != plain(value):
                row.changes[name] = value

    # Dry run -------------------------------------------------------------------------------------------------------------
    def check(self, raw: list[tuple[int, list[Any]]]) -> Counter:
        """Look at a chunk and note what would happen; returns the counts."""
        rows = self.look(raw)
        good = [row for row in rows if not row.problems]
        for row, name in self.kind.similar([row for row in good if row.action == RowAction.CREATED], self):
            row.before["similar"] = name
        return self.note(rows, good)

    def note(self, rows: list[Row], good: list[Row]) -> Counter:
        self.complain(rows)
        ImportedRow.objects.bulk_create([self.noted(row) for row in good], batch_size=2000)
        counts = Counter(row.action for row in good)
        counts["failed"] = sum(1 for row in rows if row.problems)
        return counts

    def complain(self, rows: list[Row]) -> None:
        ImportProblem.objects.bulk_create(
            [
                ImportProblem(
                    source=self.record,
                    row=row.line,
                    column=column,
                    code=code,
                    message=message,
                    value=shown(row.cells.get(column)),
                )
                for row in rows
                for column, code, message in row.problems
            ],
            batch_size=2000,
        )

    def noted(self, row: Row) -> ImportedRow:
        return ImportedRow(
            source=self.record,
            row=row.line,
            action=row.action,
            key=row.key,
            label=self.kind.name_of(row)[:200],
            subject_id=row.record.pk if row.record else None,
            version=row.record.version if row.record else 1,
            before=row.before,
            later={name: as_json(value) for name, value in row.later.items()},
            changed=len(row.changes) + row.touched if row.action == RowAction.UPDATED else 0,
        )

    def check_links(self) -> int:
        """After the last row: what a row says of another one of this file must be there, and hold with what the others say.

        A row that fails takes along those that name it. Returns how many rows fail for it.
        """
        count = 0
        while failing := self.failing_links():
            ImportProblem.objects.bulk_create(
                [
                    ImportProblem(
                        source=self.record,
                        row=row.row,
                        column=column,
                        code=error.code or "invalid",
                        message=error.messages[0],
                        value=shown(row.later.get(column)),
                    )
                    for row, column, error in failing
                ]
            )
            ImportedRow.objects.filter(pk__in=[row.pk for row, _column, _error in failing]).delete()
            for action, number in Counter(row.action for row, _column, _error in failing).items():
                setattr(self.record, action, getattr(self.record, action) - number)
            self.record.failed += len(failing)
            count += len(failing)
        return count

    def failing_links(self) -> list[tuple[ImportedRow, str, ValidationError]]:
        """Rows that name one this file does not hold, or itself; without such rows, those that the kind says cannot stand together."""
        noted = ImportedRow.objects.filter(source=self.record).order_by("row")
        failing = []
        for rows in chunks(noted.exclude(later={}), LINK_CHUNK):
            labels = self.labels_of(rows)
            for row in rows:
                for column, text in row.later.items():
                    if text.lower() not in labels or text.lower() == row.label.lower():
                        failing.append((row, column, unknown(text)))
                        break
        return failing or self.kind.at_odds(noted)

    def labels_of(self, rows: list[ImportedRow]) -> dict[str, Any]:
        """For the texts by which these rows name others: the record of the file, once it is saved, or one that was there (by id)."""
        texts = {text.lower() for row in rows for text in row.later.values()}
        named = ImportedRow.objects.filter(source=self.record).annotate(name=Lower("label")).filter(name__in=texts)
        there = {text: UUID(text) for text in texts if ID.fullmatch(text)}
        return {**there, **dict(named.order_by("-row").values_list("name", "subject_id"))}

    # Writing -------------------------------------------------------------------------------------------------------------
    def save(self, raw: list[tuple[int, list[Any]]]) -> Counter:
        """Write the rows of a chunk that the dry run found good; returns the counts, without those already counted as failed."""
        noted = dict(
            ImportedRow.objects.filter(source=self.record, row__range=(raw[0][0], raw[-1][0])).values_list(
                "row", "later"
            )
        )
        rows = self.look([pair for pair in raw if pair[0] in noted])
        good = [row for row in rows if not row.problems]
        try:
            with transaction.atomic():
                self.write(good)
        except (IntegrityError, DatabaseError):
            self.write_one_by_one(good)
        ImportedRow.objects.filter(source=self.record, row__in=[row.line for row in rows]).delete()
        good = [row for row in good if not row.problems]
        self.kind.saved(good, self)
        return self.note(rows, good)

    def write_one_by_one(self, rows: list[Row]) -> None:
        """The database refused the chunk: find the rows it refuses, and write the others."""
        for row in rows:
            if row.action == RowAction.CREATED:
                row.record = None
            row.made, row.parts, row.before = [], [], {}
            try:
                with transaction.atomic():
                    self.write([row])
            except DatabaseError as error:
                constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
                row.refuse(
                    "",
                    "refused",
                    _("The database refuses this row (%(rule)s).") % {"rule": constraint or _("a value does not fit")},
                )

    def write(self, rows: list[Row]) -> None:
        new = [row for row in rows if row.action == RowAction.CREATED]
        changed = [row for row in rows if row.action == RowAction.UPDATED]
        self.make_references(rows)
        for row in new:
            row.record = self.kind.model(**row.changes)
        self.kind.model._default_manager.bulk_create([row.record for row in new], batch_size=1000)
        self.link_external_ids(rows)
        if new:
            self.kind.created(new, self)
            for row in new:
                row.keep_trail()
        if changed:
            self.update(changed)

    def make_references(self, rows: list[Row]) -> None:
        """Make the records that rows name and nobody has yet, once each."""
        for column in self.columns:
            reference = column.reference
            if reference is None or reference.create is None:
                continue
            missing: dict[str, list[Row]] = {}
            for row in rows:
                if isinstance(text := row.values.get(column.name), str):
                    missing.setdefault(text.lower(), []).append(row)
            made = [reference.create(naming[0].values[column.name], naming[0]) for naming in missing.values()]
            reference.model._default_manager.bulk_create(made)
            for record, naming in zip(made, missing.values(), strict=True):
                for row in naming:
                    row.values[column.name] = record
                    if column.target in row.changes:
                        row.changes[column.target] = record

    def link_external_ids(self, rows: list[Row]) -> None:
        """Note what the source calls these records; an id that already names another record is refused by the database."""
        kind = subject_type_of(self.kind.model)
        links = [
            ExternalId(
                subject_type=kind, subject_id=row.record.pk, source=self.source, external_id=row.values["external_id"]
            )
            for row in rows
            if "external_id" in row.values
            and (row.action == RowAction.CREATED or "external_id" not in self.mapping.key)
        ]
        if "external_id" in self.mapping.key:
            ExternalId.objects.bulk_create(links, batch_size=2000)
        elif links:
            known = set(
                ExternalId.objects.owned_by(None)
                .filter(subject_type=kind, source=self.source, subject_id__in=[link.subject_id for link in links])
                .values_list("subject_id", "external_id")
            )
            links = [link for link in links if (link.subject_id, link.external_id) not in known]
            ExternalId.objects.bulk_create(links, batch_size=2000)
            made = {link.subject_id: link for link in links}
            for row in rows:
                if row.action == RowAction.UPDATED and row.record.pk in made:
                    row.made.append((ExternalId._meta.label, str(made[row.record.pk].pk)))

    def update(self, rows: list[Row]) -> None:
        """Lock, keep what was there, write the changed columns and raise the version."""
        locked = {
            record.pk: record
            for record in self.kind.model._default_manager.select_for_update(of=("self",))
            .filter(pk__in=[row.record.pk for row in rows])
            .order_by("pk")
        }
        columns: set[str] = set()
        for row in rows:
            row.record = locked.get(row.record.pk, row.record)
            row.before = {
                name: as_json(plain(getattr(row.record, row.record._meta.get_field(name).attname)))
                for name in row.changes
            }
            for name, value in row.changes.items():
                setattr(row.record, name, value)
            row.record.version += 1
            row.record.updated_at = timezone.now()
            columns |= set(row.changes)
        self.kind.updated(rows, self)
        self.kind.model._default_manager.bulk_update(
            [row.record for row in rows], [*columns, "version", "updated_at"], batch_size=500
        )
        for row in rows:
            row.keep_trail()

    def link(self) -> None:
        """After the last row: join records to others of the same file."""
        for rows in chunks(
            ImportedRow.objects.filter(source=self.record).exclude(later={}).order_by("row"), LINK_CHUNK
        ):
            labels = self.labels_of(rows)
            made = self.kind.link([(row.subject_id, row.later) for row in rows], labels)
            for row in rows:
                row.before.setdefault("made", []).extend(made.get(row.subject_id, []))
            ImportedRow.objects.bulk_update(rows, ["before"], batch_size=1000)


def chunks(rows: Any, size: int) -> Any:
    """A queryset ordered by ``row``, piece by piece, whatever is done to the pieces."""
    last = -1
    while piece := list(rows.filter(row__gt=last)[:size]):
        yield piece
        last = piece[-1].row


def plain(value: Any) -> Any:
    """A value as two are compared: records by id, countries by code, lists without order."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, list):
        return sorted(value)
    return getattr(value, "code", value)


def as_json(value: Any) -> Any:
    if isinstance(value, (Decimal, datetime.date)):
        return str(value)
    if isinstance(value, Model):
        return str(value.pk)
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)


def shown(cell: Any) -> str:
    """A cell as it is kept with its problem: without what the database cannot hold."""
    return short("" if cell is None else str(cell)).replace("\x00", "␀")


def prepare(record: Import) -> None:
    """Forget an earlier dry run."""
    ImportedRow.objects.filter(source=record).delete()
    ImportProblem.objects.filter(source=record).delete()
    for name in ("total", "created", "updated", "unchanged", "failed"):
        setattr(record, name, 0)


def add_up(record: Import, counts: Counter) -> None:
    for name, count in counts.items():
        setattr(record, name, getattr(record, name) + count)
    record.save(update_fields=["total", "created", "updated", "unchanged", "failed"])


def start_writing(record: Import) -> None:
    """The counts of the dry run make place for those of the run; what failed then, fails."""
    for name in ("created", "updated", "unchanged"):
        setattr(record, name, 0)
    record.save(update_fields=["created", "updated", "unchanged"])
