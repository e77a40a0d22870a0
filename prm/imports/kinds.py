"""What can be imported: each app declares its kinds in ``imports.py`` and the importer does the rest.

A kind names its columns, how a row is recognised again (keys) and what belongs to a record beside its own columns. The importer
(``prm.imports.importer``) reads, checks, finds existing records, compares and writes, a chunk with a handful of statements.

    @register
    class Customers(ImportKind):
        name, label, model = "customers", _("Customers"), Customer
        columns = [Column("name", _("Customer"), text(200), required=True, aliases=("account",)), …]
        keys = [("external_id",), ("name", "country")]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from prm.fields import declared, kind_of
from prm.imports import values
from prm.imports.values import Parser, Writing, wrong

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

MARK = "custom."
SHORT_TEXT = values.text(200)


@dataclass(frozen=True)
class Reference:
    """A column that names another record: by its external id from the same source, or by one of the fields ``by``.

    ``create`` makes missing ones from their name. ``same_file``: the record may stand further down in this very file.
    """

    model: type[Model]
    by: tuple[str, ...] = ("name",)
    create: Callable[[str, Row], Model] | None = None
    same_file: bool = False

    def among(self, user: Any) -> QuerySet:
        """The rows the importing person may refer to; another's and a missing one read the same."""
        rows: Any = self.model._default_manager
        return rows.all() if user is None else rows.visible_to(user)


@dataclass(frozen=True)
class Column:
    """A column a file may have. ``attr`` is the model's column it fills (default: ``name``); "" leaves it to the kind."""

    name: str
    label: Any
    parse: Parser = SHORT_TEXT
    required: bool = False
    aliases: tuple[str, ...] = ()
    attr: str | None = None
    reference: Reference | None = None
    only_new: bool = False  # not changed on records that exist

    @property
    def target(self) -> str:
        return self.name if self.attr is None else self.attr


@dataclass
class Row:
    """One row of the file on its way: what it says, what was wrong, which record it is."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # column, code, message
    record: Any = None
    action: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)  # rows added to an existing record: model label, id
    parts: list[tuple[str, str, dict]] = field(default_factory=list)  # rows changed: label, id, {column: (old, new)}
    touched: bool = False  # something beside the record's own columns changes
    later: dict[str, Any] = field(default_factory=dict)  # references to rows of this very file

    def refuse(self, column: str, code: str, message: str) -> None:
        self.problems.append((column, code, message))

    def keep_trail(self) -> None:
        """Note in ``before`` what was done beside the record's own columns, for the undoing."""
        if self.made:
            self.before["made"] = self.made
        if self.parts:
            self.before["parts"] = self.parts

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


class ImportKind:
    """A kind of record that files may bring; subclasses say what is theirs."""

    name = ""
    label: Any = ""
    model: type[Model]
    capability = "import_data"
    columns: list[Column] = []
    keys: list[tuple[str, ...]] = []
    list_url = ""  # name of the page that lists these records
    order = 50

    # What a subclass may say --------------------------------------------------------------------------------------------
    def check(self, row: Row) -> None:
        """Rules over several columns of one row; ``row.refuse(...)`` what is wrong, fill in what follows from the rest."""

    def compare(self, rows: list[Row], run: Any) -> None:
        """Look, for the whole chunk, at what belongs to the records beside their columns: set ``row.touched``, or refuse."""

    def created(self, rows: list[Row], run: Any) -> None:
        """Write, in bulk, what belongs to records that were just created; note in ``row.made`` what would outlive them."""

    def updated(self, rows: list[Row], run: Any) -> None:
        """Write, in bulk, what belongs to records that existed; note added rows in ``row.made``, changed ones in ``row.parts``."""

    def at_odds(self, rows: QuerySet) -> list[tuple[Any, str, Any]]:
        """Noted rows of this file, each good alone, that cannot stand together: (row, column, error)."""
        return []

    def link(self, rows: list[tuple[Any, dict[str, Any]]], found: dict[str, Any]) -> dict[Any, list[tuple[str, Any]]]:
        """Join records to others of the same file: (record id, {column: text}), and text → id. Answers the rows made, by record."""
        return {}

    def similar(self, rows: list[Row], run: Any) -> list[tuple[Row, str]]:
        """Which of these rows, about to become new records, look like one that exists, and its name."""
        find = lookalikes.get(self.name)
        return find(rows, run) if find and rows else []

    def restored(self, rows: list[tuple[Any, dict[str, Any]]], record: Any) -> None:
        """After records got back what they had (record, what that was): tell who depends on it."""

    def saved(self, rows: list[Row], run: Any) -> None:
        """After a chunk is written: ask for the background work that depends on it."""

    # What they all do ----------------------------------------------------------------------------------------------------
    def all_columns(self, user: Any = None) -> list[Column]:
        """The declared columns, the external id, and the custom fields of these records."""
        custom = [
            Column(
                f"{MARK}{field.key}",
                field.label,
                custom_parser(field),
                required=False,
                attr="",
                aliases=(field.key, field.label_en, field.label_fr),
            )
            for field in declared(kind_of(self.model), user)
        ]
        return [
            Column(
                "external_id",
                gettext_lazy("External id"),
                values.text(200),
                attr="",
                aliases=("id", "record id", "external key"),
            ),
            *self.columns,
            *custom,
        ]

    def editable(self, user: Any) -> QuerySet:
        rows: Any = self.model._default_manager
        return rows.all() if user is None else rows.editable_by(user)

    def find(self, key: tuple[str, ...], rows: list[Row], user: Any) -> dict[tuple, list[Any]]:
        """Existing records by key, as ``key_of`` writes it; one query for the chunk."""
        condition = {}
        queryset = self.editable(user)
        for index, name in enumerate(key):
            found = {row.values.get(name) for row in rows}
            if isinstance(next(iter(found), None), str):
                queryset = queryset.annotate(**{f"key_{index}": Lower(self.column(name).target)})
                condition[f"key_{index}__in"] = {str(value).lower() for value in found}
            else:
                condition[f"{self.column(name).target}__in"] = found
        records: dict[tuple, list[Any]] = {}
        for record in queryset.filter(**condition):
            records.setdefault(tuple(folded(getattr(record, self.column(name).target)) for name in key), []).append(
                record
            )
        return records

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def name_of(self, row: Row) -> str:
        """What a row is called in reports, and by which other rows of the file may name it."""
        return str(row.get("name") or (row.record and str(row.record)) or "")


