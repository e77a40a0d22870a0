from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PrmConfig(AppConfig):
    name = "prm"

    def ready(self) -> None:
        from prm import celery, rowpolicy  # noqa: F401  (the Celery app must exist before any task is declared)

        post_migrate.connect(rowpolicy.apply, dispatch_uid="prm.rowpolicy")
