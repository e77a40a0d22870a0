"""Signing in: allauth's flows with the product's rules."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from partners.models import Membership, User
from prm.middleware import MEMBERSHIP


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves; whoever signs in acts for the vendor, or for the partner they used last."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request, user, **kwargs):
        response = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        choose_side(request, user)


def choose_side(request: HttpRequest, user: User, membership: Membership | None = None) -> None:
    """Write into the session for whom the person acts: the vendor when they work there, else their first usable partner."""
    if membership is None and not user.role:
        membership = Membership.objects.usable().filter(user=user).order_by("-joined_at", "id").first()
    if membership is None:
        request.session.pop(MEMBERSHIP, None)
    else:
        request.session[MEMBERSHIP] = str(membership.pk)
