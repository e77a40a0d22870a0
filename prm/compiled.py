"""Queries built once: the ORM's own SQL, kept as text and run again with other values.

Building the text of a query costs Django several times what PostgreSQL needs to answer it. For the few queries that every call
of the API makes, the querysets stay the one definition, and what they compile to is remembered::

    compiled("token", lambda: ApiToken.objects.filter(digest=PLACE_TEXT)).objects({PLACE_TEXT: digest})

PostgreSQL plans each of them once for a connection (``PREPARE``), those aside whose plan depends on the values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import JSONField, QuerySet
from django.db.models.query import get_related_populators

from prm.db import current_scope

# Values to build a query with, replaced by the real ones when it runs.
PLACE_ID = UUID(int=2**128 - 1)
PLACE_IDS = UUID(int=2**128 - 2)  # the only member of an ``__in``; replaced by ``array_of`` any number
PLACE_TEXT = "\x01place\x01"
PLACE_TIME = datetime(1, 1, 2, tzinfo=UTC)
PLACE_DAY = date(1, 1, 2)
MOST = 1000


def array_of(ids: Iterable[UUID]) -> str:
    """Ids as PostgreSQL reads an array of them."""
    return "{" + ",".join(map(str, ids)) + "}"


_known: dict[Hashable, Compiled] = {}
TYPES = {UUID: "::uuid", datetime: "::timestamptz", date: "::date", str: ""}


def _cast(value: Any) -> str:
    return "" if value == PLACE_IDS else TYPES[type(value)]


def _quicker(reader: Callable) -> Callable:
    """Plain JSON columns are read by orjson."""
    field = getattr(reader, "__self__", None)
    if isinstance(field, JSONField) and field.decoder is None:
        return lambda text, _expression, _connection: text and orjson.loads(text)
    return reader


class Compiled:
    """One query's text, its fixed values and how its columns become Python."""

    def __init__(self, queryset: QuerySet, prepare: bool = True):
        self.model, self.prepare = queryset.model, prepare and settings.PREPARED_STATEMENTS
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            self.sql, params = compiler.as_sql()
        except EmptyResultSet:  # ``none()``: there is nothing to ask
            self.sql = ""
            return
        self.params = tuple(params)
        self.text = ""
        # Ids and times go once, however often they stand in the text; an equal text may be of another type elsewhere.
        self.sent: list[Any] = []
        self.places = [self._place(value) if type(value) in TYPES else 0 for value in params]
        if PLACE_IDS in self.params:
            self.sql = self.sql.replace("IN (%s)", "= ANY(%s::uuid[])")
        self.converters = [
            (at, [_quicker(function) for function in functions], expression)
            for at, (functions, expression) in compiler.get_converters([s[0] for s in compiler.select]).items()
        ]
        self.select, self.known_as, self.annotations = (
            compiler.select,
            compiler.klass_info,
            compiler.annotation_col_map,
        )
        if self.known_as:
            first, last = self.known_as["select_fields"][0], self.known_as["select_fields"][-1] + 1
            self.columns = slice(first, last)
            self.names = [column[0].target.attname for column in self.select[first:last]]
            # (the stubs describe a later Django, which takes one argument more)
            self.populators = get_related_populators(self.known_as, self.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def _place(self, value: Any) -> int:
        """Under which number a statement knows the value, from 1."""
        if isinstance(value, str) or value not in self.sent:
            self.sent.append(value)
            return len(self.sent)
        return self.sent.index(value) + 1

    def tuples(self, places: dict[Any, Any] | None = None) -> list[tuple]:
        """The rows, with these values at the places."""
        if not self.sql:
            return []
        places = places or {}
        with connection.cursor() as cursor:
            if self.prepare:
                cursor.execute(*self.prepared(places))
            else:
                cursor.execute(self.sql, tuple(places.get(value, value) for value in self.params))
            rows = cursor.fetchall()
        if not self.converters:
            return rows
        rows = [list(row) for row in rows]
        for at, functions, expression in self.converters:
            for function in functions:
                for row in rows:
                    row[at] = function(row[at], expression, connection)
        return rows

    def prepared(self, places: dict[Any, Any]) -> tuple[str, tuple]:
        """The call of a statement this connection has prepared, for the role it runs in (row policies make the plan differ)."""
        raw = connection.connection
        key = current_scope().kind, self.text or self.numbered(raw)
        name = raw.prepared.get(key)
        if name is None:
            name = f"prm_{len(raw.prepared)}"
            with raw.cursor() as cursor:
                cursor.execute(f"PREPARE {name} AS {self.text}")
            raw.prepared[key] = name
        values = tuple(places.get(value, value) for value in self.sent)
        return f"EXECUTE {name}({', '.join(['%s'] * len(values))})" if values else f"EXECUTE {name}", values

    def numbered(self, raw: Any) -> str:
        """The text with numbers for its values; one that has no certain type in SQL becomes part of the text."""
        with raw.cursor() as cursor:
            parts = [
                f"${place}{_cast(value)}" if place else cursor.mogrify("%s", [value]).decode()
                for value, place in zip(self.params, self.places, strict=True)
            ]
        self.text = self.sql % tuple(parts)
        return self.text

    def objects(self, places: dict[Any, Any] | None = None) -> list[Any]:
        """The rows as models, with what the queryset selects beside them."""
        found = []
        for row in self.tuples(places):
            one = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
            for populator in self.populators:
                populator.populate(row, one)
            for name, at in (self.annotations or {}).items():
                setattr(one, name, row[at])
            found.append(one)
        return found


def compiled(key: Hashable, make: Callable[[], QuerySet], *, prepare: bool = True) -> Compiled:
    """The query of that key, built by ``make`` the first time; the key says all that its text and fixed values depend on.

    ``prepare=False`` where PostgreSQL should plan by the values: how many rows a partner has decides how its list is read.
    """
    found = _known.get(key)
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        found = _known[key] = Compiled(make(), prepare)
    return found
