from __future__ import annotations

from functools import lru_cache
from select import POLLIN, poll
from typing import Any
from uuid import UUID

from django.db.backends.postgresql import base
from psycopg2 import InterfaceError, extensions

# The same ids come again and again: the company on each of its rows, the rows of a list in what is attached to them.
_uuid = lru_cache(maxsize=4096)(UUID)
UUID_TYPE, UUID_ARRAY_TYPE = 2950, 2951


def _read_uuid(text: str | None, _cursor: Any) -> UUID | None:
    return None if text is None else _uuid(text)


_UUIDS = extensions.new_type((UUID_TYPE,), "UUID", _read_uuid)
extensions.register_type(_UUIDS)
extensions.register_type(extensions.new_array_type((UUID_ARRAY_TYPE,), "UUID[]", _UUIDS))


class Connection(extensions.connection):
    """``ahead`` goes to the server with the next statement of the transaction, in one message; so does the transaction's begin.

    psycopg2 itself sends BEGIN as a message of its own and waits for the answer: it is left in autocommit.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.ahead = b""
        self.by_transaction = False
        self.prepared: dict[
            tuple[str, str], str
        ] = {}  # (whose rights, text) → name of the statement (``prm.compiled``)

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        self.ahead = b""
        if self.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
            with self.cursor(cursor_factory=extensions.cursor) as cursor:
                cursor.execute(how)

    def take_ahead(self) -> bytes:
        """What is to be said, once; nothing in a failed transaction, whose rollback restores what was before."""
        ahead, self.ahead = self.ahead, b""
        status = self.get_transaction_status()
        if status == extensions.TRANSACTION_STATUS_IDLE and self.by_transaction:
            return b"BEGIN; " + ahead
        return b"" if status == extensions.TRANSACTION_STATUS_INERROR else ahead


class Cursor(extensions.cursor):
    """However it is asked to speak to the server, it says first what its connection wants said."""

    connection: Connection
    skipped = 0

    def execute(self, query: Any, vars: Any = None) -> None:
        ahead = self.connection.take_ahead()
        self.skipped = len(ahead)
        if ahead and self.name is None:
            query, vars = ahead + self.mogrify(query, vars), None
        elif ahead:  # the statement of a named cursor stands inside another
            self._say(ahead)
        super().execute(query, vars)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        self._say(self.connection.take_ahead())
        super().executemany(*args, **kwargs)

    def copy_expert(self, *args: Any, **kwargs: Any) -> None:
        self._say(self.connection.take_ahead())
        super().copy_expert(*args, **kwargs)

    def copy_from(self, *args: Any, **kwargs: Any) -> None:
        self._say(self.connection.take_ahead())
        super().copy_from(*args, **kwargs)

    def copy_to(self, *args: Any, **kwargs: Any) -> None:
        self._say(self.connection.take_ahead())
        super().copy_to(*args, **kwargs)

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        self._say(self.connection.take_ahead())
        return super().callproc(*args, **kwargs)

    def _say(self, text: bytes) -> None:
        if text:
            with self.connection.cursor(cursor_factory=extensions.cursor) as other:
                other.execute(text)

    @property
    def query(self) -> bytes | None:
        """The statement itself, for logs and counts."""
        said = super().query
        return said and said[self.skipped :]


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "connection_factory": Connection, "cursor_factory": Cursor}

    def _set_autocommit(self, autocommit: bool) -> None:
        with self.wrap_database_errors:
            self.connection.autocommit, self.connection.by_transaction = True, not autocommit

    def is_usable(self) -> bool:
        """Whether the kept connection lives. A server that ended it has said so: only when something waits to be read is it asked."""
        try:
            waiting = poll()
            waiting.register(self.connection.fileno(), POLLIN)
            return not waiting.poll(0) or super().is_usable()
        except InterfaceError:  # closed on our side
            return False
