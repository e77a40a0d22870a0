from django.apps import AppConfig


class KpisConfig(AppConfig):
    name = "attribution.kpis"
    label = "kpis"

    def ready(self) -> None:
        from attribution.kpis import registrations  # noqa: F401
