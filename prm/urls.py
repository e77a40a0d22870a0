"""Every address of the product."""

from django.urls import include, path

from prm.home import home
from prm.search import search
from prm.ui.pick import pick

urlpatterns = [
    path("settings/fields/", include("prm.fields.urls")),
    path("identity/", include("allauth.urls")),
    path("home/", home, name="home"),
    path("search/", search, name="search"),
    path("pick/<slug:source>/", pick, name="pick"),
    path("partners/", include("partners.urls")),
]
