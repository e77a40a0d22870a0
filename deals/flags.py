"""What higher apps have to say about registrations in a list: how many open findings each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

# Each source answers {registration id: number of open findings} for the ids it is given; filled in ``AppConfig.ready()``.
sources: list[Callable[[Iterable[Any]], dict[Any, int]]] = []


def count(ids: list) -> Counter:
    """Open findings of these registrations."""
    found: Counter = Counter()
    for source in sources:
        found.update(source(ids))
    return found
