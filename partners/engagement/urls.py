"""Addresses of activities and of the calendar."""

from django.urls import path

from partners.engagement import calendar, views

app_name = "engagement"
urlpatterns = [
    path("", views.tasks, name="tasks"),
    path("new/", views.new, name="new"),
    path("calendar/", calendar.page, name="calendar"),
    path("calendar/<str:token>.ics", calendar.feed, name="feed"),
    path("<uuid:pk>/", views.activity, name="activity"),
    path("<uuid:pk>/completion/", views.completion, name="completion"),
    path("<uuid:pk>/reopening/", views.reopening, name="reopening"),
    path("<uuid:pk>/deletion/", views.deletion, name="deletion"),
]
