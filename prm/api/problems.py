"""Errors as RFC 9457 problem documents, with a closed list of codes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.core import signals
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.exceptions import ValidationError as ModelError
from django.db import DataError, IntegrityError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from prm.api.renderers import PROBLEM, dumps
from prm.errors import RuleViolation
from prm.events.record import request_id

log = logging.getLogger(__name__)
DOCS = "/api/v1/docs/#"


class Kind(NamedTuple):
    status: int
    title: str | Promise
    detail: str | Promise = ""


# The request itself. Codes of business rules stand beside their rule (RuleViolation) and are listed in docs/api.md.
KINDS: dict[str, Kind] = {
    "malformed": Kind(400, gettext_lazy("The request cannot be read")),
    "invalid": Kind(
        400, gettext_lazy("Some values are not valid"), gettext_lazy("Correct the values named under errors.")
    ),
    "unknown_parameter": Kind(400, gettext_lazy("Unknown query parameter")),
    "invalid_parameter": Kind(400, gettext_lazy("A query parameter is not valid")),
    "invalid_cursor": Kind(
        400,
        gettext_lazy("This page address is not valid"),
        gettext_lazy("Start again without cursor; use the addresses under next and previous as they are."),
    ),
    "not_authenticated": Kind(
        401,
        gettext_lazy("Who are you?"),
        gettext_lazy(
            "Send a valid token: Authorization: Bearer prm_…. It may be unknown, expired or revoked, or its person no longer active."
        ),
    ),
    "csrf": Kind(
        403, gettext_lazy("The form token is missing"), gettext_lazy("Calls of a browser session need the CSRF token.")
    ),
    "not_allowed": Kind(
        403, gettext_lazy("Your role does not allow this"), gettext_lazy("Ask an administrator for the right.")
    ),
    "scope_missing": Kind(
        403, gettext_lazy("The token lacks a scope"), gettext_lazy("This call needs the scope %(scope)s.")
    ),
    "not_found": Kind(404, gettext_lazy("Not found"), gettext_lazy("There is no such record.")),
    "method_not_allowed": Kind(405, gettext_lazy("This method is not offered here")),
    "contradiction": Kind(
        409,
        gettext_lazy("This contradicts another record"),
        gettext_lazy("A record with these values, or one that overlaps, is not allowed."),
    ),
    "in_flight": Kind(
        409,
        gettext_lazy("A call with this Idempotency-Key is running"),
        gettext_lazy("Repeat the call in a moment; it will get the same answer."),
    ),
    "stale": Kind(
        412,
        gettext_lazy("The record has changed"),
        gettext_lazy("Read it again and repeat the change with its new ETag."),
    ),
    "unsupported_media_type": Kind(
        415, gettext_lazy("Send JSON"), gettext_lazy("Content-Type must be application/json.")
    ),
    "incomplete": Kind(
        422, gettext_lazy("Something is still missing"), gettext_lazy("Give the values named under errors first.")
    ),
    "key_reused": Kind(
        422,
        gettext_lazy("This Idempotency-Key was used for another call"),
        gettext_lazy("Use a new key for each new call, and the same key only to repeat one."),
    ),
    "batch_refused": Kind(
        422,
        gettext_lazy("Nothing was saved"),
        gettext_lazy("With all_or_none, one refused item refuses all; see errors and results."),
    ),
    "version_required": Kind(
        428,
        gettext_lazy("If-Match is required"),
        gettext_lazy('Send the ETag of the record you read, for example If-Match: "3".'),
    ),
    "server_error": Kind(
        500,
        gettext_lazy("Something went wrong on our side"),
        gettext_lazy("Nothing was changed. Tell your administrator the instance."),
    ),
}
RULE_TITLE = gettext_lazy("A rule does not allow this")


class Flaw(NamedTuple):
    """One wrong value: where (JSON pointer), which code, which sentence."""

    pointer: str
    code: str
    detail: str


class Problem(exceptions.APIException):
    """An answer of the closed list: ``raise Problem("stale")``."""

    detail: Any

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[Flaw] = (),
        status: int = 0,
        extra: dict | None = None,
        **params: Any,
    ):
        kind = KINDS[code]
        self.code, self.status_code, self.title = code, status or kind.status, kind.title
        self.detail = detail or (str(kind.detail) % params if kind.detail else "")
        self.errors, self.extra = list(errors), extra or {}

    def document(self) -> dict[str, Any]:
        return document(self.code, self.status_code, self.title, self.detail, self.errors) | self.extra


def document(
    code: str, status: int, title: Any, detail: str, errors: Iterable[Flaw] = (), reason: str = "request"
) -> dict[str, Any]:
    return {
        "type": DOCS + code,
        "title": str(title),
        "status": status,
        "detail": str(detail),
        "instance": f"urn:request:{request_id() or 'none'}",
        "code": code,
        "reason": reason,
        "errors": [flaw._asdict() for flaw in errors],
    }


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of whatever went wrong."""
    if isinstance(error, Problem):
        return error.document()
    if isinstance(error, RuleViolation):
        if error.code == "stale":
            return Problem("stale", error.message).document()
        flaws = [Flaw(f"/{error.field}", error.code, error.message)] if error.field else []
        return document(error.code, error.status, RULE_TITLE, error.message, flaws, "business")
    if isinstance(error, exceptions.ValidationError):
        return Problem("invalid", errors=_flaws(error.get_full_details())).document()
    if isinstance(error, ModelError):
        flaws = list(_model_flaws(error))
        missing = bool(flaws) and all(flaw.code == "required" for flaw in flaws)
        return Problem("incomplete" if missing else "invalid", errors=flaws).document()
    if isinstance(error, IntegrityError):
        return Problem("contradiction").document()
    if isinstance(error, DataError):
        return Problem("invalid", _("A value is too large or has characters that cannot be stored.")).document()
    return Problem(_code_of(error)).document()


