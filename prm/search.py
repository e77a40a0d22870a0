"""The palette: pages, records and actions that fit what one types. Each source limits itself to what the person may see."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from prm.access import allowed
from prm.registries import navigation, search_sources

ENOUGH = 12


@allowed(lambda user: user.is_authenticated)
def search(request: HttpRequest) -> HttpResponse:
    """Answer the palette with a list of options."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    results = [*pages(request, text), *records(request, text)] if text else []
    return render(request, "components/palette_results.html", {"results": results[:ENOUGH]})


def pages(request: HttpRequest, text: str) -> list[dict]:
    """The pages this person may open whose name holds the text."""
    sides = ("portal" if request.user.is_partner else "vendor", "settings")
    wanted = text.casefold()
    found = []
    for item in navigation:
        if item.side not in sides or wanted not in str(item.label).casefold() or not item.allowed(request.user):
            continue
        with suppress(NoReverseMatch):  # the capability is not installed
            found.append({"label": item.label, "hint": "", "url": reverse(item.url_name), "icon": item.icon})
    return found[:4]


def records(request: HttpRequest, text: str) -> list[dict]:
    """Records of all sources, a few of each; one letter finds no record."""
    if len(text) < 2:
        return []
    return [
        {"label": label, "hint": hint or source.name, "url": url, "icon": source.icon}
        for source in search_sources
        for label, hint, url in source.search(request.user, text)
    ]
