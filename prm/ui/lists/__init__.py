"""The one way a list page is built: rows a person may see, filters, search, sort, pages and export, all in the address.

    class PartnerList(ListPage):
        title, filterset_class, default_sort = _("Partners"), PartnerFilters, "name"
        columns = [Column("name", _("Partner"), kind="company", link=True, sort="name", phone="title"), …]

        def rows(self):
            return Partner.objects.visible_to(self.request.user)

    urlpatterns = [path("", may("see_partners")(PartnerList.as_view()), name="partners")]

No COUNT is run: a page takes one row more than it shows, to know whether there are further ones.
"""

from prm.ui.lists.bulk import BulkAction, bulk_actions
from prm.ui.lists.columns import Cell, Column
from prm.ui.lists.filters import CountryFilter, CurrencyFilter, DateFilter, Filters, RecordFilter
from prm.ui.lists.page import Action, ListPage, RowAction, Tab

__all__ = ["Action", "BulkAction", "Cell", "Column", "CountryFilter", "CurrencyFilter", "DateFilter", "Filters", "ListPage",
           "RecordFilter", "RowAction", "Tab", "bulk_actions"]  # fmt: skip
