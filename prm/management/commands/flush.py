from django.core.management.commands import flush

from prm.db import as_owner


class Command(flush.Command):
    """As Django's, by the owner of the tables."""

    def handle(self, *args, **options):
        with as_owner():
            return super().handle(*args, **options)
