"""Territories from files: the node, what belongs to it, who holds it; a row a territory, known again by its code."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from prm import events
from prm.calendar import business_today
from prm.errors import RuleViolation
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register, unknown
from prm.imports.values import choice, number, several, text
from territories.models import AssignmentKind, Territory, TerritoryAssignment, TerritoryRule

CRITERIA = ("country", "region", "postal_prefix", "product_line_id", "industry", "segment", "priority", "include")


@register
class Territories(ImportKind):
    name, label, model, capability, list_url, order = (
        "territories",
        gettext_lazy("Territories"),
        Territory,
        "manage_territories",
        "territories:territories",
        25,
    )
    keys = [("code",), ("external_id",)]
    columns = [
        Column("code", gettext_lazy("code"), text(40), required=True, aliases=("territory code", "code territoire")),
        Column(
            "name", gettext_lazy("Territory"), text(120), required=True, aliases=("territory name", "nom", "territoire")
        ),
        Column(
            "parent",
            gettext_lazy("Part of"),
            text(40),
            reference=Reference(Territory, by=("code",), same_file=True),
            aliases=("parent code", "parent territory"),
        ),
        Column("holders", gettext_lazy("exclusive holders"), number(1, 100, whole=True)),
        Column("active", gettext_lazy("in use"), values.flag),
        Column("countries", gettext_lazy("countries"), several(values.country), attr="", aliases=("country", "pays")),
        Column("regions", gettext_lazy("regions"), several(text(20)), attr="", aliases=("region", "région")),
        Column(
            "postal_prefixes",
            gettext_lazy("postal codes that begin with"),
            several(text(10)),
            attr="",
            aliases=("postal codes", "code postal"),
        ),
        Column(
            "product_lines",
            gettext_lazy("product lines"),
            several(text(200)),
            attr="",
            aliases=("product line", "gamme"),
        ),
        Column("industry", gettext_lazy("industry"), text(80), attr=""),
        Column("segment", gettext_lazy("segment"), text(40), attr=""),
        Column("priority", gettext_lazy("priority"), number(-1000, 1000, whole=True), attr=""),
        Column(
            "partner",
            gettext_lazy("Partner"),
            text(200),
            attr="",
            reference=Reference(Partner),
            aliases=("assigned to", "partenaire"),
        ),
        Column("team", gettext_lazy("Team"), text(200), attr="", reference=Reference(Team)),
        Column("kind", gettext_lazy("How"), choice(AssignmentKind), attr="", aliases=("assignment",)),
        Column("assigned_from", gettext_lazy("First day"), values.day, attr="", aliases=("from", "du")),
        Column("assigned_until", gettext_lazy("Last day"), values.day, attr="", aliases=("until", "au")),
    ]

    def name_of(self, row: Row) -> str:
        return str(row.get("code") or "")

    def check(self, row: Row) -> None:
        for name in ("regions", "postal_prefixes"):
            if name in row.values:
                row.values[name] = ["".join(part.upper().split()) for part in row.values[name]]
        probe = Territory(code=row.values["code"], name=row.values["name"])
        for error in problems(probe, "code"):
            row.refuse("code", "invalid", error)
        for region in row.get("regions", []):
            for error in problems(TerritoryRule(region=region), "region")[:1]:
                row.refuse("regions", "invalid", error)
        if row.get("postal_prefixes") and len(row.get("countries", [])) != 1:
            row.refuse("postal_prefixes", "country_needed", _("Postal codes need one country."))
        if row.get("partner") and row.get("team"):
            row.refuse("team", "one_holder", _("Choose a partner or a team, one of the two."))
        first, last = row.get("assigned_from"), row.get("assigned_until")
        if first and last and last < first:
            row.refuse("assigned_until", "dates_reversed", _("The last day is before the first."))

    def compare(self, rows: list[Row], run: Any) -> None:
        """Rules and assignments that are missing are added; nothing is taken away."""
        offered = ProductLine.objects.all() if run.user is None else ProductLine.objects.visible_to(run.user)
        lines = {line.name.lower(): line for line in offered}
        known = [row.record for row in rows if row.record is not None]
        rules: dict[Any, set] = {}
        today = business_today()
        for rule in TerritoryRule.objects.filter(territory__in=known).not_over(today):
            rules.setdefault(rule.territory_id, set()).add(
                tuple(
                    getattr(rule.country, "code", "") or "" if name == "country" else getattr(rule, name)
                    for name in CRITERIA
                )
            )
        for row in rows:
            named = row.get("product_lines", [])
            missing = [name for name in named if name.lower() not in lines]
            if missing:
                error = unknown(missing[0])
                row.refuse("product_lines", error.code, error.messages[0])
                continue
            parent = row.get("parent")
            if row.record and parent and f"{parent.path}/".startswith(f"{row.record.path}/"):
                row.refuse("parent", "territory_cycle", _("A territory cannot be part of itself."))
                continue
            if parent and (row.record is None or "parent" in row.changes):
                row.before["under"] = parent.code  # for ``at_odds``
            wanted = [values for values in self.wanted(row, lines) if values]
            has = rules.get(row.record.pk, set()) if row.record else set()
            row.values["new_rules"] = [values for values in wanted if values not in has]
            row.values["new_holder"] = self.holder(row)
            row.touched = bool(row.record and (row.values["new_rules"] or row.values["new_holder"]))

    @staticmethod
    def wanted(row: Row, lines: dict[str, ProductLine]) -> list[tuple]:
        """The rules a row stands for: each place with each product line."""
        places: list[tuple[str, str, str]] = [(region[:2], region, "") for region in row.get("regions", [])]
        countries = row.get("countries", [])
        if row.get("postal_prefixes"):
            places += [(countries[0], "", prefix) for prefix in row.values["postal_prefixes"]]
        elif not places or any(country not in {place[0] for place in places} for country in countries):
            places += [(country, "", "") for country in countries if country not in {place[0] for place in places}]
        named: list[Any] = [lines[name.lower()].pk for name in row.get("product_lines", [])]
        rest = (row.get("industry", ""), row.get("segment", ""), int(row.get("priority", 0)), True)
        if not (places or named or rest[0] or rest[1]):
            return []
        return [(*place, line, *rest) for place, line in product(places or [("", "", "")], named or [None])]

    @staticmethod
    def holder(row: Row) -> dict[str, Any] | None:
        """The assignment a row asks for, unless it is there; refused where somebody else stands in the way."""
        side = "partner" if row.get("partner") else "team" if row.get("team") else ""
        if not side:
            return None
        first, last = row.get("assigned_from") or business_today(), row.get("assigned_until")
        period = DateRange(first, last + timedelta(days=1) if last else None)
        made = {side: row.values[side], "kind": row.get("kind") or AssignmentKind.EXCLUSIVE, "period": period}
        if row.record is not None:
            there = TerritoryAssignment.objects.filter(territory=row.record, period__overlap=period)
            if there.filter(**{side: row.values[side]}).exists():
                return None
            try:
                TerritoryAssignment(territory=row.record, **made).refuse_overlaps()
            except RuleViolation as error:
                row.refuse(side, error.code, error.message)
        return made

    def created(self, rows: list[Row], run: Any) -> None:
        self.add(rows)

    def updated(self, rows: list[Row], run: Any) -> None:
        for row, made in self.add(rows):
            row.made.append((made._meta.label, str(made.pk)))

    def add(self, rows: list[Row]) -> list[tuple[Row, Any]]:
        """Write the rules and assignments that are missing."""
        today = business_today()
        out: list[tuple[Row, Any]] = []
        for row in rows:
            for values_ in row.get("new_rules", []):
                rule = TerritoryRule(
                    territory=row.record,
                    period=DateRange(row.get("assigned_from") or today, None),
                    **dict(zip(CRITERIA, values_, strict=True)),
                )
                out.append((row, rule))
            if row.get("new_holder"):
                out.append((row, TerritoryAssignment(territory=row.record, **row.values["new_holder"])))
        kinds: tuple[Any, ...] = (TerritoryRule, TerritoryAssignment)
        for model in kinds:
            model._default_manager.bulk_create([made for _row, made in out if isinstance(made, model)])
        return out

    def at_odds(self, rows: QuerySet) -> list[tuple[Any, str, Any]]:
        """Territories that these rows, taken together, would put below themselves."""
        above = dict(Territory.objects.values_list(Lower("code"), Lower("parent__code")))
        moved = {
            row.label.lower(): (row, str(up).lower())
            for row in rows
            if (up := row.later.get("parent") or row.before.get("under"))
        }
        above |= {code: up for code, (_row, up) in moved.items()}
        circles = []
        for code, (row, up) in moved.items():
            seen: set[str] = set()
            at: str | None = up
            while at and at != code and at not in seen:
                seen.add(at)
                at = above.get(at)
            if at == code:
                circles.append(
                    (row, "parent", values.wrong("territory_cycle", _("A territory cannot be part of itself.")))
                )
        return circles

    def link(self, rows: list[tuple[Any, dict[str, Any]]], found: dict[str, Any]) -> dict:
        """Put territories under others of this file; where the tree has changed meanwhile, one stays where it is."""
        for pk, later in rows:
            parent = found.get(later.get("parent", "").lower())
            if parent is None:
                continue
            try:
                with transaction.atomic():
                    Territory.objects.filter(pk=pk).update(parent=parent)
            except IntegrityError:
                continue
        return {}

    def saved(self, rows: list[Row], run: Any) -> None:
        """Tell what changed: open registrations there are looked at again."""
        for row in rows:
            if row.action in ("created", "updated"):
                events.record(
                    row.record, "created" if row.action == "created" else "changed", by=run.user, source="import"
                )


def problems(record: Any, field: str) -> list[str]:
    """What a model says of one value."""
    try:
        record._meta.get_field(field).run_validators(getattr(record, field))
    except ValidationError as error:
        return error.messages
    return []
