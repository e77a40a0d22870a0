"""The pages for what went wrong: plain words, what to do next and a reference. Set as handlers in ``prm.urls``."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

TOKEN = "csrfmiddlewaretoken"  # noqa: S105  (a field's name)


def reference() -> str:
    """The id of this request, as it stands in the logs."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def page(name: str, status: int) -> HttpResponse:
    """An error page. Rendered without the request, so that nothing it needs can fail again."""
    return HttpResponse(
        render_to_string(f"errors/{name}.html", {"reference": reference() if status >= 500 else ""}), status=status
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400"""
    return page("400", 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403"""
    return page("403", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: the same for what is missing and for what one may not see."""
    return page("404", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500"""
    return page("500", 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database or a service is away; asks to come back in a minute."""
    response = page("503", 503)
    response["Retry-After"] = "60"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW"""
    return page("csrf", 403)


def signed_out(request: HttpRequest, sign_in: str) -> HttpResponse:
    """The session ended while somebody filled in a form: what they typed waits on this page until they are back."""
    typed = [(name, value) for name, values in request.POST.lists() for value in values if name != TOKEN]
    told = {"typed": typed, "again": request.get_full_path(), "sign_in": sign_in, "csrf_token": get_token(request)}
    return HttpResponse(render_to_string("errors/signed_out.html", told), status=401)
