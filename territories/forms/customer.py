from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Team
from prm.calendar import business_today
from prm.fields.forms import CustomFieldsForm
from prm.ui.forms import Clean, RecordForm, RecordsField
from territories.models import Customer, CustomerAddress, CustomerDomain, CustomerIdentifier, CustomerName
from territories.models.customer import plain_domain


class CustomerForm(CustomFieldsForm, RecordForm):
    """What the vendor knows about an end customer."""

    parents = RecordsField(
        "customers",
        Customer.objects.none(),
        label=gettext_lazy("Part of"),
        required=False,
        help_text=gettext_lazy("The group or legal entity above it; a joint venture has several."),
    )

    class Meta:
        model = Customer
        fields = [
            "name", "level", "country", "industry", "segment", "employees", "founded", "website", "phone", "parents", "team", "house_account",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = Customer.objects.visible_to(self.user).exclude(pk=self.instance.pk)
        self.fields["parents"].queryset = self.fields["parents"].widget.queryset = others
        self.fields["team"].queryset = Team.objects.visible_to(self.user)
        self.fields["house_account"].help_text = _("Partners read only that it is not available for registration.")

    def clean_founded(self):
        year = self.cleaned_data["founded"]
        if year is not None and not 1000 <= year <= business_today().year:
            raise forms.ValidationError(_("Write the year with four digits; it cannot be to come."))
        return year

    def clean_parents(self):
        parents = self.cleaned_data["parents"]
        if not self.is_new and parents and parents.filter(parents=self.instance).exists():
            raise forms.ValidationError(_("One of these is itself part of this customer."))
        return parents


class NameForm(Clean, forms.ModelForm):
    class Meta:
        model = CustomerName
        fields = ["name"]
        labels = {"name": gettext_lazy("Other spelling")}


class DomainForm(Clean, forms.ModelForm):
    class Meta:
        model = CustomerDomain
        fields = ["domain"]

    def clean_domain(self):
        return plain_domain(self.cleaned_data["domain"])  # so that rows of the form are compared as they are kept


class IdentifierForm(Clean, forms.ModelForm):
    class Meta:
        model = CustomerIdentifier
        fields = ["scheme", "value"]


class AddressForm(Clean, forms.ModelForm):
    class Meta:
        model = CustomerAddress
        fields = ["street", "postcode", "city", "region", "country"]


def parts(data, customer: Customer) -> list[dict]:
    """The rows of a customer that are edited with it."""
    kinds: list[tuple[Any, ...]] = [
        (
            "names",
            CustomerName,
            NameForm,
            gettext_lazy("Other spellings"),
            gettext_lazy("However it is written, it is recognised."),
            1,
        ),
        ("domains", CustomerDomain, DomainForm, gettext_lazy("Internet domains"), "", 1),
        (
            "identifiers",
            CustomerIdentifier,
            IdentifierForm,
            gettext_lazy("Official numbers"),
            gettext_lazy("Check digits are verified."),
            1,
        ),
        ("addresses", CustomerAddress, AddressForm, gettext_lazy("Addresses"), "", 1),
    ]
    out = []
    for prefix, model, form, title, text, extra in kinds:
        factory = forms.inlineformset_factory(
            Customer,
            model,
            form=form,
            extra=extra,
            max_num=50,
            absolute_max=60,
            validate_max=True,
            can_delete_extra=False,
        )
        out.append({"title": title, "help": text, "formset": factory(data, instance=customer, prefix=prefix)})
    return out
