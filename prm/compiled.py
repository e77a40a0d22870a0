"""Queries built once: the ORM's own SQL, kept as text and run again with other values.

Building the text of a query costs Django several times what PostgreSQL needs to answer it. For the few queries that every call
of the API makes, the querysets stay the one definition, and what they compile to is remembered::

    compiled("token", lambda: ApiToken.objects.filter(digest=PLACE_TEXT)).objects({PLACE_TEXT: digest})
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.query import get_related_populators

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


class Compiled:
    """One query's text, its fixed values and how its columns become Python."""

    def __init__(self, queryset: QuerySet):
        self.model = queryset.model
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            self.sql, params = compiler.as_sql()
        except EmptyResultSet:  # ``none()``: there is nothing to ask
            self.sql = ""
            return
        self.params = tuple(params)
        if PLACE_IDS in self.params:
            self.sql = self.sql.replace("IN (%s)", "= ANY(%s::uuid[])")
        self.converters = [(at, *pair) for at, pair in compiler.get_converters([s[0] for s in compiler.select]).items()]
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

    def tuples(self, places: dict[Any, Any] | None = None, before: str = "", given: tuple = ()) -> list[tuple]:
        """The rows; ``before`` is a statement sent ahead in the same message, with its values ``given``."""
        if not self.sql:
            return []
        params = self.params
        if places:
            params = tuple(places.get(value, value) for value in params)
        with connection.cursor() as cursor:
            cursor.execute(before + self.sql, given + params)
            rows = cursor.fetchall()
        if not self.converters:
            return rows
        rows = [list(row) for row in rows]
        for at, functions, expression in self.converters:
            for function in functions:
                for row in rows:
                    row[at] = function(row[at], expression, connection)
        return rows

    def objects(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The rows as models, with what the queryset selects beside them."""
        found = []
        for row in self.tuples(*args, **kwargs):
            one = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
            for populator in self.populators:
                populator.populate(row, one)
            for name, at in (self.annotations or {}).items():
                setattr(one, name, row[at])
            found.append(one)
        return found


def compiled(key: Hashable, make: Callable[[], QuerySet]) -> Compiled:
    """The query of that key, built by ``make`` the first time; the key says all that its text and fixed values depend on."""
    found = _known.get(key)
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        found = _known[key] = Compiled(make())
    return found
