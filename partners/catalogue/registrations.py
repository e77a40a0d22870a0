"""What this app tells the shared registries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from partners.catalogue.models import Product
from prm.registries import NavigationItem, SearchSource, navigation, search_sources
from prm.ui import pick

navigation.add(
    NavigationItem(
        gettext_lazy("Catalogue and prices"),
        "catalogue:products",
        "package",
        11,
        lambda user: not user.is_partner and user.may("see_catalogue"),
        side="settings",
    )
)


def written(user, text: str):
    """Products whose name or SKU holds the text."""
    from django.db.models import Q

    return (
        Product.objects.visible_to(user)
        .filter(Q(name__icontains=text) | Q(sku__istartswith=text))
        .select_related("line")
    )


def find(user, text: str):
    from django.urls import reverse

    if user.is_partner:
        return
    for product in written(user, text)[:4]:
        yield product.name, product.sku, reverse("catalogue:product", args=[product.pk])


search_sources.add(SearchSource(gettext_lazy("Product"), "package", find, 60))
pick.pickers["products"] = pick.Picker(
    lambda user, text: [
        (product.pk, product.name, product.sku) for product in written(user, text).filter(is_active=True)[: pick.ENOUGH]
    ]
)
