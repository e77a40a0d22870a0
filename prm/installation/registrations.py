"""What this app tells the shared registries."""

from django.utils.translation import gettext_lazy

from prm.registries import NavigationItem, navigation


def vendor(capability: str):
    return lambda user: not user.is_partner and user.may(capability)


for label, url_name, icon, order, capability in (
    (gettext_lazy("Name and looks"), "installation:branding", "palette", 1, "manage_installation"),
    (gettext_lazy("Sign-in security"), "installation:security", "shield-lock", 2, "manage_installation"),
    (gettext_lazy("Background work"), "installation:errands", "activity", 90, "see_jobs"),
):
    navigation.add(NavigationItem(label, url_name, icon, order, vendor(capability), side="settings"))
