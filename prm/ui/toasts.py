"""A verb's answer to the person who pressed the button: what happened and, for ten seconds, how to take it back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django_htmx.http import trigger_client_event

LEVELS = {"good": messages.SUCCESS, "neutral": messages.INFO, "warn": messages.WARNING, "bad": messages.ERROR}


def say(
    request: HttpRequest, response: HttpResponse, text: str, *, tone: str = "good", undo_url: str = ""
) -> HttpResponse:
    """Add a message to an answer: at once for htmx, on the next page for a redirect."""
    redirects = response.status_code in (301, 302, 303) or response.has_header("HX-Redirect")
    if getattr(request, "htmx", False) and not redirects:
        return trigger_client_event(response, "toast", {"text": str(text), "tone": tone, "undo_url": undo_url})
    messages.add_message(request, LEVELS[tone], text, extra_tags=undo_url)
    return response


def tone_of(level: int) -> str:
    """The tone of a Django message."""
    return {number: tone for tone, number in LEVELS.items()}.get(level, "neutral")
