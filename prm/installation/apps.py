from django.apps import AppConfig


class InstallationConfig(AppConfig):
    name = "prm.installation"

    def ready(self) -> None:
        from prm.installation import registrations  # noqa: F401
