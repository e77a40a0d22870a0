"""Taking an import back, row by row, where nobody changed the records since: what came goes, what changed gets back what it had.

What the import did beside a record's own columns stands in ``ImportedRow.before``: ``made`` names the rows it added, ``parts``
those it changed, with the old and the new value.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from prm.externals.models import ExternalId
from prm.imports.kinds import ImportKind
from prm.imports.models import Import, ImportedRow, RowAction
from prm.records import Record


class Changed(Exception):
    """What the import wrote is no longer there as it wrote it."""


def take_back(record: Import, rows: list[ImportedRow]) -> Counter:
    """Undo these rows; one whose record was changed since, or is used by others, stays, with the reason."""
    counts: Counter = Counter()
    kind = record.import_kind
    records: dict[Any, Any] = {
        one.pk: one
        for one in kind.model._default_manager.select_for_update(of=("self",))
        .filter(pk__in=[row.subject_id for row in rows])
        .order_by("pk")
    }
    created, updated = [], []
    for row in rows:
        known = records.get(row.subject_id)
        if known is None:
            row.refusal = _("It is no longer there.")
        elif known.version != row.version:
            row.refusal = _("It was changed since.")
        elif row.action == RowAction.CREATED:
            created.append(row)
        else:
            updated.append(row)
    delete(kind, created)
    for row in updated:
        try:
            with transaction.atomic():
                restore(records[row.subject_id], row)
        except Changed:
            row.refusal = _("It was changed since.")
    kind.restored([(records[row.subject_id], row.before) for row in updated if not row.refusal], record)
    for row in rows:
        row.undone = not row.refusal
        counts["undone" if row.undone else "refused"] += 1
    ImportedRow.objects.bulk_update(rows, ["undone", "refusal"], batch_size=1000)
    return counts


def delete(kind: ImportKind, rows: list[ImportedRow]) -> None:
    """Delete all at once; when something is in use, find out which, one by one."""
    if not rows:
        return
    try:
        with transaction.atomic():
            ids = [row.subject_id for row in rows]
            delete_made(pair for row in rows for pair in row.before.get("made", []))
            kind.model._default_manager.filter(pk__in=ids).delete()
            ExternalId.objects.filter(subject_id__in=ids).delete()
    except (ProtectedError, IntegrityError):
        if len(rows) == 1:
            rows[0].refusal = _("Other records use it.")
            return
        middle = len(rows) // 2
        delete(kind, rows[:middle])
        delete(kind, rows[middle:])


def delete_made(pairs: Any) -> None:
    by_model: dict[str, list] = defaultdict(list)
    for label, pk in pairs:
        by_model[label].append(pk)
    for label, ids in by_model.items():
        apps.get_model(label)._default_manager.filter(pk__in=ids).delete()


def restore(record: Record, row: ImportedRow) -> None:
    """Give a record back what it had, and take away what the import added to it."""
    before = dict(row.before)
    delete_made(before.pop("made", []))
    for label, pk, values in before.pop("parts", []):
        written = {name: new for name, (_old, new) in values.items()}
        there = apps.get_model(label)._default_manager.filter(pk=pk, **written)
        if not there.update(**{name: old for name, (old, _new) in values.items()}):
            raise Changed
    record.put(**{record._meta.get_field(name).attname: value for name, value in before.items()})
