"""Which column of the file goes where, and how the file writes things; kept as JSON (see docs/guides/import.md)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from prm.imports import values
from prm.imports.kinds import Column, ImportKind
from prm.imports.reading import Table, UnreadableFile
from prm.imports.values import DATE_ORDERS, Writing

KEYS = {"columns", "values", "constants", "date_format", "decimal", "key", "existing", "multiply", "declare", "source"}
EXISTING = ("update", "fill", "skip")
NUMBER_SAMPLE = re.compile(r"^-?[\d\s.\u00a0\u202f']*,\d{1,2}$")


class BadMapping(UnreadableFile):
    """The mapping does not fit the kind or the file."""

    def __init__(self, message: str, **params: Any):
        super().__init__("bad_mapping", message, **params)
        self.field = "mapping"


def plain_name(name: Any) -> str:
    """A header as it is compared: letters and digits only, without accents."""
    bare = unicodedata.normalize("NFKD", str(name)).casefold()
    return "".join(char for char in bare if char.isalnum())


def names_of(column: Column) -> set[str]:
    """What a header may be called to be recognised as this column: its name, aliases and labels in each language."""
    found = {plain_name(column.name), *(plain_name(alias) for alias in column.aliases)}
    for language in ("en", "fr"):
        with translation.override(language):
            found.add(plain_name(column.label))
    return found - {""}


def suggest(kind: ImportKind, table: Table, user: Any = None) -> dict[str, Any]:
    """A mapping guessed from headers and first values."""
    plain = {plain_name(name): name for name in table.header if name}
    columns: dict[str, str] = {}
    for column in kind.all_columns(user):
        # The column's own name first, then labels and aliases: "name" is no alias of another column's.
        for name in [plain_name(column.name), *sorted(names_of(column))]:
            if name in plain and plain[name] not in columns.values():
                columns[column.name] = plain[name]
                break
    return {"columns": columns, **guess_writing(table, kind.all_columns(user), columns)}


def guess_writing(table: Table, columns: list[Column], chosen: dict[str, str]) -> dict[str, str]:
    """How the first rows write days and decimals."""
    first = {name: index for index, name in enumerate(table.header)}
    cells: dict[str, list[str]] = {
        column.name: [
            row[first[chosen[column.name]]].strip() for row in table.sample if first[chosen[column.name]] < len(row)
        ]
        for column in columns
        if chosen.get(column.name) in first
    }
    dates = [cell for column in columns if column.parse is values.day for cell in cells.get(column.name, [])]
    numbers = [cell for column in columns if is_number(column.parse) for cell in cells.get(column.name, [])]
    order = "DMY"
    for cell in dates:
        parts = re.split(r"[-/.]", cell.split(" ")[0])
        if len(parts) == 3 and all(part.isdigit() for part in parts):
            if len(parts[0]) == 4:
                order = "YMD"
            elif int(parts[1]) > 12:
                order = "MDY"
                break
            elif int(parts[0]) > 12:
                order = "DMY"
                break
    return {"date_format": order, "decimal": "," if any(NUMBER_SAMPLE.match(cell) for cell in numbers) else "."}


def is_number(parse: Callable) -> bool:
    return parse is values.amount or getattr(parse, "__qualname__", "").startswith("number.")


class Mapping:
    """A checked mapping: turns the cells of a row into values by column, with what is wrong."""

    def __init__(self, data: dict[str, Any], kind: ImportKind, header: list[str], user: Any = None):
        if not isinstance(data, dict) or not isinstance(data.get("columns", {}), dict):
            raise BadMapping(_('A mapping is an object such as {"columns": {"name": "Company"}}.'))
        if strange := sorted(set(data) - KEYS):
            raise BadMapping(_("The mapping has unknown parts: %(names)s.") % {"names": ", ".join(strange)[:200]})
        columns, constants = data.get("columns", {}), data.get("constants", {})
        parts = [constants, data.get("values", {}), data.get("multiply", {})]
        if not all(isinstance(part, dict) for part in parts):
            raise BadMapping(_("Constants, values and factors of a mapping are objects by column."))
        known = {column.name: column for column in kind.all_columns(user)}
        if strange := sorted({*columns, *(name for part in parts for name in part)} - set(known)):
            raise BadMapping(
                _("These records have no column %(names)s. They have: %(known)s.")
                % {"names": ", ".join(strange)[:200], "known": ", ".join(known)}
            )
        position = {name: index for index, name in enumerate(header)}
        if missing := sorted(
            {str(name) for name in columns.values() if not isinstance(name, str) or name not in position}
        ):
            raise BadMapping(_("The file has no column %(names)s.") % {"names": ", ".join(missing)[:200]})
        if not columns:
            raise BadMapping(_("No column of the file is recognised. Choose where they go, or give a mapping."))
        self.writing = Writing(data.get("date_format", "DMY"), data.get("decimal", "."))
        if self.writing.date_format not in DATE_ORDERS or self.writing.decimal not in (".", ","):
            raise BadMapping(_("date_format is DMY, MDY or YMD, and decimal is “.” or “,”."))
        self.existing = data.get("existing", "update")
        if self.existing not in EXISTING:
            raise BadMapping(_("existing is update, fill or skip."))
        self.columns = [known[name] for name in known if name in columns or name in constants]
        self.position = {name: position[header_name] for name, header_name in columns.items()}
        self.constants = constants
        self.values = {
            name: {str(given).strip().casefold(): to for given, to in pairs.items()}
            for name, pairs in data.get("values", {}).items()
            if isinstance(pairs, dict)
        }
        self.multiply = data.get("multiply", {})
        if not all(
            isinstance(factor, (int, float)) and not isinstance(factor, bool) for factor in self.multiply.values()
        ):
            raise BadMapping(_("A factor of a mapping is a number."))
        self.key = self._key(data.get("key"), kind)
        unmapped = [column for column in kind.columns if column.required and column not in self.columns]
        if unmapped:
            raise BadMapping(
                _("A column is needed for: %(names)s.")
                % {"names": ", ".join(f"{c.label} ({c.name})" for c in unmapped)}
            )

    def _key(self, given: Any, kind: ImportKind) -> tuple[str, ...]:
        """By which columns a row is recognised again: as given, else the first of the kind's keys that the file has."""
        mapped = {column.name for column in self.columns}
        if given is None:
            return next((key for key in kind.keys if set(key) <= mapped), ())
        if not isinstance(given, list) or tuple(given) not in kind.keys or not set(given) <= mapped:
            choices = "; ".join(", ".join(key) for key in kind.keys)
            raise BadMapping(_("The key must be columns of the mapping, one of: %(choices)s.") % {"choices": choices})
        return tuple(given)

    def cell(self, name: str, cells: list[Any]) -> Any:
        """What the file says for a column, replaced where the mapping has another word for it."""
        if name in self.position:
            index = self.position[name]
            value = cells[index] if index < len(cells) else ""
            value = self.values.get(name, {}).get(str(value).strip().casefold(), value)
            if value is not None and str(value).strip() != "":
                return value
        return self.constants.get(name, "")
