from django.apps import AppConfig


class FieldsConfig(AppConfig):
    name = "prm.fields"

    def ready(self) -> None:
        from prm.fields import registrations  # noqa: F401
