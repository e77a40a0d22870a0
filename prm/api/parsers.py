"""Reading request bodies: one JSON object, without characters the database cannot hold."""

from __future__ import annotations

from typing import Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from prm.api.problems import Flaw, Problem


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> dict[str, Any]:
        body = stream.body if hasattr(stream, "body") else stream.read()
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Problem("malformed", _("The body is not valid JSON.")) from None
        if not isinstance(data, dict):
            raise Problem("malformed", _("The body must be one JSON object."))
        if b"\\u0000" in body and (pointers := list(_nul(data))):
            text = _("Null characters are not allowed.")
            raise Problem(
                "invalid", errors=[Flaw(pointer, "null_characters_not_allowed", text) for pointer in pointers]
            )
        return data


def _nul(value: Any, pointer: str = ""):
    """Where a NUL stands; PostgreSQL has no such character."""
    if isinstance(value, str):
        if "\0" in value:
            yield pointer
    elif isinstance(value, dict):
        for key, inner in value.items():
            if "\0" in key:
                yield pointer
            yield from _nul(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nul(inner, f"{pointer}/{index}")
