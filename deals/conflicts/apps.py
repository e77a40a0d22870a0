from django.apps import AppConfig


class ConflictsConfig(AppConfig):
    name = "deals.conflicts"
    label = "conflicts"

    def ready(self) -> None:
        from deals.conflicts import registrations  # noqa: F401
