from django.core.management.commands import migrate

from prm.db import as_owner


class Command(migrate.Command):
    """As Django's, by the owner of the tables; rights and row policies are laid afterwards (prm.rowpolicy)."""

    def handle(self, *args, **options):
        with as_owner():
            return super().handle(*args, **options)
