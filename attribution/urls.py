"""Addresses of leads, touchpoints and credit."""

from django.urls import URLPattern

app_name = "attribution"
urlpatterns: list[URLPattern] = []
