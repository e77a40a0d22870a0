"""Who asks: a personal token, or the session of the screens."""

from __future__ import annotations

from typing import Any

import pghistory
from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.utils import timezone, translation
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from prm.api.models import ApiToken, digest_of
from prm.api.problems import Problem
from prm.compiled import PLACE_TEXT, PLACE_TIME, compiled
from prm.db import change_scope
from prm.installation.security import must_set_up_two_steps

SCHEME = "Bearer "
# What decides on a call, of the token, its person, their membership and its partner; the rest is fetched where it is asked for.
NEEDED = (
    *("user_id", "membership_id", "scopes", "expires_at", "last_used_at"),
    *(f"user__{name}" for name in ("email", "name", "role", "is_active", "language", "time_zone", "version")),
    *(f"user__scope_{name}" for name in ("countries", "partners")),
    *(f"membership__{name}" for name in ("user_id", "partner_id", "role", "is_active", "own_rows_only")),
    *(
        f"membership__partner__{name}"
        for name in ("name", "status", "types", "country", "group_id", "channel_manager_id")
    ),
)
NOTICED_EVERY = 600  # seconds: "last used" needs no greater precision, and reads then stay reads


class BearerAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer prm_…``: one look-up as the system, then the transaction is the person's."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        token = self.find(header[len(SCHEME) :].strip()) if header.startswith(SCHEME) else None
        if token is None:
            raise AuthenticationFailed()
        user = token.user.act_for(token.membership)
        if must_set_up_two_steps(user):
            raise AuthenticationFailed()
        self.notice(token)
        if user.is_partner:
            change_scope("partner", user.acting_for_id, user.pk, user.membership.headed_companies)
        else:
            change_scope("staff", user=user.pk)
        pghistory.context(user=str(user.pk))  # the history of this call began before anybody was known
        if "HTTP_ACCEPT_LANGUAGE" not in request.META:
            translation.activate(user.language)
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def find(secret: str) -> ApiToken | None:
        """The token with its person, membership and partner, unless any of them may no longer act."""
        at = {PLACE_TEXT: digest_of(secret), PLACE_TIME: timezone.now()}
        change_scope("system")
        found = compiled("token", BearerAuthentication.tokens).objects(at)
        token = found[0] if found else None
        if token is None:
            return None
        membership = token.membership
        if membership is None:
            return token if token.user.role else None
        if not membership.is_active or membership.partner.status == "terminated":
            return None
        membership.headed_companies = token.headed_companies
        return token

    @staticmethod
    def tokens() -> QuerySet:
        """How a token is looked up, whose person is active; built once."""
        companies = apps.get_model("partners", "Partner").objects.filter(
            group__head=OuterRef("membership__partner"), group__head_reads_deals=True
        )
        return (
            ApiToken.objects.usable(PLACE_TIME)
            .filter(digest=PLACE_TEXT, user__is_active=True)
            .select_related("user", "membership__partner")
            .annotate(headed_companies=ArraySubquery(companies.values("pk")))
            .only(*NEEDED)
            .order_by()
        )

    @staticmethod
    def notice(token: ApiToken) -> None:
        now = timezone.now()
        if token.last_used_at is None or (now - token.last_used_at).total_seconds() > NOTICED_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


class SessionAuthentication(authentication.SessionAuthentication):
    """The screens' own calls: the person of the session, already narrowed by the middleware; writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "_cached_user", None)
        if user is None or "HTTP_AUTHORIZATION" in request.META:
            return None
        if must_set_up_two_steps(user):
            raise AuthenticationFailed()
        try:
            self.enforce_csrf(request)
        except PermissionDenied:
            raise Problem("csrf") from None
        return user, None
