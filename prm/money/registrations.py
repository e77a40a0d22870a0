"""What exchange rates tell the shared registries."""

from django.utils.translation import gettext_lazy as _

from prm.registries import NavigationItem, navigation

navigation.add(
    NavigationItem(
        _("Exchange rates"),
        "money:rates",
        "arrows-exchange",
        12,
        lambda user: user.may("manage_rates"),
        side="settings",
    )
)
