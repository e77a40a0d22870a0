from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "partners.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        from partners.catalogue import registrations  # noqa: F401
