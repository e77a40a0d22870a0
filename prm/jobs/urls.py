from django.urls import path

from prm.access import allowed
from prm.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", allowed(lambda user: user.is_authenticated)(views.JobList.as_view()), name="jobs"),
    path("<uuid:pk>/", views.job, name="job"),
    path("<uuid:pk>/cancellation/", views.cancellation, name="cancellation"),
]
