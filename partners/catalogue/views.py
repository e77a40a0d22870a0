from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.catalogue.filters import DiscountFilters, LineFilters, PriceListFilters, ProductFilters
from partners.catalogue.forms import DiscountForm, LineForm, PriceListForm, Prices, ProductForm
from partners.catalogue.models import DiscountRule, PriceList, Product, ProductLine
from partners.views import told, vendor_may
from prm import events
from prm.access import scoped
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage


class CataloguePage(ListPage):
    """Lists of the catalogue, one tab each."""

    create: tuple[str, Any] = ("", "")  # address name and word of the button
    capability = "manage_catalogue"

    def actions(self):
        name, label = self.create
        return [Action(label, reverse(name), "plus", primary=True)] if self.request.user.may(self.capability) else []

    def extra_context(self):
        parts = [
            (_("Products"), "catalogue:products", "see_catalogue"),
            (_("Product lines"), "catalogue:lines", "see_catalogue"),
            (_("Price lists"), "catalogue:price_lists", "see_catalogue"),
            (_("Tier discounts"), "catalogue:discounts", "see_programs"),
        ]
        tabs = [
            {"label": label, "url": reverse(name), "active": reverse(name) == self.request.path}
            for label, name, capability in parts
            if self.request.user.may(capability)
        ]
        return {"page_tabs": tabs}


def show(user, rows):
    """Rows of the catalogue for the vendor's pages."""
    return rows.none() if user.is_partner else rows.visible_to(user)


def edit(
    request: HttpRequest, form, record, back: str, back_label: str, capability: str = "manage_catalogue", **context
) -> HttpResponse:
    """A record's page: a form for those who manage the catalogue, the same facts for everybody else."""
    if request.method == "POST" and not request.user.may(capability):
        raise PermissionDenied
    if not request.user.may(capability):
        for field in form.fields.values():
            field.disabled = True
    return handle(
        request,
        form,
        context.pop("act", None) or (lambda: form.save_by(request.user)),
        template="catalogue/record.html",
        to=reverse(back),
        back_url=reverse(back),
        back_label=back_label,
        may_change=request.user.may(capability),
        events=told(record, request.user) if record else [],
        **{"title": str(record), **context},
    )


# Products ------------------------------------------------------------------------------------------------------------------


class ProductList(CataloguePage):
    title = gettext_lazy("Catalogue")
    icon = "package"
    filterset_class = ProductFilters
    default_sort = "name"
    export_name, import_kind = "products", "products"
    create = ("catalogue:product_create", gettext_lazy("New product"))
    empty_title = gettext_lazy("No product yet")
    empty_text = gettext_lazy(
        "Partners choose from these products when they register a deal. Add them, or import your list."
    )
    no_result_title = gettext_lazy("No product matches these filters")
    columns = [
        Column(
            "name",
            gettext_lazy("Product"),
            link=lambda row: reverse("catalogue:product", args=[row.pk]),
            sort="name",
            phone="title",
        ),
        Column("sku", gettext_lazy("SKU"), sort="sku", phone="detail"),
        Column("line", gettext_lazy("Product line"), sort="line__name", phone="detail"),
        Column("is_active", gettext_lazy("Offered"), kind="flag", sort="is_active"),
    ]

    def rows(self):
        return Product.objects.visible_to(self.request.user).select_related("line")


product_list = vendor_may("see_catalogue")(ProductList.as_view())


@vendor_may("manage_catalogue")
def product_create(request: HttpRequest) -> HttpResponse:
    return edit(
        request,
        ProductForm(posted(request), user=request.user),
        None,
        "catalogue:products",
        _("Catalogue"),
        title=_("New product"),
    )


@scoped(lambda user: show(user, Product.objects))
def product(request: HttpRequest, product: Product) -> HttpResponse:
    return edit(
        request,
        ProductForm(posted(request), instance=product, user=request.user),
        product,
        "catalogue:products",
        _("Catalogue"),
    )


class LineList(CataloguePage):
    title = gettext_lazy("Product lines")
    lead = gettext_lazy("What registrations and protections are about: families of products.")
    icon = "category"
    filterset_class = LineFilters
    default_sort = "name"
    export_name = "product-lines"
    create = ("catalogue:line_create", gettext_lazy("New product line"))
    empty_title = gettext_lazy("No product line yet")
    empty_text = gettext_lazy("A product belongs to a line; protections are given per line.")
    columns = [
        Column(
            "name",
            gettext_lazy("Product line"),
            link=lambda row: reverse("catalogue:line", args=[row.pk]),
            sort="name",
            phone="title",
        ),
        Column("product_count", gettext_lazy("Products"), kind="number", sort="product_count", phone="value"),
        Column("is_active", gettext_lazy("Offered"), kind="flag", sort="is_active"),
    ]

    def rows(self):
        return ProductLine.objects.visible_to(self.request.user).annotate(product_count=Count("products"))


line_list = vendor_may("see_catalogue")(LineList.as_view())


@vendor_may("manage_catalogue")
def line_create(request: HttpRequest) -> HttpResponse:
    return edit(
        request,
        LineForm(posted(request), user=request.user),
        None,
        "catalogue:lines",
        _("Product lines"),
        title=_("New product line"),
    )


@scoped(lambda user: show(user, ProductLine.objects))
def line(request: HttpRequest, line: ProductLine) -> HttpResponse:
    return edit(
        request,
        LineForm(posted(request), instance=line, user=request.user),
        line,
        "catalogue:lines",
        _("Product lines"),
    )


