"""Before an import makes customers: which of them look like one there is, by the keys that find conflicts."""

from __future__ import annotations

from typing import Any

from prm.imports.kinds import Row, lookalikes
from territories import official_ids
from territories.matching.keys import Keys, keys, sharing
from territories.models import Customer


def keys_of(row: Row) -> Keys:
    country = row.get("country") or ""
    return keys(
        names=[row.values["name"], *row.get("alias", [])],
        domains=row.get("domain", []),
        numbers=[row.values[scheme] for scheme, _label in official_ids.SCHEMES if scheme in row.values],
        countries=[getattr(country, "code", country)],
    )


def similar_customers(rows: list[Row], run: Any) -> list[tuple[Row, str]]:
    """The rows that share an official number, a domain, or name and country with a customer, and its name."""
    by_line = {row.line: keys_of(row) for row in rows}
    shared = sharing(set().union(*by_line.values()), "customer")
    owners = {key: pk for pk, found in shared.items() for key in found}
    names = dict(Customer.objects.filter(pk__in=shared).values_list("pk", "name"))
    found = []
    for row in rows:
        like = sorted({names[owners[key]] for key in by_line[row.line] if owners.get(key) in names})
        if like:
            found.append((row, like[0]))
    return found


lookalikes["customers"] = similar_customers
