"""The kinds of notice there are; apps add theirs in ``notices.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Words:
    """A notice as its reader reads it: a subject, a few sentences, the word on the button."""

    subject: str
    lines: tuple[str, ...] = ()
    button: str = ""


@dataclass(frozen=True)
class Notice:
    """A kind of notice. ``side``: vendor, portal or both; ``choosable``: False for what nobody may switch off."""

    kind: str
    label: Any
    words: Callable[[dict[str, Any]], Words]
    icon: str = "bell"
    side: str = "both"
    choosable: bool = True
    in_app: bool = True  # False: only ever an e-mail
    secret_link: bool = False  # the link opens an account: it is not kept where others can read it


class Notices:
    def __init__(self) -> None:
        self._kinds: dict[str, Notice] = {}

    def add(self, *kinds: Notice) -> None:
        for notice in kinds:
            self._kinds[notice.kind] = notice

    def __getitem__(self, kind: str) -> Notice:
        return self._kinds[kind]

    def get(self, kind: str) -> Notice | None:
        return self._kinds.get(kind)

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._kinds.values())

    def choosable_by(self, user: Any) -> list[Notice]:
        """What this person may switch on and off, on the side they act for."""
        side = "portal" if user.is_partner else "vendor"
        return [notice for notice in self if notice.choosable and notice.side in (side, "both")]


notices = Notices()
