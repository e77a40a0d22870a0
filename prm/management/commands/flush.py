from django.core.management.commands import flush

from prm import rowpolicy
from prm.db import as_owner


class Command(flush.Command):
    """As Django's, by the owner of the tables."""

    def handle(self, *args, **options):
        with as_owner():
            super().handle(*args, **options)
            rowpolicy.apply()
