"""Records found by typing, for form fields with too many choices to list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse

from prm.access import allowed

ENOUGH = 20


@dataclass(frozen=True)
class Picker:
    """``search(user, text)`` yields (id, label, hint) of records this user may see."""

    search: Callable[[Any, str], Iterable[tuple[Any, str, str]]]


pickers: dict[str, Picker] = {}


@allowed(lambda user: user.is_authenticated)
def pick(request: HttpRequest, source: str) -> JsonResponse:
    """What fits the text typed, for a searchable field."""
    if source not in pickers:
        raise Http404
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    found = list(pickers[source].search(request.user, text))[:ENOUGH]
    return JsonResponse({"results": [{"id": str(pk), "label": label, "hint": hint} for pk, label, hint in found]})
