from __future__ import annotations

import os

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from partners.models import Partner, User
from prm.db import acting
from prm.management.demo.load import SIZES, load, set_history_back


class Command(BaseCommand):
    help = (
        "Loads the demo: an invented vendor with its partners, customers and deals. Once; a second run changes nothing."
    )
    requires_system_checks = []  # those were made by migrate

    def add_arguments(self, parser):
        parser.add_argument("--size", choices=sorted(SIZES), default=None, help="default: PRM_DEMO_SIZE, else standard")
        parser.add_argument(
            "--force",
            action="store_true",
            help="load into a database of one's own servers, with the demo's public password",
        )

    def handle(self, *, size: str | None, force: bool, **options):
        size = size or os.environ.get("PRM_DEMO_SIZE") or "standard"
        if size not in SIZES:
            raise CommandError(f"PRM_DEMO_SIZE must be {' or '.join(sorted(SIZES))}, not “{size}”.")
        if not (settings.EMBEDDED or settings.DEMO or force):
            raise CommandError(
                "The demo's password is public, and this is not a demo's database. Use --force if you want it there all the same."
            )
        with acting("system"):
            if User.objects.filter(email="admin@vendor.example").exists():
                self.stdout.write("The demo data is loaded already; nothing was changed.")
                return
            if Partner.objects.exists() or User.objects.exists():
                raise CommandError(
                    "This database already holds partners or people; the demo is loaded into an empty one only."
                )
        load(SIZES[size], timezone.now())
        set_history_back()
