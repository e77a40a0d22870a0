from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from partners.models import Partner, User
from prm.db import acting
from prm.management.demo.load import Size, load_scale

LEAST = Size(partners=21, customers=40, registrations=0, direct=0, days=1_100)

DIRECT = 45  # direct opportunities for 100 registrations; with those that were approved, about as many opportunities as deals


class Command(BaseCommand):
    help = "Fills an empty database for measurements, in bulk; the same seed on the same day gives the same data."
    requires_system_checks = []  # those were made by migrate

    def add_arguments(self, parser):
        parser.add_argument("--partners", type=int, default=200)
        parser.add_argument("--customers", type=int, default=2_000)
        parser.add_argument("--deals", type=int, default=10_000, help="deal registrations, with what follows from them")
        parser.add_argument("--touchpoints", type=int, default=0, help="at least so many, spread over the deals")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *, partners: int, customers: int, deals: int, touchpoints: int, seed: int, **options):
        if partners < LEAST.partners or customers < LEAST.customers or deals < 0:
            raise CommandError(
                f"Ask for at least {LEAST.partners} partners and {LEAST.customers} customers, and no fewer than 0 deals."
            )
        with acting("system"):
            if Partner.objects.exists() or User.objects.exists():
                raise CommandError(
                    "This database already holds partners or people; measurements begin with an empty one."
                )
        size = Size(partners, customers, deals, deals * DIRECT // 100, LEAST.days)
        load_scale(size, timezone.now(), seed, touchpoints=touchpoints)
