from django.apps import AppConfig


class MoneyConfig(AppConfig):
    name = "prm.money"

    def ready(self) -> None:
        from prm.money import registrations  # noqa: F401
