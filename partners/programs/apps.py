from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "partners.programs"
    label = "programs"

    def ready(self) -> None:
        from partners.programs import registrations  # noqa: F401
