from django.urls import include, path

from prm import health
from prm.access import may
from prm.installation import views

pages = [
    path("brand/<str:name>", views.logo, name="logo"),
    path("settings/branding/", views.branding, name="branding"),
    path("settings/security/", views.security, name="security"),
    path("settings/background/", may("see_jobs")(views.ErrandList.as_view()), name="errands"),
    path("settings/background/<uuid:pk>/", views.errand, name="errand"),
    path("settings/background/<uuid:pk>/revival/", views.errand_revival, name="errand_revival"),
]

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("brand.css", views.brand_css, name="brand_css"),
    path("", include((pages, "installation"))),
]
