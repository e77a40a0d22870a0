from django.apps import AppConfig


class KpisConfig(AppConfig):
    name = "attribution.kpis"
    label = "kpis"
