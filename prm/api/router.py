"""One router for all resources; each app's ``api.py`` registers its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """Each resource behind its own prefix: a call is compared with the resources, then with the addresses of one."""

    def get_urls(self) -> list[URLPattern | URLResolver]:
        found: list[URLPattern | URLResolver] = []
        for name, viewset, basename in self.registry:
            own = SimpleRouter(use_regex_path=False)
            own.register("", viewset, basename=basename)
            found.append(path(f"{name}/", include(own.urls)))
        return found


router = Router(use_regex_path=False)


def resource(name: str):
    """Class decorator: serve the viewset at ``/api/v1/NAME/``; NAME is also the noun of its token scopes."""

    def register(viewset):
        router.register(name, viewset, basename=name)
        return viewset

    return register


def known_scopes() -> set[str]:
    """Every scope a token may be given: ``RESOURCE:read``, ``:write``, ``:decide``, and ``*`` for all its person may do."""
    import prm.api.urls  # noqa: F401  (loads every app's resources)

    scopes = {"*"}
    for name, viewset, _basename in router.registry:
        scopes.add(f"{name}:read")
        if hasattr(viewset, "create") or hasattr(viewset, "partial_update"):
            scopes.add(f"{name}:write")
        extras = [getattr(extra, "kwargs", {}).get("api_scope") for extra in viewset.get_extra_actions()]
        scopes |= {f"{name}:{extra}" for extra in extras if extra}
    return scopes
