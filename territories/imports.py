"""Customers from files, with their other names, domains, numbers, address and parents."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.events.record import enqueue
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, folded, register
from prm.imports.values import choice, number, several, text, wrong
from territories import official_ids
from territories.models import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName
from territories.models.customer import CustomerLevel

SCHEMES = ("vat", "siren", "siret", "lei", "duns")
PLACE = ("street", "postcode", "city", "region")


def official(scheme: str):
    """An official number of this kind, compact, its digits checked."""

    def parse(cell: Any, writing: values.Writing) -> str:
        try:
            return official_ids.compact(scheme, str(cell))
        except ValueError:
            raise wrong("invalid_identifier", _("This is not a valid number of this kind; check its digits.")) from None

    return parse


def whole(cell: Any, writing: values.Writing) -> str:
    """A number that is written like a text: a year, a postal code kept as it stands."""
    return text(20)(cell, writing)


@register
class Customers(ImportKind):
    name, label, model, capability, list_url, order = (
        "customers",
        gettext_lazy("Customers"),
        Customer,
        "manage_customers",
        "territories:customers",
        20,
    )
    keys = [("external_id",), ("siret",), ("siren",), ("vat",), ("lei",), ("duns",), ("name", "country"), ("name",)]
    columns = [
        Column(
            "name",
            gettext_lazy("Customer"),
            text(200),
            required=True,
            aliases=("account", "account name", "company", "company name", "raison sociale"),
        ),
        Column(
            "alias", gettext_lazy("Other names"), several(text(200)), attr="", aliases=("enseigne", "also known as")
        ),
        Column(
            "domain",
            gettext_lazy("Domains"),
            several(values.domain),
            attr="",
            aliases=("company domain name", "website domain", "domaine"),
        ),
        *(
            Column(scheme, label, official(scheme), attr="")
            for scheme, label in official_ids.SCHEMES
            if scheme in SCHEMES
        ),
        Column("level", gettext_lazy("level"), choice(CustomerLevel)),
        Column(
            "country",
            gettext_lazy("country"),
            values.country,
            aliases=("country/region", "billing country", "office location", "pays"),
        ),
        Column("industry", gettext_lazy("industry"), text(80), aliases=("sector", "secteur")),
        Column("segment", gettext_lazy("segment"), text(40)),
        Column(
            "employees",
            gettext_lazy("employees"),
            number(0, 2_147_483_647, whole=True),
            aliases=("number of employees", "effectif"),
        ),
        Column("annual_revenue", gettext_lazy("annual revenue"), values.amount, aliases=("revenue",)),
        Column(
            "founded",
            gettext_lazy("founded"),
            number(1000, 2200, whole=True),
            aliases=("year founded", "year established"),
        ),
        Column("website", gettext_lazy("website"), values.url, aliases=("website url", "site web")),
        Column("phone", gettext_lazy("telephone"), text(40), aliases=("phone number", "phone")),
        Column("house_account", gettext_lazy("reserved for direct sales"), values.flag),
        Column(
            "street",
            gettext_lazy("street"),
            text(300),
            attr="",
            aliases=("street address", "billing street", "adresse"),
        ),
        Column(
            "postcode",
            gettext_lazy("postcode"),
            whole,
            attr="",
            aliases=("postal code", "zip", "billing zip/postal code", "code postal", "cp"),
        ),
        Column("city", gettext_lazy("city"), text(100), attr="", aliases=("billing city", "ville")),
        Column("region", gettext_lazy("region"), text(10), attr=""),
        Column(
            "parent",
            gettext_lazy("Part of"),
            text(200),
            attr="",
            aliases=("parent account", "parent company", "subsidiary of", "société mère"),
            reference=Reference(Customer, same_file=True),
        ),
    ]

    def find(self, key: tuple[str, ...], rows: list[Row], user: Any) -> dict[tuple, list[Any]]:
        if key[0] not in SCHEMES:
            return super().find(key, rows, user)
        found: dict[tuple, list[Any]] = {}
        numbers = CustomerIdentifier.objects.filter(
            scheme=key[0], value__in={row.values[key[0]] for row in rows}, customer__in=self.editable(user)
        )
        for number_ in numbers.select_related("customer"):
            found.setdefault((folded(number_.value),), []).append(number_.customer)
        return found

    def compare(self, rows: list[Row], run: Any) -> None:
        """Numbers belong to one customer; on customers that exist, what is missing is added and nothing taken away."""
        self.refuse_numbers_of_others(rows)
        existing = [row for row in rows if row.record is not None and run.mapping.existing != "skip"]
        parts = self.parts_of(existing)
        parents = self.parents_of(existing)
        for row in existing:
            row.touched = bool(self.missing(row, parts))
            parent = row.values.get("parent")
            if parent is not None and parent.pk not in parents[row.record.pk]:
                row.later["parent"] = parent
            elif "parent" in row.later and row.later["parent"].lower() in parents[row.record.pk]:
                del row.later["parent"]
        for row in rows:
            if row.record is None and "parent" in row.values:
                row.later["parent"] = row.values["parent"]

    def refuse_numbers_of_others(self, rows: list[Row]) -> None:
        given = [(row, scheme, row.values[scheme]) for row in rows for scheme in SCHEMES if scheme in row.values]
        if not given:
            return
        owners: dict[tuple[str, str], Any] = {
            (scheme, value): customer
            for scheme, value, customer in CustomerIdentifier.objects.filter(
                value__in={value for _row, _scheme, value in given}
            ).values_list("scheme", "value", "customer_id")
        }
        for row, scheme, value in given:
            owner = owners.setdefault((scheme, value), row.record.pk if row.record else row.line)
            if owner != (row.record.pk if row.record else row.line):
                row.refuse(scheme, "number_taken", _("Another customer has this number."))

    @staticmethod
    def parts_of(rows: list[Row]) -> dict[Any, set]:
        """What these customers have: ("name", …), ("domain", …), (scheme, …), and their addresses."""
        ids = [row.record.pk for row in rows]
        parts: dict[Any, set] = defaultdict(set)
        if ids:
            for pk, name in CustomerName.objects.filter(customer__in=ids).values_list("customer_id", "name"):
                parts[pk].add(("name", name))
            for pk, domain in CustomerDomain.objects.filter(customer__in=ids).values_list("customer_id", "domain"):
                parts[pk].add(("domain", domain))
            for pk, scheme, value in CustomerIdentifier.objects.filter(customer__in=ids).values_list(
                "customer_id", "scheme", "value"
            ):
                parts[pk].add((scheme, value))
            for pk, *place in CustomerAddress.objects.filter(customer__in=ids).values_list("customer_id", *PLACE):
                parts[pk].add(("place", *place))
        return parts

    @staticmethod
    def parents_of(rows: list[Row]) -> dict[Any, set]:
        """Ids and names of the parents these customers have."""
        found: dict[Any, set] = defaultdict(set)
        links = Customer.parents.through.objects.filter(from_customer__in=[row.record.pk for row in rows])
        for child, parent, name in links.values_list("from_customer_id", "to_customer_id", "to_customer__name"):
            found[child] |= {parent, name.lower()}
        return found

    @staticmethod
    def missing(row: Row, parts: dict[Any, set]) -> set:
        """What the row says of the customer that is not known yet."""
        given = {("name", name) for name in row.get("alias", []) if name.casefold() != row.values["name"].casefold()}
        given |= {("domain", domain) for domain in row.get("domain", [])}
        given |= {(scheme, row.values[scheme]) for scheme in SCHEMES if scheme in row.values}
        place = tuple(row.get(name, "") for name in PLACE)
        if any(place):
            given.add(("place", *place))
        return given - parts[row.record.pk if row.record else None]

    def created(self, rows: list[Row], run: Any) -> None:
        self.add(rows, defaultdict(set))

    def updated(self, rows: list[Row], run: Any) -> None:
        touched = [row for row in rows if row.touched]
        for row, part in self.add(touched, self.parts_of(touched)):
            row.made.append((part._meta.label, str(part.pk)))

    def add(self, rows: list[Row], parts: dict[Any, set]) -> list[tuple[Row, Model]]:
        """Add what is missing, one statement for each kind of part."""
        made: list[tuple[Row, Model]] = []
        for row in rows:
            for part in sorted(self.missing(row, parts)):
                made.append((row, self.part(row, *part)))
        models: tuple[Any, ...] = (CustomerName, CustomerDomain, CustomerIdentifier, CustomerAddress)
        for model in models:
            model._default_manager.bulk_create(
                [part for _row, part in made if isinstance(part, model)], batch_size=2000
            )
        return made

    @staticmethod
    def part(row: Row, kind: str, *value: str) -> Model:
        if kind == "name":
            return CustomerName(customer=row.record, name=value[0])
        if kind == "domain":
            return CustomerDomain(customer=row.record, domain=value[0])
        if kind == "place":
            return CustomerAddress(
                customer=row.record, country=row.record.country, **dict(zip(PLACE, value, strict=True))
            )
        return CustomerIdentifier(customer=row.record, scheme=kind, value=value[0])

    def link(self, rows: list[tuple[Any, dict[str, Any]]], found: dict[str, Any]) -> dict[Any, list[tuple[str, Any]]]:
        """Subsidiaries get their parent: a customer of this file, or one that was there."""
        wanted = {later["parent"].lower() for _pk, later in rows if "parent" in later} - set(found)
        known = {
            name.lower(): pk
            for name, pk in Customer.objects.filter(
                name__in=[later["parent"] for _pk, later in rows if "parent" in later]
            ).values_list("name", "pk")
            if name.lower() in wanted
        }
        parents = {**known, **found}
        link = Customer.parents.through
        pairs = {
            (pk, parents[later["parent"].lower()])
            for pk, later in rows
            if "parent" in later and parents.get(later["parent"].lower()) not in (None, pk)
        }
        there = link.objects.filter(from_customer__in=[pk for pk, _parent in pairs])
        pairs -= set(there.values_list("from_customer_id", "to_customer_id"))
        links = link.objects.bulk_create(
            [link(from_customer_id=pk, to_customer_id=parent) for pk, parent in sorted(pairs)]
        )
        return {one.from_customer_id: [(link._meta.label, one.pk)] for one in links}

    def restored(self, rows: list[tuple[Any, dict[str, Any]]], record: Any) -> None:
        if rows:
            enqueue("matching.index_customers", ids=[str(customer.pk) for customer, _before in rows])

    def saved(self, rows: list[Row], run: Any) -> None:
        """Customers are recognised by their keys: index the new and changed ones."""
        ids = [str(row.record.pk) for row in rows if row.action in ("created", "updated")]
        if ids:
            enqueue("matching.index_customers", ids=ids)


from territories import territory_imports  # noqa: E402, F401  (declares territories beside customers)
