"""Who covers which country: a map and the same facts in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from partners.catalogue.models import ProductLine
from partners.views import vendor_may
from territories.coverage import Question, cover, holders_of
from territories.models import AssignmentKind, Customer, Territory, TerritoryAssignment, TerritoryRule
from territories.views.territory import page_tabs
from territories.wording import EXCLUSIVE, OPEN, SHARED, UNASSIGNED

COLOURS = 8
NAMED = 3  # holders of a shared country said by name
VIEWS = {"europe": (1000, 932), "world": (1200, 511)}  # the sizes frontend/maps.mjs draws


@dataclass
class Country:
    """One country as the map shows it."""

    code: str
    name: str
    territory: Territory | None
    assignments: list[TerritoryAssignment]
    customers: int = 0
    parts: int = 0  # territories that rules of its regions, postal codes or named customers carve out
    colour: str = ""
    url: str = ""

    @property
    def holders(self) -> str:
        return ", ".join(str(row.holder) for row in self.assignments)

    @property
    def in_short(self) -> str:
        """The holders, the first few by name."""
        names = [str(row.holder) for row in self.assignments]
        left = len(names) - NAMED
        if left < 2:
            return ", ".join(names)
        return ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", left) % {
            "names": ", ".join(names[:NAMED]),
            "n": left,
        }

    @property
    def shape(self) -> str:
        return f"r{countries.numeric(self.code, padded=True) or self.code}"

    @property
    def state(self) -> str:
        if self.territory is None:
            return UNASSIGNED
        kinds = {row.kind for row in self.assignments}
        return SHARED if AssignmentKind.SHARED in kinds else EXCLUSIVE if self.assignments else OPEN

    @property
    def is_direct(self) -> bool:
        return bool(self.assignments) and all(row.team_id for row in self.assignments)

    @property
    def words(self) -> str:
        """What a screen reader says, and the table."""
        if self.state == UNASSIGNED:
            return _("no territory")
        if self.state == OPEN:
            return _("open")
        if self.state == SHARED:
            return _("shared by %(holders)s") % {"holders": self.in_short}
        return self.in_short

    @property
    def label(self) -> str:
        return _("%(country)s — %(state)s") % {"country": self.name, "state": self.words}


def covered(user: Any, line: ProductLine | None) -> list[Country]:
    """Every country with a territory or a customer, by name."""
    customers = dict(
        Customer.objects.visible_to(user)
        .exclude(country="")
        .order_by()
        .values_list("country")
        .annotate(n=Count("pk"))
        .values_list("country", "n")
    )
    rules = TerritoryRule.objects.visible_to(user).in_force().exclude(country="")
    parts = dict(
        rules.exclude(region="", postal_prefix="")
        .order_by()
        .values_list("country")
        .annotate(n=Count("territory", distinct=True))
    )
    codes = list(countries.countries)
    answers = cover([Question(country=code, line=line.pk if line else None) for code in codes])
    wanted = {answer[0] for answer in answers if answer}
    territories = Territory.objects.visible_to(user).in_bulk(wanted)
    held = holders_of(wanted)
    today = Question().on
    rows = []
    for code, answer in zip(codes, answers, strict=True):
        if answer is None and code not in customers:
            continue
        assignments = [
            row
            for row in held.get(answer[0] if answer else None, [])
            if row.is_in_force(today) and row.kind != AssignmentKind.OVERLAY
        ]
        rows.append(
            Country(
                code,
                str(countries.name(code)),
                territories.get(answer[0]) if answer else None,
                assignments,
                customers.get(code, 0),
                parts.get(code, 0),
            )
        )
    return sorted(rows, key=lambda row: row.name)


def coloured(rows: Iterable[Country]) -> list[dict[str, Any]]:
    """Give the holders of most countries a colour each; returns the key of the map."""
    rows = list(rows)
    many = Counter(row.holders for row in rows if row.holders and not row.is_direct)
    names = sorted(many, key=lambda name: (-many[name], name))
    colours = {name: f"map-{n}" if n < COLOURS else "map-other" for n, name in enumerate(names)}
    for row in rows:
        row.colour = "map-direct" if row.is_direct else colours.get(row.holders, "")
    in_short = {row.holders: row.in_short for row in rows}
    shared = {row.holders for row in rows if row.state == SHARED}
    key: list[dict[str, Any]] = [
        {
            "colour": colours[name],
            "label": _("Shared: %(names)s") % {"names": in_short[name]} if name in shared else in_short[name],
            "dotted": name in shared,
        }
        for name in names[:COLOURS]
    ]
    if len(names) > COLOURS:
        key.append({"colour": "map-other", "label": _("Others")})
    if any(row.is_direct for row in rows):
        key.append({"colour": "map-direct", "label": _("Direct")})
    if any(row.state == OPEN for row in rows):
        key.append({"open": True, "label": _("Open")})
    return key


@vendor_may("see_territories")
def country_map(request: HttpRequest) -> HttpResponse:
    """The map of the world or of Europe; a product line, where territories differ by line; one country looked at closely."""
    asked = {name: request.GET.get(name, "").replace("\x00", "")[:40] for name in ("view", "line", "country")}
    view = asked["view"] if asked["view"] in VIEWS else "europe"
    lines = list(ProductLine.objects.visible_to(request.user))
    line = next((row for row in lines if str(row.pk) == asked["line"]), None)
    rows = covered(request.user, line)

    def address(**changes: str) -> str:
        query = {"view": view, "line": str(line.pk) if line else "", "country": asked["country"], **changes}
        return f"{reverse('territories:map')}?{urlencode({name: value for name, value in query.items() if value})}"

    for row in rows:
        row.url = address(country=row.code)
    key = coloured(rows)
    width, height = VIEWS[view]
    return render(
        request,
        "territories/map.html",
        {
            "page_tabs": page_tabs("territories:map"),
            "views": [
                {"label": label, "url": address(view=name), "active": name == view}
                for name, label in (("europe", _("Europe")), ("world", _("World")))
            ],
            "view": view,
            "file": f"map-{view}.svg",
            "box": f"0 0 {width} {height}",
            "rows": rows,
            "areas": [row for row in rows if row.territory],
            "open": [row for row in rows if row.state == OPEN],
            "key": key,
            "lines": lines,
            "line": line,
            "chosen": next((row for row in rows if row.code == asked["country"]), None),
            "may_assign": request.user.may("assign_territories"),
        },
    )
