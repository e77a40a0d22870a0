"""What jobs tell the shared registries."""

from django.utils.translation import gettext_lazy as _

from prm import registries

registries.navigation.add(
    registries.NavigationItem(_("Jobs"), "jobs:jobs", "loader", 80, lambda user: user.may("see_jobs"), side="settings")
)
