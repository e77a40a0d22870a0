"""The request as our views receive it."""

from typing import Any

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """An annotation only: middleware has put the person who signed in and the word of htmx on Django's own request."""

    user: Any
    _cached_user: Any  # where Django's own sign-in keeps the person too
    htmx: HtmxDetails
