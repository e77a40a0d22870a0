from time import monotonic

from django.core.management.base import BaseCommand

from attribution.kpis.rollups import rebuild
from prm.db import acting


class Command(BaseCommand):
    help = "Computes all figures anew. They are kept up to date without it; use it after a repair by hand."

    def handle(self, **options):
        begun = monotonic()
        with acting("system"):
            facts = rebuild()
        self.stdout.write(f"{facts} facts in {monotonic() - begun:.1f} s")
