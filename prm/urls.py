"""Every address of the product."""

from django.urls import include, path

urlpatterns = [
    path("identity/", include("allauth.urls")),
]