def _code_of(error: Exception) -> str:
    names: list[tuple[type[Exception], str]] = [
        (Http404, "not_found"),
        (exceptions.NotFound, "not_found"),
        (exceptions.AuthenticationFailed, "not_authenticated"),
        (exceptions.NotAuthenticated, "not_authenticated"),
        (exceptions.PermissionDenied, "not_allowed"),
        (PermissionDenied, "not_allowed"),
        (exceptions.MethodNotAllowed, "method_not_allowed"),
        (exceptions.UnsupportedMediaType, "unsupported_media_type"),
        (exceptions.ParseError, "malformed"),
    ]
    return next((code for kind, code in names if isinstance(error, kind)), "server_error")


def _flaws(details: Any, pointer: str = "") -> Iterator[Flaw]:
    """DRF's nested details, flattened to pointers."""
    if (
        isinstance(details, dict)
        and set(details) == {"message", "code"}
        and not isinstance(details["message"], dict | list)
    ):
        yield Flaw(pointer, details["code"], str(details["message"]))
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _flaws(inner, pointer if name == "non_field_errors" else f"{pointer}/{name}")
    else:
        for index, inner in enumerate(details):
            leaf = isinstance(inner, dict) and set(inner) == {"message", "code"}
            yield from _flaws(inner, pointer if leaf else f"{pointer}/{index}")


def _model_flaws(error: ModelError) -> Iterator[Flaw]:
    if not hasattr(error, "error_dict"):
        for one in error.error_list:
            yield Flaw("", one.code or "invalid", " ".join(one.messages))
        return
    for name, errors in error.error_dict.items():
        for one in errors:
            yield Flaw("" if name == NON_FIELD_ERRORS else f"/{name}", one.code or "invalid", " ".join(one.messages))


def response(body: dict[str, Any]) -> HttpResponse:
    answer = HttpResponse(dumps(body), content_type=PROBLEM, status=body["status"])
    answer["Vary"] = "Authorization, Cookie, Accept-Language"
    answer["Cache-Control"] = "no-store"
    return answer


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook: everything becomes a problem document, and what the call had changed is rolled back."""
    body = problem_of(error)
    if connection.in_atomic_block:
        connection.set_rollback(True)  # ends with the transaction Django opened around the view
    if body["status"] >= 500:
        request = context.get("request")
        log.exception("API call failed", exc_info=error)
        signals.got_request_exception.send(sender=exception_handler, request=getattr(request, "_request", request))
    answer = response(body)
    if body["status"] == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, exceptions.MethodNotAllowed):
        answer["Allow"] = ", ".join(context["view"].allowed_methods)
    return answer


@csrf_exempt
@login_not_required
def nothing_here(request: HttpRequest, path: str = "") -> HttpResponse:
    """Any other address below /api/v1/."""
    return response(Problem("not_found").document())
