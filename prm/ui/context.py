"""What the two shells show: the menu, the brand, the reader's settings."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from prm import installation, notify, registries

MOST = 100  # what a number in the menu counts up to


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every page. Lists and counts are worked out only when a template reads them."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    side = "portal" if signed_in and user.is_partner else "vendor"
    main = SimpleLazyObject(lambda: menu(request, side, notify.unread(user)))
    return {
        "shell": "portal" if side == "portal" else "manager",
        "navigation": SimpleLazyObject(lambda: main[0]) if signed_in else [],
        "settings_navigation": SimpleLazyObject(lambda: menu(request, "settings")[0]) if signed_in else [],
        "brand": SimpleLazyObject(installation.brand),
        "unread_count": SimpleLazyObject(lambda: main[1][0]) if signed_in else 0,
        "theme": user.theme if signed_in else "system",
        "shortcuts_off": signed_in and not user.shortcuts,
        "role_label": role_label(user) if signed_in else "",
        "acting_for": user.acting_for if signed_in else None,
    }


def menu(request: HttpRequest, side: str, *others: QuerySet) -> tuple[list[dict[str, Any]], list[int | None]]:
    """The entries of a side this person may open, the one they are in marked; and how many rows of others there are.

    All numbers are one statement.
    """
    entries, counts = [], []
    for item in registries.navigation:
        if item.side != side or not item.allowed(request.user):
            continue
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:  # the capability is not installed
            continue
        entries.append(
            {"label": item.label, "url": url, "icon": item.icon, "key": item.key, "count": None, "active": False}
        )
        counts.append(item.count(request.user) if item.count else None)
    numbers = in_one_statement([*counts, *others])
    for entry, count in zip(entries, numbers, strict=False):
        entry["count"] = count
    inside = [
        entry
        for entry in entries
        if request.path == entry["url"] or (entry["url"] != "/" and request.path.startswith(entry["url"]))
    ]
    if inside:
        max(inside, key=lambda entry: len(entry["url"]))["active"] = True
    return entries, numbers[len(entries) :]


def in_one_statement(counts: list[Any]) -> list[int | None]:
    """Each set of rows counted, up to a hundred, by one statement; numbers and None stay what they are."""
    parts: list[tuple[int, str]] = []
    values: list[Any] = []
    out = list(counts)
    for index, rows in enumerate(counts):
        if not isinstance(rows, QuerySet):
            continue
        try:
            sql, params = rows.order_by().values("pk")[:MOST].query.sql_with_params()
        except EmptyResultSet:
            out[index] = 0
            continue
        parts.append((index, f"(SELECT count(*) FROM ({sql}) AS counted)"))  # noqa: S608 # nosec B608 # the sql is Django's
        values += params
    if parts:
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(part for _index, part in parts), values)
            for (index, _part), number in zip(parts, cursor.fetchone(), strict=True):
                out[index] = number
    return out


def role_label(user: Any) -> str:
    """The person's role in words: at the partner they act for, or at the vendor."""
    holder = user.membership or user
    return holder.get_role_display() if holder.role else ""
