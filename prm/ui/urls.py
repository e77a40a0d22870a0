"""Addresses of saved views."""

from django.urls import path

from prm.ui import views

app_name = "views"
urlpatterns = [
    path("<uuid:pk>/", views.change, name="change"),
    path("<uuid:pk>/deletion/", views.deletion, name="deletion"),
    path("<uuid:pk>/opening/", views.opening, name="opening"),
]
