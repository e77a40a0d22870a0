from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection

from prm import rowpolicy
from prm.db import as_owner
from prm.embedded import ensure_roles


class Command(migrate.Command):
    """As Django's, by the owner of the tables; rights and row policies are laid afterwards (prm.rowpolicy)."""

    def handle(self, *args, **options):
        with as_owner():
            if not settings.EMBEDDED:  # there the roles are made with the server
                ensure_roles(connection)
            super().handle(*args, **options)
            rowpolicy.apply()  # once more: pghistory makes its function anew after each migration
