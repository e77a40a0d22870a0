"""What a lower app shows or counts without importing the higher app that knows it; apps fill these in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NavigationItem:
    """A menu entry: shown when ``allowed(user)``; ``count(user)`` only where action is due.

    ``count`` returns the rows themselves, so that all numbers of a menu are one statement. ``key``: after G, opens it.
    """

    label: Any
    url_name: str
    icon: str
    order: int
    allowed: Callable[[Any], bool]
    count: Callable[[Any], Any] | None = None
    side: str = "vendor"  # vendor, portal or settings
    key: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of a record's page: ``context(record, user)`` feeds ``template``; None hides it.

    ``beside(user)``: annotations by which the few rows it shows come with the record itself (``prm.beside``).
    """

    page: str  # "partner", "customer", "opportunity", "registration"
    title: Any
    template: str
    context: Callable[[Any, Any], dict | None]
    order: int = 50
    column: str = "main"  # or "side"
    beside: Callable[[Any], dict[str, Any]] | None = None


@dataclass(frozen=True)
class SearchSource:
    """Records the palette finds: ``search(user, text)`` yields (label, hint, url), already limited to what the user may see."""

    name: Any
    icon: str
    search: Callable[[Any, str], Iterator[tuple[str, str, str]] | list[tuple[str, str, str]]]
    order: int = 50


@dataclass(frozen=True)
class HomeTiles:
    """Numbers on a home page: ``tiles(user)`` returns dicts for the ``kpi`` component, none where the person sees none."""

    side: str
    tiles: Callable[[Any], list[dict]]
    order: int = 50


@dataclass(frozen=True)
class Attention:
    """Something on a home page that a person should look at, and why: ``find(user)`` returns one dict or None.

    The dict holds title, detail, url (exactly the rows it speaks of), icon and tone.
    """

    find: Callable[[Any], dict | None]
    order: int = 50


@dataclass(frozen=True)
class ToDo:
    """Work that waits for a partner's person: ``find(user, most)`` returns dicts for the ``to do`` list of the portal home.

    Each holds title, detail, url, icon, tone and ``due``: a date or an aware instant, None for what may wait.
    """

    find: Callable[[Any, int], list[dict]]
    order: int = 50


@dataclass(frozen=True)
class Happening:
    """A kind of event the home page counts in words: ``words(count)`` says how often ``name`` happened."""

    name: str  # an event's public name: deal_registration.submitted
    words: Callable[[int], str]
    order: int = 50


@dataclass(frozen=True)
class Situation:
    """A state of a partner which only a higher app knows, as a filter of the partner list: ``rows(partners)`` narrows them."""

    key: str
    label: Any
    rows: Callable[[Any], Any]
    order: int = 50


@dataclass(frozen=True)
class MergeGuard:
    """What a higher app has to say before two records of a ``kind`` become one.

    ``check(source, target)`` raises RuleViolation where that may not be; ``task`` names the background work that keeps the
    refusal in view, asked for with both ids. ``prepare(source, target)`` settles what the two number each for itself.
    """

    kind: str  # "customer"
    check: Callable[[Any, Any], None]
    prepare: Callable[[Any, Any], None] = lambda source, target: None
    task: str = ""
    order: int = 50


@dataclass
class Registry:
    items: list = field(default_factory=list)

    def add(self, item: Any) -> Any:
        self.items.append(item)
        return item

    def __iter__(self):
        return iter(sorted(self.items, key=lambda item: item.order))


navigation, panels, search_sources, home_tiles = Registry(), Registry(), Registry(), Registry()
attention, to_do, happenings, partner_situations = Registry(), Registry(), Registry(), Registry()
merge_guards = Registry()


def beside(page: str, user: Any) -> dict[str, Any]:
    """What the panels of a page want fetched with its record."""
    return {
        name: rows
        for panel in panels
        if panel.page == page and panel.beside
        for name, rows in panel.beside(user).items()
    }


def panels_of(page: str, record: Any, user: Any) -> list[dict]:
    """The panels of a record's page with their contexts, hidden ones left out."""
    shown = []
    for panel in panels:
        if panel.page == page and (context := panel.context(record, user)) is not None:
            shown.append(
                {"panel": panel, "title": panel.title, "template": panel.template, "column": panel.column, **context}
            )
    return shown
