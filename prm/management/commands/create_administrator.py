"""``manage.py create_administrator EMAIL NAME``: the first person of an installation, with the link to choose a password."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from partners.models import User
from partners.notices import link_to_choose_password
from partners.roles import VendorRole
from prm import events
from prm.db import acting


class Command(BaseCommand):
    help = "Make an administrator and print the link by which they choose their password; again, a new link."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--language", choices=dict(settings.LANGUAGES), default=settings.LANGUAGE_CODE[:2])

    def handle(self, *, email: str, name: str, language: str, **options) -> None:
        with acting("system"):
            person = User.objects.filter(email=email.lower()).first()
            if person is None:
                person = self.make(email.lower(), name.strip(), language)
            elif person.role != VendorRole.ADMIN or not person.is_active:
                raise CommandError(
                    f"{email} has an account that is no open administrator's. Give another address, or let an "
                    "administrator change that account."
                )
            link = settings.PUBLIC_URL.rstrip("/") + link_to_choose_password(person)
        hours = settings.PASSWORD_RESET_TIMEOUT // 3600
        self.stdout.write(f"Open this link within {hours} hours to choose the password of {person.email}:\n{link}")

    def make(self, email: str, name: str, language: str) -> User:
        fields = {"role": VendorRole.ADMIN, "language": language}
        try:
            User(email=email, name=name, **fields).full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        person = User.objects.create_user(email, name, **fields)
        events.record(person, "created", name=name, role=person.role)
        return person
