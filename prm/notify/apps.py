from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "prm.notify"

    def ready(self) -> None:
        from prm.notify import registrations  # noqa: F401
