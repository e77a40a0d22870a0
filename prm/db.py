"""Who the database believes we are: the role and the scope of every transaction.

Web, worker, relay and commands log in as ``prm_app``, which by itself may read sessions and nothing else. Each transaction
takes a role and says for whom it works; row-level security (``prm.rowpolicy``) answers accordingly. Forgetting to do so is
loud: "permission denied", never an empty page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

ROLES = {"": "prm_app", "staff": "prm_staff", "partner": "prm_portal", "system": "prm_staff"}


class Scope(NamedTuple):
    """For whom a transaction works; ``reads`` are the companies whose deals the partner may read (its own, and those it heads)."""

    kind: str = ""
    partner: str = ""
    user: str = ""
    reads: str = "{}"


NOBODY = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=NOBODY)


def current_scope() -> Scope:
    return _scope.get()


TELL = (
    "SELECT set_config('role', %s, true), set_config('prm.kind', %s, true), set_config('prm.partner', %s, true),"
    " set_config('prm.user', %s, true), set_config('prm.reads', %s, true); "
)


def _tell(scope: Scope) -> None:
    """Told with the next statement, whoever sends it and by whatever means (``prm.postgresql``)."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        connection.connection.ahead = cursor.mogrify(TELL, [ROLES[scope.kind], *scope])


@contextmanager
def acting(kind: str, partner: object = "", user: object = "", reads: Iterable[object] = ()) -> Iterator[None]:
    """One transaction under the given scope: ``staff`` and ``system`` see every row, ``partner`` those of its company.

    Scopes nest; the outer one is restored afterwards. ``reads`` adds companies whose deals a group's head may read.
    """
    partner, user = str(partner or ""), str(user or "")
    readable = [partner, *(str(pk) for pk in reads)] if partner else []
    scope = Scope(kind, partner, user, "{" + ",".join(readable) + "}")
    alone = not connection.in_atomic_block
    with transaction.atomic():
        outer = _scope.get()
        token = _scope.set(scope)
        try:
            if kind or not alone:  # a transaction begins as nobody
                _tell(scope)
            yield
        finally:
            _scope.reset(token)
            if not alone and not connection.needs_rollback:  # the end of the transaction forgets by itself
                _tell(outer)


def change_scope(kind: str, partner: object = "", user: object = "", reads: Iterable[object] = ()) -> None:
    """Narrow the running transaction from the scope that looked somebody up to the scope of that somebody.

    Only inside ``acting``, whose end restores what was before.
    """
    partner, user = str(partner or ""), str(user or "")
    readable = [partner, *(str(pk) for pk in reads)] if partner else []
    scope = Scope(kind, partner, user, "{" + ",".join(readable) + "}")
    _scope.set(scope)
    _tell(scope)


def acting_as_system(function):
    """Decorate a function that works on everybody's rows: tasks, commands, sign-in."""

    @wraps(function)
    def wrapper(*args, **kwargs):
        with acting("system"):
            return function(*args, **kwargs)

    return wrapper


@contextmanager
def as_owner() -> Iterator[None]:
    """Reconnect as the owner of the tables: migrations and test databases only."""
    connection.close()
    kept = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD", "OPTIONS")}
    connection.settings_dict.update(
        USER=settings.DATABASE_OWNER["USER"],
        PASSWORD=settings.DATABASE_OWNER["PASSWORD"],
        OPTIONS={"options": "-c prm.kind=system"},
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)