def folded(value: Any) -> Any:
    """A key's value as it is compared: without regard to capitals."""
    code = getattr(value, "code", value)
    return code.lower() if isinstance(code, str) else code


def custom_parser(field: Any) -> Parser:
    """Read as the file writes days and numbers, check as the field says."""
    readers = {"number": values.number(), "date": values.day}

    def parse(cell: Any, writing: Writing) -> Any:
        return field.clean_value(readers[field.type](cell, writing) if field.type in readers else cell)

    return parse


def resolve(reference: Reference, texts: Iterable[str], source: str, user: Any) -> dict[str, list[Model]]:
    """The records that each of these texts names, by external id first, then by our own id, else by field."""
    from prm.externals.models import ExternalId

    texts = {text for text in texts if text}
    if not texts:
        return {}
    found: dict[str, list[Model]] = {}
    named = dict(
        ExternalId.objects.owned_by(None)
        .filter(subject_type=subject_type_of(reference.model), source=source, external_id__in=texts)
        .values_list("external_id", "subject_id")
    )
    rows = reference.among(user)
    by_id = {row.pk: row for row in rows.filter(pk__in=named.values())} if named else {}
    for text, pk in named.items():
        if pk in by_id:
            found[text] = [by_id[pk]]
    ids = {text: UUID(text) for text in texts if text not in found and ID.fullmatch(text)}
    known = rows.in_bulk(list(ids.values())) if ids else {}
    found |= {text: [known[pk]] for text, pk in ids.items() if pk in known}
    wanted = {text.lower(): text for text in texts if text not in found}
    if wanted and reference.by:
        condition = Q()
        for name in reference.by:
            rows = rows.annotate(**{f"by_{name}": Lower(name)})
            condition |= Q(**{f"by_{name}__in": list(wanted)})
        spelled: dict[str, dict[Any, Model]] = {}
        for record in rows.filter(condition):
            for name in reference.by:
                spelled.setdefault(str(getattr(record, name)).lower(), {})[record.pk] = record
        for text in texts:
            if text not in found and (matches := spelled.get(text.lower())):
                found[text] = list(matches.values())
    return found


def subject_type_of(model: type[Model]) -> str:
    from prm.events.record import subject_type

    return subject_type(model)


def unknown(value: str) -> Any:
    return wrong("unknown_reference", _("There is no “%(value)s” here."), value=values.short(value))


def ambiguous(records: list[Model]) -> Any:
    return wrong(
        "ambiguous",
        ngettext("%(count)s record matches: %(names)s.", "%(count)s records match: %(names)s.", len(records)),
        count=len(records),
        names=", ".join(str(record) for record in records[:5]),
    )


kinds: dict[str, ImportKind] = {}
# What another app knows of likeness: ``(rows, run) -> [(row, name of the record it looks like)]``, by kind.
lookalikes: dict[str, Callable[[list[Row], Any], list[tuple[Row, str]]]] = {}


def register(kind: type[ImportKind]) -> type[ImportKind]:
    """Declare a kind; apps do so in their ``imports.py``, which is loaded with them."""
    kinds[kind.name] = kind()
    return kind
