"""Addresses of metrics and reports."""

from django.urls import path

from attribution.kpis import views

app_name = "kpis"
urlpatterns = [
    path("", views.reports, name="reports"),
    path("<slug:key>/", views.metric, name="metric"),
    path("<slug:key>/rows/", views.rows, name="rows"),
]
