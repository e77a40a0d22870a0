from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "territories.matching"
    label = "matching"
