"""Reading request bodies: one JSON object, without characters that the database cannot hold or that deceive a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from prm.api.problems import Flaw, Problem
from prm.ui.forms import DIRECTION_MARKS, plain

MAY_HOLD_ONE = re.compile(rb"[\x7f-\xff]|\\[ubf]")  # plain ASCII without escapes holds none
UNFIT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{''.join(map(chr, DIRECTION_MARKS))}]")


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
        if MAY_HOLD_ONE.search(body) and (flaws := list(unfit(data))):
            raise Problem("invalid", errors=flaws)
        return data


def unfit(value: Any, pointer: str = "") -> Iterator[Flaw]:
    """Where a text stands that no form would take either (``prm.ui.forms.plain``), and why."""
    if isinstance(value, str):
        if UNFIT.search(value):
            yield flaw_of(value, pointer)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if UNFIT.search(key):
                yield flaw_of(key, pointer)
            yield from unfit(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unfit(inner, f"{pointer}/{index}")


def flaw_of(text: str, pointer: str) -> Flaw:
    if "\0" in text:
        return Flaw(pointer, "null_characters_not_allowed", _("Null characters are not allowed."))
    try:
        plain(text)
    except ValidationError as error:
        return Flaw(pointer, str(error.code), " ".join(error.messages))
    raise AssertionError(f"{text!r} is fit")
