"""What higher apps have to say about registrations in a list: how many open findings each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, Value

# Each source answers {registration id: number of open findings} for the ids it is given; filled in ``AppConfig.ready()``.
sources: list[Callable[[Iterable[Any]], dict[Any, int]]] = []
# Conditions on an opportunity, each built anew: whether it is, itself or through a registration, in an open conflict.
opportunity_sources: list[Callable[[], Any]] = []


def count(ids: list) -> Counter:
    """Open findings of these registrations."""
    found: Counter = Counter()
    for source in sources:
        found.update(source(ids))
    return found


def opportunity_in_conflict() -> Any:
    """A condition for ``annotate``: the opportunity has an open conflict."""
    found = Q()
    for source in opportunity_sources:
        found |= source()
    return found if opportunity_sources else Value(False)
