"""What may be typed in on the deal registration screens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from deals.axes import PUBLIC_REASON, Initiative, RegistrationScope, RegistrationType, RejectionReason
from deals.forms.fields import (
    AmountField,
    LineField,
    WebsiteField,
    country_choices,
    currency_choices,
    likely_currencies,
)
from deals.models import DealRegistration, Opportunity
from deals.models.approval import LONGEST
from deals.models.registration import needed
from partners.catalogue.models import Product
from partners.models import Partner, SupplyRelation
from prm import events
from prm.calendar import business_today
from prm.fields import declared, merge
from prm.fields.forms import form_field
from prm.money import Money
from prm.ui.forms import DayField, Form
from prm.ui.forms import refuse as refuse_rule
from prm.ui.templatetags.ui import reader_locale
from territories.models import Customer

FURTHEST = 10  # years ahead a close may be expected


class ProductsByLine(forms.ModelMultipleChoiceField):
    """Products to tick, under the name of their line."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, product) -> str:
        return product.name if product.name == product.line.name else f"{product.line.name} · {product.name}"


class RegistrationForm(Form):
    """The partner's form: one column, six required fields; everything may be missing until it is submitted.

    ``open_fields`` limits it to what a returned registration asks for. ``values()`` is what ``draft`` and ``edit`` take.
    """

    customer_name = LineField(label=gettext_lazy("Customer name"), max_length=200)
    customer_country = forms.ChoiceField(label=gettext_lazy("Country"))
    customer_domain = WebsiteField(label=gettext_lazy("Website"), max_length=300, required=False)
    products = ProductsByLine(label=gettext_lazy("Products"), queryset=Product.objects.none())
    amount = AmountField(label=gettext_lazy("Amount at list price"), max_length=40)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    expected_close_date = DayField(label=gettext_lazy("Expected close date"))
    description = forms.CharField(
        label=gettext_lazy("What does the customer need?"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    type = forms.ChoiceField(label=gettext_lazy("Type of deal"), choices=RegistrationType.choices, required=False)
    scope = forms.ChoiceField(label=gettext_lazy("What it covers"), choices=RegistrationScope.choices, required=False)
    place_name = LineField(label=gettext_lazy("Site or project"), max_length=200, required=False)
    customer_number = LineField(label=gettext_lazy("VAT or company number"), max_length=40, required=False)
    initiative = forms.ChoiceField(label=gettext_lazy("Who began"), choices=Initiative.choices, required=False)
    initiative_evidence = forms.CharField(
        label=gettext_lazy("How the customer asked"),
        help_text=gettext_lazy("Its message or invitation to tender, with the date: it counts outside your territory."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    recurring = forms.BooleanField(label=gettext_lazy("Paid again each year"), required=False)
    distributor = forms.ModelChoiceField(
        label=gettext_lazy("Supplied by"),
        queryset=Partner.objects.none(),
        required=False,
        empty_label=gettext_lazy("Directly by the vendor"),
    )

    MAIN = ("customer_name", "customer_country", "customer_domain")
    PROJECT = ("products", "amount", "currency", "expected_close_date", "description")
    MORE = (
        "type",
        "scope",
        "place_name",
        "customer_number",
        "initiative",
        "initiative_evidence",
        "recurring",
        "distributor",
    )

    def __init__(
        self, data=None, *, user, registration: DealRegistration | None = None, partner: Partner | None = None, **kwargs
    ):
        self.registration = registration
        self.partner = partner = partner or user.acting_for  # the vendor's people say for whom they register
        kwargs.setdefault("initial", self.initial_of(registration) if registration else self.likely(partner))
        super().__init__(data, user=user, label_suffix="", **kwargs)
        self.fields["customer_country"].choices = country_choices(
            [partner.country.code, *partner.countries] if partner.country else partner.countries
        )
        self.fields["currency"].choices = currency_choices(likely_currencies(partner), reader_locale())
        chosen = registration.lines.values("product") if registration else []
        self.fields["products"].queryset = (
            Product.objects.visible_to(user)
            .filter(Q(is_active=True, line__is_active=True) | Q(pk__in=chosen))
            .select_related("line")
            .order_by("line__name", "name")
        )
        suppliers = SupplyRelation.objects.visible_to(user).in_force().filter(reseller=partner).values("distributor")
        distributor = self.fields["distributor"]
        distributor.queryset = Partner.objects.filter(pk__in=suppliers)
        known = distributor.queryset  # read once, by whoever asks first
        distributor.choices = lambda: [("", distributor.empty_label), *((row.pk, str(row)) for row in known)]
        self.declared = declared("registration", user)
        for field in self.declared:
            self.fields[field.name] = form_field(field)
            stored = field.typed(registration.custom.get(field.key)) if registration else None
            self.initial.setdefault(field.name, str(stored).lower() if isinstance(stored, bool) else stored)
        if registration and registration.is_returned:
            open_fields = registration.open_fields | (
                {field.name for field in self.declared} if "custom" in registration.open_fields else set()
            )
            for name in set(self.fields) - open_fields:
                del self.fields[name]
            if "amount" in self.fields and "currency" not in self.fields:
                self.fields["amount"].label = _("Amount at list price, in %(currency)s") % {
                    "currency": registration.currency
                }
        for name, sentence in needed().items():
            if name in self.fields:
                self.fields[name].error_messages["required"] = sentence
        for name in ("customer_name", "amount", "place_name", "customer_number", "customer_domain"):
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = "off"
        if "amount" in self.fields:
            self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        if "customer_domain" in self.fields:
            self.fields["customer_domain"].widget.attrs["inputmode"] = "url"

    @staticmethod
    def likely(partner) -> dict[str, Any]:
        """What a new registration probably is about."""
        return {
            "customer_country": partner.country.code if partner.country else "",
            "currency": likely_currencies(partner)[0],
            "type": RegistrationType.NEW,
            "scope": RegistrationScope.WHOLE,
            "initiative": Initiative.ACTIVE,
        }

    @staticmethod
    def initial_of(registration: DealRegistration) -> dict[str, Any]:
        values = {
            name: getattr(registration, name)
            for name in RegistrationForm.base_fields
            if name not in ("products", "distributor", "customer_country")
        }
        return {
            **values,
            "customer_country": registration.customer_country.code or "",
            "products": list(registration.lines.values_list("product_id", flat=True)),
            "distributor": registration.distributor_id,
        }

    def group(self, names) -> list:
        """The bound fields of a part of the form, those that are open."""
        return [self[name] for name in names if name in self.fields]

    @property
    def main(self):
        return self.group(self.MAIN)

    @property
    def project(self):
        return self.group(self.PROJECT)

    @property
    def more(self):
        return [field for field in self.group(self.MORE) if field.name != "distributor" or field.field.queryset]

    @property
    def opens_more(self) -> bool:
        """Something beyond the usual stands there already, or is wrong."""
        usual = {
            "type": RegistrationType.NEW,
            "scope": RegistrationScope.WHOLE,
            "initiative": Initiative.ACTIVE,
            "initiative_evidence": "",
        }
        return any(
            field.errors or (field.value() or usual.get(field.name)) != usual.get(field.name) for field in self.more
        )

    @property
    def added(self):
        """The fields a program owner added."""
        return self.group([field.name for field in self.declared])

    def clean_expected_close_date(self):
        day = self.cleaned_data["expected_close_date"]
        if (
            day
            and not business_today().replace(day=1, month=1).year - 1 <= day.year <= business_today().year + FURTHEST
        ):
            raise ValidationError(
                _("Check the year: the close is expected within the next %(n)s years.") % {"n": FURTHEST}, code="year"
            )
        return day

    def clean(self):
        given = super().clean()
        for field in self.declared:
            if field.name in given:
                try:
                    given[field.name] = field.clean_value(given[field.name])
                except ValidationError as error:
                    self.add_error(field.name, error)
        currency = given.get("currency") or (self.registration.currency if self.registration else "")
        if given.get("amount") is not None and currency:
            try:
                Money(given["amount"], currency)
            except ValidationError as error:
                self.add_error("amount", error)
        return given

    def values(self) -> dict[str, Any]:
        """The valid values, as the model's verbs take them; what is wrong or empty is left for later."""
        given = {name: value for name, value in self.cleaned_data.items() if name in self.fields}
        custom = {field.key: given.pop(field.name) for field in self.declared if field.name in given}
        if custom:
            given["custom"] = merge(self.registration.custom if self.registration else {}, custom)
        for name, default in (
            ("type", RegistrationType.NEW),
            ("scope", RegistrationScope.WHOLE),
            ("initiative", Initiative.ACTIVE),
        ):
            if name in given:
                given[name] = given[name] or default
        if "products" in given:
            given["products"] = list(given["products"])
        if (
            given.get("amount") is not None
            and not given.get("currency")
            and not (self.registration and self.registration.currency)
        ):
            del given["amount"]  # an amount without its currency is no amount
        return given

    @property
    def is_worth_keeping(self) -> bool:
        """Somebody began: a draft with nothing but defaults is not made."""
        given = getattr(self, "cleaned_data", {})
        return any(
            given.get(name) for name in ("customer_name", "customer_domain", "amount", "description", "products")
        )

    def refuse(self, error) -> None:
        """Show a rule's refusal where it belongs."""
        if isinstance(error, ValidationError):
            if hasattr(error, "error_dict"):
                for name, messages in error.error_dict.items():
                    for message in messages:
                        self.add_error(name if name in self.fields else None, message)
            else:
                self.add_error(None, error)
        else:
            refuse_rule(self, error)


# The vendor's decisions -------------------------------------------------------------------------------------------------------


class ApproveForm(Form):
    """Length and message of an approval, and the opportunity it belongs to."""

    days = forms.IntegerField(label=gettext_lazy("Protection, in days"), min_value=1, max_value=LONGEST, required=False)
    opportunity = forms.ModelChoiceField(
        label=gettext_lazy("Opportunity"),
        queryset=Opportunity.objects.none(),
        required=False,
        empty_label=gettext_lazy("Open a new one"),
    )
    message = forms.CharField(
        label=gettext_lazy("Message to the partner"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data=None, *, user, registration, file=None, **kwargs):
        kwargs.setdefault("initial", {"days": registration.program.protection_days if registration.program else None})
        super().__init__(data, label_suffix="", prefix="approve", **kwargs)
        if file and file.customer_id:
            self.fields["opportunity"].queryset = (
                Opportunity.objects.visible_to(user).open().filter(customer=file.customer_id, route="partner")
            )
        if not self.fields["opportunity"].queryset:
            del self.fields["opportunity"]


class RejectForm(Form):
    """The internal reason of a refusal and what is written to the partner."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason, for us"), choices=[("", gettext_lazy("Choose a reason")), *RejectionReason.choices]
    )
    message = forms.CharField(
        label=gettext_lazy("Message to the partner"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Write it in the partner's language. Never name another partner, nor say that there is one."
        ),
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, label_suffix="", prefix="reject", **kwargs)

    @staticmethod
    def preview(reason: str, message: str, language: str) -> dict[str, str] | None:
        """What the partner will read, in its language."""
        if reason not in RejectionReason.values:
            return None
        with override(language):
            return {
                "language": language,
                "title": _("We could not approve this registration. Reason: %(reason)s.")
                % {"reason": PUBLIC_REASON[RejectionReason(reason)].label},
                "message": message,
            }


# The fields a return may open, in the order of the form.
RETURNABLE = (
    "customer_name",
    "customer_country",
    "customer_domain",
    "customer_number",
    "products",
    "amount",
    "currency",
    "expected_close_date",
    "description",
    "type",
    "scope",
    "place_name",
    "initiative",
    "initiative_evidence",
    "distributor",
)


class ReturnForm(Form):
    """Which facts are missing and how they are asked for."""

    asked = forms.MultipleChoiceField(
        label=gettext_lazy("Fields the partner completes"), widget=forms.CheckboxSelectMultiple
    )
    message = forms.CharField(
        label=gettext_lazy("Message to the partner"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, label_suffix="", prefix="return", **kwargs)
        self.fields["asked"].choices = [
            *((name, RegistrationForm.base_fields[name].label) for name in RETURNABLE),
            *([("custom", _("Additional fields"))] if declared("registration") else []),
        ]


class NotesForm(Form):
    """What the vendor's people write for themselves."""

    notes = forms.CharField(
        label=gettext_lazy("Private notes"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Only the vendor's people read them; the partner never does."),
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, label_suffix="", **kwargs)


class CustomerForm(Form):
    """A new customer, made of what the partner wrote."""

    name = LineField(label=gettext_lazy("Name"), max_length=200)
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    domain = WebsiteField(label=gettext_lazy("Website"), max_length=300, required=False)

    def __init__(self, data=None, *, registration, **kwargs):
        likely = registration.customer_country.code or ""
        kwargs.setdefault(
            "initial", {"name": registration.customer_name, "country": likely, "domain": registration.customer_domain}
        )
        super().__init__(data, label_suffix="", prefix="customer", **kwargs)
        self.fields["country"].choices = country_choices([likely] if likely else [])

    def save(self, *, by) -> Customer:
        customer = Customer.objects.create(name=self.cleaned_data["name"], country=self.cleaned_data["country"])
        events.record(customer, "created", by=by)
        if self.cleaned_data["domain"]:
            customer.learn(by=by, domain=self.cleaned_data["domain"])
        return customer


class LookUpForm(Form):
    """Direct sales asks whether a customer is reserved."""

    text = LineField(
        label=gettext_lazy("Name or website of the customer"),
        min_length=3,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
