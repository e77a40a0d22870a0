from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.operations import AlterField, RenameField, RenameModel
from django.db.migrations.state import ProjectState

from prm import rowpolicy
from prm.db import as_owner
from prm.services import ensure_roles


class Command(migrate.Command):
    """As Django's, by the owner of the tables; rights and row policies are laid afterwards (prm.rowpolicy)."""

    def handle(self, *args, **options):
        with as_owner(), each_model_by_itself():
            if not settings.EMBEDDED:  # there the roles are made with the server
                ensure_roles(connection)
            super().handle(*args, **options)
            rowpolicy.apply()  # once more: pghistory makes its function anew after each migration


@contextmanager
def each_model_by_itself() -> Iterator[None]:
    """Let an operation render the model it changes, and not all that hang together with it, as Django does each time.

    Our models all hang together, so a new database took five times as long. Making a table, a column, an index or a trigger
    looks at no other model; operations that look further get everything rendered anew, as ``RunPython`` always does.
    """

    def itself(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
        state.is_delayed = True
        return {(app_label, model_name)}

    def with_all_rendered(forwards: Callable) -> Callable:
        def wrapper(self: Any, app_label: str, editor: Any, before: ProjectState, after: ProjectState) -> None:
            before.clear_delayed_apps_cache()
            after.clear_delayed_apps_cache()
            forwards(self, app_label, editor, before, after)

        return wrapper

    with ExitStack() as changes:
        changes.enter_context(patch.object(ProjectState, "_find_reload_model", itself))
        for operation in (AlterField, RenameField, RenameModel):
            changes.enter_context(
                patch.object(operation, "database_forwards", with_all_rendered(operation.database_forwards))
            )
        yield
