"""Addresses of conflicts."""

from django.urls import path

from deals.conflicts import views

app_name = "conflicts"
urlpatterns = [
    path("", views.conflict_list, name="conflicts"),
    path("<uuid:pk>/", views.conflict, name="conflict"),
    path("<uuid:pk>/dismissal/", views.dismiss, name="dismiss"),
    path("<uuid:pk>/settlement/", views.settle, name="settle"),
    path("<uuid:pk>/reopening/", views.reopen, name="reopen"),
]
