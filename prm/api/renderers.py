"""JSON in, JSON out: numbers as the database has them, times in UTC."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.functional import Promise
from psycopg2.extras import Range
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
JSON = "application/json"
PROBLEM = "application/problem+json"


def plain(value: Any) -> Any:
    """What orjson does not know by itself."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Promise) or hasattr(value, "code"):  # lazy texts; countries
        return str(getattr(value, "code", value))
    if isinstance(value, Range):
        return {"start": value.lower, "end": value.upper}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no JSON form")


def dumps(data: Any) -> bytes:
    return orjson.dumps(data, default=plain, option=OPTIONS)


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON answer, written at once: no renderer runs after the transaction."""
    body = b"" if status == 204 else dumps(data)
    response = HttpResponse(body, content_type=JSON, status=status, headers=headers)
    response["Vary"] = "Authorization, Cookie, Accept-Language"
    response["Cache-Control"] = "private, no-cache"
    return response


class OrjsonRenderer(BaseRenderer):
    media_type, format, charset = JSON, "json", None

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> bytes:
        return b"" if data is None else dumps(data)


class JsonOnly(BaseContentNegotiation):
    """Answers are JSON whatever the client would rather have; bodies must say that they are."""

    def select_parser(self, request, parsers):
        kind = request.content_type.partition(";")[0].strip().lower()
        return parsers[0] if kind in (JSON, "application/merge-patch+json") else None

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
