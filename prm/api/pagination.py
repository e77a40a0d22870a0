"""Pages by keyset: the cursor names the last row, so page 1,000 costs what page 1 does; nothing is counted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from prm.api.problems import Problem
from prm.compiled import compiled

DEFAULT, MOST = 50, 200


def encode(order: str, value: Any, pk: Any, backwards: bool) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([order, value, pk, int(backwards)])).decode().rstrip("=")


def decode(text: str) -> tuple[str, Any, UUID, bool]:
    try:
        order, value, pk, backwards = orjson.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        )
        if not isinstance(order, str) or not isinstance(value, str) or "\0" in value:
            raise ValueError
        return order, value, UUID(pk), bool(backwards)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise Problem("invalid_cursor") from None


class CursorPage:
    """``{"next", "previous", "results"}`` over (order column, id)."""

    def page(
        self,
        view,
        request,
        rows: Callable[[], QuerySet],
        columns: list[str],
        to_rows: Callable[[list[tuple]], list[dict]],
        known: tuple | None = None,
    ) -> dict[str, Any]:
        """Read one page of ``rows()``; ``columns`` begins with the id, ``to_rows`` shapes the tuples.

        ``known`` says what the rows depend on, where that is little enough to remember the first page's query.
        """
        limit = self.limit(request)
        order = view.chosen_ordering()
        key, descending = order.lstrip("-"), order.startswith("-")
        sign, backwards = "-" if descending else "", False
        position = None
        cursor = request.GET.get("cursor")
        if cursor is not None:
            said, value, pk, backwards = decode(cursor)
            if said != order:
                raise Problem("invalid_cursor")
            sign = "-" if descending != backwards else ""
            position = self.beyond(view, key, value, pk, smaller=descending != backwards)
        column = view.ordering_fields[key]
        wanted = columns if column in columns else [*columns, column]
        at = wanted.index(column)

        def query() -> QuerySet:
            reached = rows() if position is None else rows().filter(position)
            return reached.order_by(f"{sign}{column}", f"{sign}pk").values_list(*wanted)[: limit + 1]

        if known is not None and position is None:
            found = compiled(("page", *known, order, limit), query, prepare=False).tuples()
        else:
            found = list(query())
        more = len(found) > limit
        found = found[:limit]
        if backwards:
            found.reverse()
        return {
            "next": self.link(request, order, found[-1], at, False) if found and (more or backwards) else None,
            "previous": self.link(request, order, found[0], at, True)
            if found and (more if backwards else cursor is not None)
            else None,
            "results": to_rows(found),
        }

    @staticmethod
    def limit(request) -> int:
        text = request.GET.get("limit")
        if text is None:
            return DEFAULT
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST and len(text) < 9):
            raise Problem("invalid_parameter", _("limit must be a whole number from 1 to %(most)d.") % {"most": MOST})
        return int(text)

    @staticmethod
    def beyond(view, key: str, value: str, pk: UUID, *, smaller: bool) -> Q:
        column, side = view.ordering_fields[key], "lt" if smaller else "gt"
        known: Any = value
        if key == "at" or key.endswith("_at"):
            try:
                known = datetime.fromisoformat(value)
            except ValueError:
                raise Problem("invalid_cursor") from None
            if known.tzinfo is None:
                raise Problem("invalid_cursor")
        return Q(**{f"{column}__{side}e": known}) & (Q(**{f"{column}__{side}": known}) | Q(**{f"pk__{side}": pk}))

    @staticmethod
    def link(request, order: str, row: tuple, at: int, backwards: bool) -> str:
        said = {name: value for name, value in request.GET.items() if name != "cursor"}
        cursor = encode(order, row[at], row[0], backwards)
        return request.build_absolute_uri("?" + urlencode({**said, "cursor": cursor}))

    # For the OpenAPI document -------------------------------------------------------------------------------------------

    @staticmethod
    def get_paginated_response_schema(schema: dict) -> dict:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    @staticmethod
    def get_schema_operation_parameters(view) -> list[dict]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page begins; taken from next or previous of another page.",
            },
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
                "description": "Rows on a page.",
            },
        ]
