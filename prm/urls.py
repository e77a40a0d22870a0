"""Every address of the product."""

from django.urls import include, path

from prm.home import happened, home, portal
from prm.search import search
from prm.ui.help import guide
from prm.ui.pick import pick

urlpatterns = [
    path("api/v1/", include("prm.api.urls")),
    path("settings/jobs/", include("prm.jobs.urls")),
    path("imports/", include("prm.imports.urls")),
    path("settings/fields/", include("prm.fields.urls")),
    path("", include("partners.people.profile_urls")),
    path("", include("partners.people.urls")),
    path("", include("prm.installation.urls")),
    path("", include("prm.notify.urls")),
    path("identity/", include("partners.identity_urls")),
    path("home/", home, name="home"),
    path("home/happened/", happened, name="happened"),
    path("portal/", portal, name="portal"),
    path("", include("deals.urls")),
    path("conflicts/", include("deals.conflicts.urls")),
    path("", include("attribution.urls")),
    path("metrics/", include("attribution.kpis.urls")),
    path("activities/", include("partners.engagement.urls")),
    path("views/", include("prm.ui.urls")),
    path("help/", guide, name="help"),
    path("help/<slug:name>/", guide, name="guide"),
    path("search/", search, name="search"),
    path("pick/<slug:source>/", pick, name="pick"),
    path("partners/", include("partners.urls")),
    path("programs/", include("partners.programs.urls")),
    path("catalogue/", include("partners.catalogue.urls")),
    path("", include("territories.urls")),
    path("settings/exchange-rates/", include("prm.money.urls")),
]

handler400 = "prm.ui.errors.bad_request"
handler403 = "prm.ui.errors.permission_denied"
handler404 = "prm.ui.errors.not_found"
handler500 = "prm.ui.errors.server_error"
