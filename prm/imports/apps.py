from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ImportsConfig(AppConfig):
    name = "prm.imports"

    def ready(self) -> None:
        from prm.imports import registrations  # noqa: F401

        autodiscover_modules("imports")  # each app's kinds
