"""``manage.py rebuild_credit``: compute the whole credit ledger; needed after loading rows in bulk without triggers."""

from django.core.management.base import BaseCommand

from attribution.credit import rebuild
from prm.db import acting


class Command(BaseCommand):
    help = "Compute the whole credit ledger and say how many rows were not right."

    def handle(self, **options) -> None:
        with acting("system"):
            run = rebuild()
        self.stdout.write(
            f"{run.opportunities} won opportunities, {run.credits} credits, {run.changed} of them changed,"
            f" {(run.ended_at - run.started_at).total_seconds():.1f} s"
        )
