"""What every request goes through: for whom the database works, in which language the reader reads, and who must sign in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pghistory
import structlog
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model, logout
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxMiddleware
from django_structlog.middlewares import RequestMiddleware

from prm.db import acting, change_scope, current_scope
from prm.events.record import request_id
from prm.http import Request
from prm.ui.errors import signed_out

Handler = Callable[[HttpRequest], HttpResponse]
SELF_SERVICE = ("/identity/", "/invitation/")  # sign-in and one's own account: works on people who are not yet known
NO_DATABASE = ("/static/", "/livez", "/readyz", "/brand")  # nobody in particular asks; /readyz must answer without one
MEMBERSHIP = "acting_for"  # session key: the membership one acts through


def is_program(request: HttpRequest) -> bool:
    """A call of the API by a bearer token: no session, no browser."""
    path = request.path
    return "HTTP_AUTHORIZATION" in request.META and path.startswith("/api/v1/") and not path.startswith("/api/v1/docs")


def for_browsers(middleware: type) -> type:
    """That middleware, passed by the calls of programs, to whom it says nothing."""

    class ForBrowsers(middleware):
        def __call__(self, request: HttpRequest) -> HttpResponse:
            return self.get_response(request) if is_program(request) else super().__call__(request)

    return ForBrowsers


SecurityPolicy = for_browsers(CSPMiddleware)
Sessions = for_browsers(SessionMiddleware)
SignedIn = for_browsers(AuthenticationMiddleware)
Messages = for_browsers(MessageMiddleware)
Htmx = for_browsers(HtmxMiddleware)


class RequestLog(RequestMiddleware):
    """One line in the log for each request, with its id, which the answer names too, and the caller's address, which is not
    taken from whoever claims one."""

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-ID"] = request_id()
        super().handle_response(request, response)

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        proxies, ip = settings.ALLAUTH_TRUSTED_PROXY_COUNT, request.META.get("REMOTE_ADDR")
        if proxies:
            told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            ip = told[-proxies].strip() if len(told) >= proxies else ip
        structlog.contextvars.bind_contextvars(ip=ip)


class ScopeMiddleware:
    """Open one transaction per request, in the scope of whoever asks.

    A session names its person and the membership they act through; both are read again on each request, so a
    deactivated colleague or a terminated partner is out with the next click. A bearer token is looked up by the API's
    authentication, inside the same transaction. Nobody: no rights at all, except where people sign in.
    """

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        if request.path.startswith(NO_DATABASE):
            return self.get_response(request)
        if is_program(request):
            with acting(""):  # until the token is looked up
                return self.get_response(request)
        user_id = request.session.get(SESSION_KEY)
        with acting("system" if user_id or request.path.startswith(SELF_SERVICE) or request.path == "/" else ""):
            if user_id:
                person = get_user_model().objects.acting_as(user_id, request.session.get(MEMBERSHIP))
                if person is None:
                    logout(request)
                else:
                    request._cached_user = person
                    if not request.path.startswith(SELF_SERVICE):
                        self.narrow(person)
            return self.get_response(request)

    @staticmethod
    def narrow(user) -> None:
        if user.is_partner:
            change_scope("partner", user.acting_for_id, user.pk, user.membership.headed_companies)
        else:
            change_scope("staff", user=user.pk)


class ReaderMiddleware:
    """The reader's language, time zone and theme: the person's own, else what the browser asks for."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        if hasattr(request, "_cached_user"):
            request.user = SimpleLazyObject(lambda: request._cached_user)
            language, zone = request._cached_user.language, ZoneInfo(request._cached_user.time_zone)
        else:
            language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or translation.get_language_from_request(
                request
            )
            zone = ZoneInfo(settings.BUSINESS_TIME_ZONE)
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        request.LANGUAGE_CODE = language
        with translation.override(language), timezone.override(zone):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class SignInRequiredMiddleware:
    """Every page wants a person, unless its view says ``@login_not_required``; the API answers for itself."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Request, view, args, kwargs) -> HttpResponse | None:
        if request.path.startswith(("/api/", *SELF_SERVICE)) or not getattr(view, "login_required", True):
            return None
        if hasattr(request, "_cached_user"):
            return self.second_step(request)
        target = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = target
            return response
        if request.method == "POST" and request.POST and not request.FILES:
            return signed_out(request, resolve_url(settings.LOGIN_URL))
        return HttpResponseRedirect(target)

    @staticmethod
    def second_step(request: Request) -> HttpResponse | None:
        """Lead people whose role needs two-step sign-in to where they set it up, and nowhere else."""
        from prm.installation.security import must_set_up_two_steps

        if not must_set_up_two_steps(request._cached_user):
            return None
        target = resolve_url("mfa_activate_totp")
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=403)
            response["HX-Redirect"] = target
            return response
        return HttpResponseRedirect(target)


class HistoryMiddleware:
    """Writes that a request makes carry who asked, and by which request, into the field-level history."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        with pghistory.context(
            user=current_scope().user or None,
            request=request_id(),
            path=request.path,
        ):
            return self.get_response(request)
