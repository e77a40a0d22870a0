"""Who reads the events about what: whoever reads the subject itself. Apps say so beside the sentence they tell it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet


class Audience(NamedTuple):
    capability: str | None
    own: Callable[[Any], QuerySet] | None


_audiences: dict[str, Audience] = {}


def readable(subject_type: str, capability: str | None = None, *, own: Callable[[Any], QuerySet] | None = None) -> None:
    """People with this capability read the events about such subjects; without one, everybody of the company told does.

    ``own(user)`` gives the subjects of somebody who reads only some of them, such as the deals of their own.
    """
    _audiences[subject_type] = Audience(capability, own)


def about_readable_subjects(user: Any) -> Q:
    """The condition on events. What no app declared is kept from partners; at the vendor it needs sight of the partners."""
    limited = user.is_partner and user.membership.own_rows_only
    whole, some = [], Q()
    for subject_type, audience in _audiences.items():
        reads = audience.capability is None or user.may(audience.capability)
        if audience.own and (limited or not reads):
            some |= Q(subject_type=subject_type, subject_id__in=audience.own(user).values("pk"))
        elif reads:
            whole.append(subject_type)
    if not user.is_partner and user.may("see_partners"):
        return ~Q(subject_type__in=_audiences.keys() - {*whole}) | some
    return Q(subject_type__in=whole) | some
