"""Every address of the product, as the matrix walks them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from prm.ids import uuid7

# Sign-in and one's own account are allauth's: they know no record but the person's own.
NOT_OURS = ("identity/",)
OTHER_PARAMETERS = {
    "source": "crm",
    "external_id": "nothing-known",
    "kind": "partner",
    "token": "not-a-token",
    "format": "csv",
    "name": "x",
    "path": "nothing",
    "code": "nothing",
    "key": "bookings",
}


@dataclass(frozen=True)
class Page:
    """One address: its pattern with places, its view and its name."""

    pattern: str
    view: Any
    name: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    @property
    def about_a_record(self) -> bool:
        return "pk" in self.parameters

    def url(self, pk: Any = None, **values: str) -> str:
        """The address with its places filled."""

        def fill(match: re.Match) -> str:
            name = match[2]
            if name == "pk":
                return str(pk)
            return values.get(name) or {"uuid": str(uuid7()), "int": "1"}.get(match[1]) or OTHER_PARAMETERS[name]

        return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", fill, self.pattern)

    @property
    def key(self) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.pattern)


def pages() -> list[Page]:
    """All of them, ours."""
    return [page for page in _walk(get_resolver(), "") if not page.pattern.startswith(NOT_OURS)]


def _walk(resolver: URLResolver, prefix: str):
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLPattern):
            if "(?P<" not in route:  # the API's catch-all
                yield Page(route, entry.callback, entry.name or "")
        else:
            yield from _walk(entry, route)


def marks(view: Any) -> set[str]:
    """How a view says who may come: rows_for, allowed, audience, public."""
    found = {name for name in ("rows_for", "allowed", "audience") if hasattr(view, name)}
    if getattr(view, "login_required", True) is False:
        found.add("public")
    if hasattr(view, "cls") and hasattr(view.cls, "needed_scope"):
        found.add("api")
    return found
