"""What this app tells the shared registries."""

from django.utils.translation import gettext_lazy

from prm.registries import NavigationItem, navigation

navigation.add(
    NavigationItem(
        gettext_lazy("Sent e-mail"), "notify:sent_mail", "mail", 80, lambda user: user.may("see_mail"), side="settings"
    )
)
