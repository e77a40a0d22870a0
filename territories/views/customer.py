from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.views import vendor_may
from prm import events, fields
from prm.access import scoped
from prm.registries import beside, panels_of
from prm.ui.forms import handle, posted
from prm.ui.lists import Action, Column, ListPage
from territories.filters import CustomerFilters
from territories.forms.customer import CustomerForm, parts
from territories.models import Customer
from territories.models.customer import CustomerAddress, CustomerIdentifier


class CustomerList(ListPage):
    title = gettext_lazy("Customers")
    lead = gettext_lazy("End customers, as only you see them.")
    icon = "building"
    filterset_class = CustomerFilters
    record = Customer
    default_sort = "name"
    export_name, import_kind = "customers", "customers"
    empty_title = gettext_lazy("No customer yet")
    empty_text = gettext_lazy("Customers appear here when you confirm a registration, import your list or add one.")
    no_result_title = gettext_lazy("No customer matches these filters")
    columns = [
        Column("name", gettext_lazy("Customer"), kind="company", link=True, sort="name", phone="title"),
        Column("level", gettext_lazy("Level"), sort="level", phone="detail"),
        Column(
            "country",
            gettext_lazy("Country"),
            value=lambda row: row.country.name if row.country else "",
            sort="country",
            phone="detail",
        ),
        Column("industry", gettext_lazy("Industry"), sort="industry"),
        Column("segment", gettext_lazy("Segment"), sort="segment"),
        Column("employees", gettext_lazy("Employees"), kind="number", sort="employees", phone="value"),
        Column("team", gettext_lazy("Team"), sort="team__name"),
        Column(
            "house_account",
            gettext_lazy("Reserved"),
            value=lambda row: _("direct sales") if row.house_account else "",
            phone="detail",
        ),
    ]

    def rows(self):
        return Customer.objects.visible_to(self.request.user).select_related("team")

    def actions(self):
        may = self.request.user.may("manage_customers")
        return [Action(_("New customer"), reverse("territories:customer_create"), "plus", primary=True)] if may else []


customer_list = vendor_may("see_customers")(CustomerList.as_view())


@scoped(
    lambda user: (
        Customer.objects.visible_to(user).select_related("team").with_parts().annotate(**beside("customer", user))
    )
)
def customer(request: HttpRequest, customer: Any) -> HttpResponse:
    """Everything about one customer."""
    panels = panels_of("customer", customer, request.user)
    return render(
        request,
        "territories/customer.html",
        {
            "customer": customer,
            "numbers": [CustomerIdentifier(**row) for row in customer.number_rows],
            "places": [CustomerAddress(**row) for row in customer.place_rows],
            "part_of": [Customer(**row) for row in customer.parent_rows],
            "includes": [Customer(**row) for row in customer.child_rows],
            "custom": fields.shown("customer", customer, request.user),
            "main_panels": [panel for panel in panels if panel["column"] == "main"],
            "side_panels": [panel for panel in panels if panel["column"] == "side"],
            "may_manage": request.user.may("manage_customers"),
        },
    )


@vendor_may("manage_customers")
def customer_create(request: HttpRequest) -> HttpResponse:
    return edit(
        request,
        Customer(),
        title=_("New customer"),
        back_url=reverse("territories:customers"),
        back_label=_("Customers"),
    )


@scoped(Customer.objects.editable_by)
def customer_edit(request: HttpRequest, customer: Customer) -> HttpResponse:
    return edit(
        request,
        customer,
        title=_("Change %(name)s") % {"name": customer.name},
        back_url=customer.get_absolute_url(),
        back_label=customer.name,
    )


def edit(request: HttpRequest, customer: Customer, **context) -> HttpResponse:
    """The customer and its names, domains, numbers and places, saved together or not at all."""
    form = CustomerForm(posted(request), instance=customer, user=request.user)
    rows = parts(posted(request), customer)
    right = [part["formset"].is_valid() for part in rows] if request.method == "POST" else []
    if not all(right):
        form.full_clean()
        form.add_error(None, _("Look at the rows below: some need correcting."))

    def act():
        saved = form.save_by(request.user)
        changed = []
        for part in rows:
            part["formset"].instance = saved
            part["formset"].save()
            if part["formset"].has_changed():
                changed.append(part["formset"].prefix)
        if changed and not form.is_new and not [name for name in form.changed_data if name != "version"]:
            saved.put()
            events.record(saved, "changed", by=request.user, fields=changed)
        return saved

    return handle(request, form, act, formsets=rows, **context)
