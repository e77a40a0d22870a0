from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "partners.programs"
    label = "programs"
