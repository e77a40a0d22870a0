from django.urls import path

from prm.access import may
from prm.fields import views

app_name = "fields"
urlpatterns = [
    path("", may("manage_fields")(views.CustomFieldList.as_view()), name="fields"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.field, name="field"),
    path("<uuid:pk>/archiving/", views.archiving, name="archiving"),
]
