"""What the two shells show: the menu, the brand, the reader's settings."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from prm import installation, notify, registries


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every page. Lists and counts are worked out only when a template reads them."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    side = "portal" if signed_in and user.is_partner else "vendor"
    return {
        "shell": "portal" if side == "portal" else "manager",
        "navigation": SimpleLazyObject(lambda: menu(request, side)) if signed_in else [],
        "settings_navigation": SimpleLazyObject(lambda: menu(request, "settings")) if signed_in else [],
        "brand": SimpleLazyObject(installation.brand),
        "unread_count": SimpleLazyObject(lambda: notify.unread_count(user)) if signed_in else 0,
        "theme": user.theme if signed_in else "system",
        "shortcuts_off": signed_in and not user.shortcuts,
        "role_label": role_label(user) if signed_in else "",
        "acting_for": user.acting_for if signed_in else None,
    }


def menu(request: HttpRequest, side: str) -> list[dict[str, Any]]:
    """The entries of a side this person may open, the one they are in marked."""
    entries = []
    for item in registries.navigation:
        if item.side != side or not item.allowed(request.user):
            continue
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:  # the capability is not installed
            continue
        count = item.count(request.user) if item.count else None
        entries.append({"label": item.label, "url": url, "icon": item.icon, "count": count, "active": False})
    inside = [
        entry
        for entry in entries
        if request.path == entry["url"] or (entry["url"] != "/" and request.path.startswith(entry["url"]))
    ]
    if inside:
        max(inside, key=lambda entry: len(entry["url"]))["active"] = True
    return entries


def role_label(user: Any) -> str:
    """The person's role in words: at the partner they act for, or at the vendor."""
    holder = user.membership or user
    return holder.get_role_display() if holder.role else ""
