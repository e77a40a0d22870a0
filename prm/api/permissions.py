"""A token's scopes; what its person may do is said by the querysets and capabilities, as on the screens."""

from __future__ import annotations

from django.http import Http404
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from prm.api.problems import Problem


class ScopeGranted(BasePermission):
    def has_permission(self, request: Request, view) -> bool:
        if request.user is None:
            raise NotAuthenticated()
        if view.vendor_only and request.user.is_partner:
            raise Http404
        scope = view.needed_scope()
        if request.auth is not None and not request.auth.grants(scope):
            raise Problem("scope_missing", scope=scope)
        return True
