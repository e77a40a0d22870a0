"""Partners from files."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Partner, PartnerGroup, PartnerStatus, User
from partners.models.partner import PartnerType
from prm.imports import values
from prm.imports.kinds import Column, ImportKind, Reference, Row, register
from prm.imports.values import choice, several, text


@register
class Partners(ImportKind):
    name, label, model, capability, list_url, order = (
        "partners",
        gettext_lazy("Partners"),
        Partner,
        "manage_partners",
        "partners:partners",
        10,
    )
    keys = [("external_id",), ("name", "country"), ("name",)]
    columns = [
        Column(
            "name",
            gettext_lazy("Partner"),
            text(200),
            required=True,
            aliases=("company", "company name", "account name", "partner name", "raison sociale"),
        ),
        Column("legal_name", gettext_lazy("legal name"), text(200)),
        Column("types", gettext_lazy("types"), several(choice(PartnerType)), aliases=("type", "partner type")),
        Column("status", gettext_lazy("status"), choice(PartnerStatus)),
        Column(
            "country", gettext_lazy("country"), values.country, aliases=("country/region", "billing country", "pays")
        ),
        Column("countries", gettext_lazy("sells in"), several(values.country, 250)),
        Column("languages", gettext_lazy("languages"), several(text(5))),
        Column("domains", gettext_lazy("domains"), several(values.domain), aliases=("company domain name", "domain")),
        Column("specialities", gettext_lazy("specialities"), several(text(80))),
        Column("address", gettext_lazy("address"), text(300), aliases=("street address", "billing street")),
        Column("city", gettext_lazy("city"), text(100), aliases=("billing city", "ville")),
        Column("phone", gettext_lazy("telephone"), text(40), aliases=("phone number",)),
        Column("website", gettext_lazy("website"), values.url, aliases=("website url", "site web")),
        Column(
            "group",
            gettext_lazy("group"),
            text(200),
            aliases=("parent company", "parent account"),
            reference=Reference(PartnerGroup, create=lambda name, row: PartnerGroup(name=name)),
        ),
        Column(
            "channel_manager",
            gettext_lazy("channel manager"),
            values.email,
            aliases=("owner email",),
            reference=Reference(User, by=("email",)),
        ),
    ]

    def compare(self, rows: list[Row], run: Any) -> None:
        """A status moves only as the partner's own verb allows."""
        for row in rows:
            status = row.changes.get("status")
            if row.record and status and status not in Partner.TRANSITIONS[PartnerStatus(row.record.status)]:
                row.refuse(
                    "status",
                    "status_not_allowed",
                    _("A partner that is %(old)s cannot become %(new)s.")
                    % {"old": row.record.get_status_display(), "new": PartnerStatus(status).label},
                )

    def similar(self, rows: list[Row], run: Any) -> list[tuple[Row, str]]:
        """By name, or by a domain of theirs."""
        names = {row.values["name"].lower() for row in rows}
        domains = {domain for row in rows for domain in row.get("domains", [])}
        seen = Partner.objects.all() if run.user is None else Partner.objects.visible_to(run.user)
        there = seen.annotate(lower=Lower("name")).filter(Q(lower__in=names) | Q(domains__overlap=list(domains)))
        known: dict[str, str] = {}
        for partner in there:
            known |= dict.fromkeys([partner.name.lower(), *partner.domains], partner.name)
        found = []
        for row in rows:
            like = [known[word] for word in (row.values["name"].lower(), *row.get("domains", [])) if word in known]
            if like:
                found.append((row, like[0]))
        return found
