"""Addresses of conflicts."""

from django.urls import path

from deals.conflicts import views

app_name = "conflicts"
urlpatterns = [
    path("<uuid:pk>/dismissal/", views.dismiss, name="dismiss"),
]
