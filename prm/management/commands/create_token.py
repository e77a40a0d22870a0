"""``manage.py create_token EMAIL [--scope S …]``: one token for a person, printed once."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from partners.models import Membership, User
from prm.api.models import EVERYTHING, ApiToken
from prm.api.router import known_scopes
from prm.db import acting


class Command(BaseCommand):
    help = "Print one API token acting as that person, limited to the scopes."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--scope",
            action="append",
            dest="scopes",
            metavar="S",
            help="such as deal-registrations:read; all when left out",
        )
        parser.add_argument("--partner", help="for people of several partners: the name of the one to act for")
        parser.add_argument("--name", default="", help="what the token is for")
        parser.add_argument("--days", type=int, default=365, help="how long it lives")

    def handle(
        self, *, email: str, scopes: list[str] | None, partner: str | None, name: str, days: int, **options
    ) -> None:
        if unknown := sorted(set(scopes or ()) - known_scopes()):
            raise CommandError(f"Unknown scope: {', '.join(unknown)}. Known: {', '.join(sorted(known_scopes()))}")
        if not 1 <= days <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        with acting("system"):
            user = User.objects.filter(email=email.lower(), is_active=True).first()
            if user is None:
                raise CommandError(f"There is no active person with the e-mail {email}.")
            membership = None
            if partner or not user.role:
                found = Membership.objects.usable().filter(user=user).select_related("partner")
                found = list(found.filter(partner__name=partner) if partner else found)
                if len(found) != 1:
                    raise CommandError(
                        "This person acts for "
                        + (", ".join(str(one.partner) for one in found) or "no partner")
                        + ". Name one with --partner."
                    )
                (membership,) = found
            _token, secret = ApiToken.objects.issue(
                user, name=name, scopes=scopes or (EVERYTHING,), days=days, membership=membership
            )
        self.stdout.write(secret)
