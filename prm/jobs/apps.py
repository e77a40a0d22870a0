from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "prm.jobs"

    def ready(self) -> None:
        from prm.jobs import registrations  # noqa: F401
