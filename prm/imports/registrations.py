"""What imports tell the shared registries."""

from django.utils.translation import gettext_lazy as _

from prm import registries

registries.navigation.add(
    registries.NavigationItem(
        _("Imports"), "imports:imports", "file-import", 70, lambda user: user.may("import_data"), side="settings"
    )
)
