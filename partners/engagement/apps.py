from django.apps import AppConfig


class EngagementConfig(AppConfig):
    name = "partners.engagement"
    label = "engagement"
