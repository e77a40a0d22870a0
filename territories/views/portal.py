"""What a partner reads of territories: its own, with the last day; never the tree, never who else."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from prm.access import may, portal_only
from prm.ui.lists import Column, Filters, ListPage
from territories.models import TerritoryAssignment


class OwnTerritories(ListPage):
    title = gettext_lazy("Our territories")
    lead = gettext_lazy("Where your company is assigned to sell actively.")
    icon = "map-2"
    filterset_class = Filters
    default_sort = "territory_name"
    export_name = "our-territories"
    empty_title = gettext_lazy("No territory is assigned to your company")
    empty_text = gettext_lazy("Ask your channel manager where you may sell.")
    columns = [
        Column("territory_name", gettext_lazy("Territory"), sort="territory_name", phone="title"),
        Column(
            "period",
            gettext_lazy("Last day"),
            kind="last_day",
            sort="period",
            phone="detail",
            value=lambda row: row.period if row.period.upper else None,
        ),
    ]

    def rows(self):
        return TerritoryAssignment.objects.visible_to(self.request.user).defer("territory")


own_territories = portal_only(may("see_registrations")(OwnTerritories.as_view()))
