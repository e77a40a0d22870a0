"""What custom fields tell the shared registries."""

from django.utils.translation import gettext_lazy as _

from prm import registries

registries.navigation.add(
    registries.NavigationItem(
        _("Custom fields"), "fields:fields", "forms", 30, lambda user: user.may("manage_fields"), side="settings"
    )
)
