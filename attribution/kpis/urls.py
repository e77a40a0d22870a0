"""Addresses of metrics and reports."""

from django.urls import URLPattern

app_name = "kpis"
urlpatterns: list[URLPattern] = []
