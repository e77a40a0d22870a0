from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class PrmConfig(AppConfig):
    name = "prm"

    def ready(self) -> None:
        """Every process knows the same followers, tasks and registrations, whoever imported what before."""
        from prm import celery, rowpolicy  # noqa: F401  (the Celery app must exist before any task is declared)

        autodiscover_modules("tasks", "notices", "registrations")
        post_migrate.connect(rowpolicy.apply, dispatch_uid="prm.rowpolicy")
