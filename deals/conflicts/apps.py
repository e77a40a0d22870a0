from django.apps import AppConfig


class ConflictsConfig(AppConfig):
    name = "deals.conflicts"
    label = "conflicts"