# Prices --------------------------------------------------------------------------------------------------------------------


class PriceListList(CataloguePage):
    title = gettext_lazy("Price lists")
    lead = gettext_lazy("List prices in one currency over a period; tiers pay less by their discounts.")
    icon = "receipt"
    filterset_class = PriceListFilters
    default_sort = "name"
    export_name = "price-lists"
    create = ("catalogue:price_list_create", gettext_lazy("New price list"))
    empty_title = gettext_lazy("No price list yet")
    empty_text = gettext_lazy("List prices are what discounts are taken from.")
    columns = [
        Column(
            "name",
            gettext_lazy("Price list"),
            link=lambda row: reverse("catalogue:price_list", args=[row.pk]),
            sort="name",
            phone="title",
        ),
        Column("currency", gettext_lazy("Currency"), sort="currency", phone="value"),
        Column("period", gettext_lazy("Period"), kind="period", sort="period", phone="detail"),
        Column("price_count", gettext_lazy("Prices"), kind="number"),
    ]

    def rows(self):
        return PriceList.objects.visible_to(self.request.user).annotate(price_count=Count("prices"))


price_list_list = vendor_may("see_catalogue")(PriceListList.as_view())


@vendor_may("manage_catalogue")
def price_list_create(request: HttpRequest) -> HttpResponse:
    form = PriceListForm(posted(request), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=lambda record: reverse("catalogue:price_list", args=[record.pk]),
        said=_("Price list added. Add its prices now."),
        title=_("New price list"),
        back_url=reverse("catalogue:price_lists"),
        back_label=_("Price lists"),
    )


@scoped(lambda user: show(user, PriceList.objects))
def price_list(request: HttpRequest, price_list: PriceList) -> HttpResponse:
    """The list and its prices, edited together."""
    form = PriceListForm(posted(request), instance=price_list, user=request.user)
    offered = Product.objects.visible_to(request.user).order_by("name")
    prices = Prices(
        posted(request),
        instance=price_list,
        products=offered,
        queryset=price_list.prices.select_related("product").order_by("product__name"),
        form_kwargs={"currency": price_list.currency},
    )
    if request.method == "POST" and request.user.may("manage_catalogue") and not prices.is_valid():
        form.full_clean()
        form.add_error(None, _("Look at the prices below: some need correcting."))

    def act():
        form.save_by(request.user)
        prices.instance = price_list
        prices.save()
        if prices.has_changed():
            events.record(
                price_list,
                "prices_changed",
                by=request.user,
                count=len(prices.changed_objects) + len(prices.new_objects),
            )
        return price_list

    parts = [
        {
            "title": _("Prices"),
            "help": _("List prices in %(currency)s.") % {"currency": price_list.currency},
            "formset": prices,
        }
    ]
    return edit(
        request,
        form,
        price_list,
        "catalogue:price_lists",
        _("Price lists"),
        act=act,
        formsets=parts if request.user.may("manage_catalogue") else [],
        prices=price_list.prices.select_related("product").order_by("product__name"),
    )


class DiscountList(CataloguePage):
    title = gettext_lazy("Tier discounts")
    lead = gettext_lazy("What a tier pays less than list, and how much less again on a registered deal.")
    icon = "discount"
    filterset_class = DiscountFilters
    default_sort = "tier"
    export_name = "tier-discounts"
    create = ("catalogue:discount_create", gettext_lazy("New discount"))
    capability = "manage_programs"
    empty_title = gettext_lazy("No discount yet")
    empty_text = gettext_lazy("Partners see the discount of their own tier while they register a deal.")
    columns = [
        Column(
            "tier",
            gettext_lazy("Tier"),
            link=lambda row: reverse("catalogue:discount", args=[row.pk]),
            detail=lambda row: row.tier.program.name,
            sort=("tier__program__name", "tier__rank"),
            phone="title",
        ),
        Column(
            "line",
            gettext_lazy("Product line"),
            value=lambda row: row.line or _("all lines"),
            sort="line__name",
            phone="detail",
        ),
        Column(
            "percent",
            gettext_lazy("Discount"),
            kind="percent",
            value=lambda row: row.percent / 100,
            sort="percent",
            phone="value",
        ),
        Column(
            "registration_percent",
            gettext_lazy("On a registered deal, further"),
            kind="percent",
            value=lambda row: row.registration_percent / 100,
        ),
        Column("period", gettext_lazy("Period"), kind="period", sort="period", phone="detail"),
    ]

    def rows(self):
        return DiscountRule.objects.visible_to(self.request.user).select_related("tier__program", "line")


discount_list = vendor_may("see_programs")(DiscountList.as_view())


@vendor_may("manage_programs")
def discount_create(request: HttpRequest) -> HttpResponse:
    form = DiscountForm(posted(request), user=request.user)
    return edit(
        request, form, None, "catalogue:discounts", _("Tier discounts"), "manage_programs", title=_("New discount")
    )


@scoped(lambda user: show(user, DiscountRule.objects.select_related("tier", "line")))
def discount(request: HttpRequest, discount: DiscountRule) -> HttpResponse:
    form = DiscountForm(posted(request), instance=discount, user=request.user)
    title = f"{discount.tier} · {discount.line or _('all lines')}"
    return edit(request, form, discount, "catalogue:discounts", _("Tier discounts"), "manage_programs", title=title)
