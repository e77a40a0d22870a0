"""What the screens about people tell the shared registries."""

from django.utils.translation import gettext_lazy

from partners import invitations  # noqa: F401  (its followers must be known wherever somebody invites)
from prm.registries import NavigationItem, navigation

navigation.add(
    NavigationItem(gettext_lazy("Colleagues"), "people:colleagues", "users", 70, lambda user: user.is_partner and user.may("manage_colleagues"), side="portal")
)
navigation.add(
    NavigationItem(gettext_lazy("Vendor people"), "people:vendor_people", "users", 10, lambda user: user.may("manage_people"), side="settings")
)
