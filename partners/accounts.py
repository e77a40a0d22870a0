"""Signing in: allauth's flows with the product's rules."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account import forms as allauth_forms
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest, HttpResponse

from partners.models import Membership, User
from prm.events.record import enqueue
from prm.middleware import MEMBERSHIP
from prm.notify import tell


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves; whoever signs in acts for the vendor, or for the partner they used last."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Only who has a side to act for comes in; the others read that their account is closed."""
        if not user.role and not Membership.objects.usable().filter(user=user).exists():
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        choose_side(request, user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """The password is asked again before a change to security, unless it was given a moment ago at sign-in."""
        since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
        return not any(record["at"] > since for record in get_authentication_records(self.request, self.request.user))

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say themselves what happened."""

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict | None = None, email: str | None = None
    ) -> None:
        """Tell people in our own words about changes to their account's security."""
        membership = Membership.objects.usable().filter(user=user).first() if not user.role else None
        tell(
            "account_security",
            [user],
            url="/profile/",
            partner_id=membership.partner_id if membership else None,
            what=template_prefix.rsplit("/", 1)[-1],
        )

    def set_password(self, user: User, password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Asks the background for the mail, for a known and an unknown address alike."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = self.cleaned_data["email"]
        enqueue("partners.send_password_reset", email=email)
        return email


def choose_side(request: HttpRequest, user: User, membership: Membership | None = None) -> None:
    """Write into the session for whom the person acts: the vendor when they work there, else their first usable partner."""
    if membership is None and not user.role:
        membership = Membership.objects.usable().filter(user=user).order_by("-joined_at", "id").first()
    if membership is None:
        request.session.pop(MEMBERSHIP, None)
    else:
        request.session[MEMBERSHIP] = str(membership.pk)
