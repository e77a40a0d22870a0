"""Long work with progress, done in chunks that each commit by themselves.

A ``Kind`` names the work and gives its ``step(job) -> bool``: do the next chunk, ``job.advance(...)``, answer whether more is left. Each chunk is
an errand of its own (``prm.events``) that calls for the next one, so a job goes on after a restart where it stood, and ends at
the next chunk when somebody cancels it.

    jobs.register(jobs.Kind("import", _("Import"), step=step, url=lambda job: reverse("imports:import", args=[job.subject_id])))
    Job.objects.start("import", title=file.name, by=request.user, total=412, subject_id=row.pk)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Kind", "kind", "register"]


@dataclass(frozen=True)
class Kind:
    """A kind of long work. ``ended(job)`` runs with its end, whatever it was; ``url(job)`` is the page that shows the outcome."""

    name: str
    label: Any
    step: Callable[[Any], bool]
    url: Callable[[Any], str] | None = None
    ended: Callable[[Any], None] | None = None


_kinds: dict[str, Kind] = {}


def register(given: Kind) -> Kind:
    _kinds[given.name] = given
    return given


def kind(name: str) -> Kind:
    return _kinds[name]
