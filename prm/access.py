"""Permission before the view: an object is taken from the rows its reader may reach, or it is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404


def scoped(rows_for: Callable[[Any], Any]) -> Callable:
    """Hand the view its object, taken from the rows this user may reach; no right and no such row are one answer, 404."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def wrapper(request: HttpRequest, pk, **kwargs) -> HttpResponse:
            return view(request, get_object_or_404(rows_for(request.user), pk=pk), **kwargs)

        wrapper.rows_for = rows_for  # type: ignore[attr-defined]
        return wrapper

    return decorate


def allowed(test: Callable[[Any], bool], who_grants: Any = "") -> Callable:
    """A page or action of a role: others read who can grant it (403). For rows use ``scoped``."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not test(request.user):
                raise PermissionDenied(str(who_grants))
            return view(request, *args, **kwargs)

        wrapper.allowed = test  # type: ignore[attr-defined]
        return wrapper

    return decorate


def may(capability: str) -> Callable:
    """``@may("manage_customers")``: the page belongs to roles with this capability."""
    return allowed(lambda user: user.may(capability))


def vendor_only(view: Callable) -> Callable:
    """The page belongs to the vendor; to a partner it does not exist (404)."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        from django.http import Http404

        if request.user.is_partner:
            raise Http404
        return view(request, *args, **kwargs)

    wrapper.audience = "vendor"  # type: ignore[attr-defined]
    return wrapper


def portal_only(view: Callable) -> Callable:
    """The page belongs to partners; to the vendor it does not exist (404)."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        from django.http import Http404

        if not request.user.is_partner:
            raise Http404
        return view(request, *args, **kwargs)

    wrapper.audience = "portal"  # type: ignore[attr-defined]
    return wrapper
