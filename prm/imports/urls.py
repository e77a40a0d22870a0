from django.urls import path

from prm.access import may
from prm.imports import views

app_name = "imports"
urlpatterns = [
    path("", may("import_data")(views.ImportList.as_view()), name="imports"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.show, name="import"),
    path("<uuid:pk>/check/", views.check, name="check"),
    path("<uuid:pk>/run/", views.run, name="run"),
    path("<uuid:pk>/undoing/", views.undoing, name="undoing"),
    path("<uuid:pk>/errors/", views.errors, name="errors"),
]
