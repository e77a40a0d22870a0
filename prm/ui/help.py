"""Help inside the product: the guides of ``docs/guides`` for the reader's side, in the reader's language where there is one."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt

from prm.access import allowed
from prm.settings import BASE_DIR

GUIDES = BASE_DIR / "docs" / "guides"
# In the order of the menu. A guide in another language has a file of its own.
PORTAL = ("partner", "integrator-quickstart")
VENDOR = ("channel-manager", "deal-registration", "import", "integrator-quickstart")
TRANSLATED = {"partner": {"fr": "partenaire"}}


class Guide(NamedTuple):
    name: str
    title: str
    html: SafeString
    language: str


def names_for(user) -> tuple[str, ...]:
    return PORTAL if user.is_partner else VENDOR


def read(name: str, language: str) -> Guide:
    """The guide in that language, else in English."""
    file = TRANSLATED.get(name, {}).get(language)
    return _rendered(name, file or name, language if file else "en")


@cache
def _rendered(name: str, file: str, language: str) -> Guide:
    """The files are ours and change only with the product; whatever HTML they hold is shown as text all the same."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((GUIDES / f"{file}.md").read_text())
    title = next(tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open")
    known = {other: slug for slug in {*PORTAL, *VENDOR} for other in (slug, *TRANSLATED.get(slug, {}).values())}
    for token in tokens:
        if token.type == "table_open":
            token.attrSet("class", "table")
        if token.children:  # pictures are for readers of the files; here the pages themselves are a click away
            token.children = [part for part in token.children if part.type != "image"]
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("href", _address(str(part.attrGet("href")), known))
    return Guide(name, title, mark_safe(markdown.renderer.render(tokens, markdown.options, {})), language)  # noqa: S308 # nosec B703


def _address(href: str, known: dict[str, str]) -> str:
    """A link between files as one between pages; the API's description has a page of its own."""
    file = href.rsplit("/", 1)[-1].removesuffix(".md")
    if file in known:
        return reverse("guide", args=[known[file]])
    return reverse("api:docs") if href.endswith(".md") else href


@require_GET
@allowed(lambda user: user.is_authenticated)
def guide(request: HttpRequest, name: str = "") -> HttpResponse:
    """One guide, with a menu of the others of this side."""
    language, names = (get_language() or "en")[:2], names_for(request.user)
    if name and name not in names:
        raise Http404
    shown = read(name or names[0], language)
    others = [read(other, language) for other in names]
    return render(request, "help.html", {"guide": shown, "guides": others})
