"""Write an event and the errands it causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.utils import timezone
from django.utils.text import camel_case_to_spaces


class Follower(NamedTuple):
    task: str
    queue: str
    run: Callable
    together: bool = False


TOGETHER = 200  # events in one errand
_held: ContextVar[tuple[datetime, list] | None] = ContextVar("held", default=None)
_followers: dict[str, list[Follower]] = {}
_tasks: dict[str, Follower] = {}


def task(name: str, queue: str = "default") -> Callable:
    """Name a function as background work that ``enqueue(name, **kwargs)`` can ask for; it runs as the system, in one transaction."""

    def decorate(function: Callable) -> Callable:
        _tasks[name] = Follower(name, queue, function)
        return function

    return decorate


def follow(*names: str, queue: str = "default", together: bool = False) -> Callable:
    """Run the decorated function, in the background, once for each event of these names; it receives the Event.

    Declared in an app's ``tasks.py``: ``@follow("deal_registration.submitted", queue="conflicts")``. With ``together`` it
    receives a list: of what an import tells at once, many events make one errand.
    """

    def decorate(function: Callable) -> Callable:
        follower = Follower(f"{function.__module__}.{function.__name__}", queue, function, together)
        _tasks[follower.task] = follower
        for name in names:
            _followers.setdefault(name, []).append(follower)
        return function

    return decorate


def followers(name: str) -> list[Follower]:
    return _followers.get(name, [])


def named_task(name: str) -> Follower:
    return _tasks[name]


def subject_type(record: Any) -> str:
    """``DealRegistration`` → ``deal_registration``, the noun of event names."""
    return camel_case_to_spaces(record._meta.object_name).replace(" ", "_")


def record(subject: Any, verb: str, *, by: Any = None, partner_id: Any = None, at: Any = None, **payload: Any) -> Any:
    """Tell that ``verb`` happened to ``subject``, in the running transaction; followers start after the commit.

    ``by`` is the User who acted (nobody: the system). ``partner_id`` names the partner that may read it.
    """
    from prm.events.models import Event

    event = Event(
        verb=verb,
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        partner_id=partner_id,
        actor_id=by.pk if by else None,
        actor_name=by.name if by else "",
        actor_side="system" if by is None else "partner" if by.is_partner else "vendor",
        payload=payload,
        request_id=request_id(),
    )
    if at is not None:
        event.at = at
    record_all([event])
    return event


def record_all(events: list) -> None:
    """Tell several events with two statements, whatever their number."""
    from prm.events.models import Errand, Event

    Event.objects.bulk_create(events, batch_size=2000)
    errands: list[Errand] = []
    gathered: dict[Follower, list[Event]] = {}
    for event in events:
        for follower in followers(event.name):
            if follower.together and len(events) > 1:
                gathered.setdefault(follower, []).append(event)
            else:
                errands.append(
                    Errand(task=follower.task, event=event, queue=follower.queue, request_id=event.request_id)
                )
    for follower, told in gathered.items():
        for piece in (told[start : start + TOGETHER] for start in range(0, len(told), TOGETHER)):
            kwargs = {"events": [str(event.pk) for event in piece]}
            errands.append(
                Errand(task=follower.task, kwargs=kwargs, queue=follower.queue, request_id=piece[0].request_id)
            )
    if held_back := _held.get():
        held_back[1].extend(events)
        for errand in errands:
            errand.due_at = held_back[0]
    Errand.objects.bulk_create(errands, batch_size=2000)


@contextmanager
def held(wait: timedelta) -> Iterator[list]:
    """The followers of what is told within start only after ``wait``; yields these events, for ``call_off``."""
    told: list = []
    token = _held.set((timezone.now() + wait, told))
    try:
        yield told
    finally:
        _held.reset(token)


def call_off(events: Iterable[Any]) -> bool:
    """Take back what these held events (their ids) would cause; False, and nothing is, where some of it has begun."""
    from prm.events.models import Errand

    waiting = Errand.objects.filter(dead=False, due_at__gt=timezone.now(), event__in=list(events))
    rows = list(waiting.select_for_update(of=("self",)).values_list("pk", "sent_at"))
    if any(sent_at for _pk, sent_at in rows):
        return False
    Errand.objects.filter(pk__in=[pk for pk, _sent in rows]).delete()
    return True


def enqueue(task: str, *, due_at: Any = None, **kwargs: Any) -> Any:
    """Ask for background work in the running transaction; ``kwargs`` must be JSON."""
    from prm.events.models import Errand

    errand = Errand(task=task, kwargs=kwargs, queue=named_task(task).queue, request_id=request_id())
    if due_at is not None:
        errand.due_at = due_at
    errand.save(force_insert=True)
    return errand


def request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64]
