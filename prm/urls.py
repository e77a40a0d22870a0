"""Every address of the product."""

from django.urls import include, path

from deals.views.portal import home as portal
from prm.home import home
from prm.search import search
from prm.ui.pick import pick

urlpatterns = [
    path("settings/fields/", include("prm.fields.urls")),
    path("identity/", include("allauth.urls")),
    path("api/v1/", include("prm.api.urls")),
    path("home/", home, name="home"),
    path("portal/", portal, name="portal"),
    path("", include("deals.urls")),
    path("search/", search, name="search"),
    path("pick/<slug:source>/", pick, name="pick"),
    path("partners/", include("partners.urls")),
]
