"""/api/v1/: every app's resources, the OpenAPI document and its page."""

from django.urls import include, path, re_path
from django.utils.module_loading import autodiscover_modules

from prm.api.problems import nothing_here
from prm.api.router import router
from prm.api.schema import documentation, schema

autodiscover_modules("api")

app_name = "api"
urlpatterns = [
    path("", include(router.urls)),
    path("schema/", schema, name="schema"),
    path("docs/", documentation, name="docs"),
    re_path("^(?P<path>(?s:.*))", nothing_here),
]
