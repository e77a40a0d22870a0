from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attribution.models import (
    Campaign,
    DeclineReason,
    DisqualifyReason,
    Lead,
    Touchpoint,
    TouchpointKind,
)
from attribution.models.lead import EDITABLE
from partners.catalogue.models import ProductLine
from partners.models import Partner, Team, User
from prm.calendar import due_by
from prm.money import Money
from prm.ui.forms import CurrencyField, DayField, Form, PeriodField, RecordField, RecordForm
from territories.models import Customer


class MomentInput(forms.DateTimeInput):
    """The browser's own calendar and clock, in the reader's time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


def check_money(form: forms.BaseForm, amount: str = "amount", currency: str = "currency") -> None:
    """An amount has its currency, no more decimals than that knows, and is not negative."""
    value, code = form.cleaned_data.get(amount), form.cleaned_data.get(currency)
    if value is None:
        return
    if value < 0:
        form.add_error(amount, _("The amount cannot be negative."))
    elif not code:
        if currency not in form.errors:
            form.add_error(currency, _("Choose the currency of the amount."))
    else:
        try:
            Money(Decimal(value), code)
        except ValidationError as error:
            form.add_error(amount, error)


class CampaignForm(RecordForm):
    period = PeriodField(label=gettext_lazy("Period"), required=False)
    cost_currency = CurrencyField(label=gettext_lazy("Currency of the cost"), required=False)

    class Meta:
        model = Campaign
        fields = ["name", "code", "kind", "period", "cost_amount", "cost_currency"]

    def clean(self):
        cleaned = super().clean()
        check_money(self, "cost_amount", "cost_currency")
        return cleaned

    def save_by(self, user: Any) -> Campaign:
        values = {name: self.cleaned_data[name] for name in self._meta.fields}
        if self.is_new:
            return Campaign.start(by=user, **values)
        self.instance.edit(by=user, version=self.cleaned_data["version"], **values)
        return self.instance


class LeadForm(RecordForm):
    """What is known of a lead, where it came from and why its data may be kept."""

    customer = RecordField(
        "customers",
        Customer.objects.none(),
        label=gettext_lazy("Customer"),
        required=False,
        help_text=gettext_lazy("When the company is a customer you know."),
    )
    campaign = RecordField("campaigns", Campaign.objects.none(), label=gettext_lazy("Campaign"), required=False)
    referred_by = RecordField(
        "partners",
        Partner.objects.none(),
        label=gettext_lazy("Referred by"),
        required=False,
        help_text=gettext_lazy("The partner that passed this contact on, if one did."),
    )
    currency = CurrencyField(required=False)
    lines = forms.ModelMultipleChoiceField(
        ProductLine.objects.none(),
        label=gettext_lazy("Product lines"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    notice_at = DayField(
        label=gettext_lazy("Informed on"),
        required=False,
        help_text=gettext_lazy("The day the person was told what happens to their data."),
    )
    received_at = forms.DateTimeField(label=gettext_lazy("Received"), required=False, widget=MomentInput())
    field_order = [
        "company_name", "contact_name", "email", "phone", "country", "region", "postcode", "city", "industry", "customer", "amount", "currency",
        "source", "campaign", "referred_by", "received_at", "legal_basis", "notice_at", "owner", "need", "lines",
    ]  # fmt: skip

    class Meta:
        model = Lead
        fields = [*EDITABLE, "lines"]
        widgets = {"need": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = {
            "customer": Customer.objects.visible_to(self.user),
            "campaign": Campaign.objects.visible_to(self.user),
            "referred_by": Partner.objects.visible_to(self.user),
        }
        if not self.is_new and self.instance.referred_by_id:
            rows["referred_by"] |= Partner.objects.filter(pk=self.instance.referred_by_id)
        if not self.user.may("see_customers"):
            del self.fields["customer"], rows["customer"]
        for name, queryset in rows.items():
            self.fields[name].queryset = self.fields[name].widget.queryset = queryset
        self.fields["owner"].queryset = User.objects.vendor_people().filter(is_active=True)
        self.fields["lines"].queryset = ProductLine.objects.visible_to(self.user).offered()
        if not self.is_new:
            self.fields["lines"].queryset |= ProductLine.objects.filter(leads=self.instance)
            self.fields["lines"].queryset = self.fields["lines"].queryset.distinct()
        if self.is_new:
            self.initial.setdefault("owner", self.user.pk)
            self.initial["received_at"] = ""

    def clean_region(self):
        return self.cleaned_data["region"].strip().upper()

    def clean_received_at(self):
        moment = self.cleaned_data["received_at"]
        if moment is None:
            return timezone.now() if self.is_new else self.instance.received_at
        if moment > timezone.now():
            raise ValidationError(_("A lead was received; give a time that is past."), code="in_the_future")
        return moment

    def clean(self):
        cleaned = super().clean()
        check_money(self)
        if cleaned.get("region") and cleaned.get("country") and not cleaned["region"].startswith(cleaned["country"]):
            self.add_error("region", _("This region is not in that country."))
        if not any(cleaned.get(name) for name in ("contact_name", "email", "phone")) and not {
            "email",
            "phone",
            "contact_name",
        } & set(self.errors):
            self.add_error("contact_name", _("Give a contact, an e-mail or a telephone."))
        return cleaned

    def save_by(self, user: Any) -> Lead:
        values = {name: self.cleaned_data[name] for name in EDITABLE if name in self.fields}
        lines = list(self.cleaned_data["lines"])
        if self.is_new:
            return Lead.create(by=user, lines=lines, **values)
        fresh = Lead.objects.get(pk=self.instance.pk)  # the form has put what was typed on the row it was given
        fresh.edit(by=user, version=self.cleaned_data["version"], lines=lines, **values)
        return fresh


class OfferForm(Form):
    """To whom the lead is proposed, and how long they have."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"))
    days = forms.IntegerField(
        label=gettext_lazy("Business days to answer"),
        min_value=1,
        max_value=60,
        initial=2,
        help_text=gettext_lazy("The offer then expires by itself, and the lead is free again."),
    )
    explanation = forms.CharField(
        label=gettext_lazy("Why this partner"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("For your colleagues; the partner does not read it."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, lead: Lead, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["version"] = lead.version
        partners = Partner.objects.visible_to(self.user).that_can_sell()
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = partners

    @property
    def respond_by(self):
        return due_by(timezone.now(), self.cleaned_data["days"])


class DisqualifyForm(Form):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=[("", ""), *DisqualifyReason.choices])
    note = forms.CharField(label=gettext_lazy("In words"), max_length=500, required=False)
    version = forms.CharField(required=False, widget=forms.HiddenInput)


class DeclineForm(Form):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=[("", ""), *DeclineReason.choices])
    note = forms.CharField(label=gettext_lazy("In words"), max_length=500, required=False)
    version = forms.CharField(required=False, widget=forms.HiddenInput)


class VersionForm(Form):
    """A button: nothing but what was read."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)


class TouchpointForm(RecordForm):
    """An act of a channel, written down by hand; ``about`` is the record from whose page it is."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[("", ""), *TouchpointKind.choices])
    at = forms.DateTimeField(label=gettext_lazy("When"), widget=MomentInput())
    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"), required=False)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Or team"), required=False)
    campaign = RecordField("campaigns", Campaign.objects.none(), label=gettext_lazy("Campaign"), required=False)
    customer = RecordField("customers", Customer.objects.none(), label=gettext_lazy("Customer"), required=False)

    class Meta:
        model = Touchpoint
        fields = ["kind", "at", "partner", "team", "campaign", "customer", "weight", "note"]

    def __init__(self, *args, about: Any = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.about = about
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = Partner.objects.visible_to(self.user)
        self.fields["team"].queryset = Team.objects.visible_to(self.user)
        rows = Campaign.objects.visible_to(self.user)
        self.fields["campaign"].queryset = self.fields["campaign"].widget.queryset = rows
        if isinstance(about, Partner):
            self.initial["partner"] = about.pk
            rows = Customer.objects.visible_to(self.user)
            self.fields["customer"].queryset = self.fields["customer"].widget.queryset = rows
            self.fields["customer"].required = True
        else:
            del self.fields["customer"]
        if self.is_new:
            self.initial["at"] = timezone.now().replace(second=0, microsecond=0)

    def save_by(self, user: Any) -> Touchpoint:
        values = {name: self.cleaned_data[name] for name in self._meta.fields if name in self.fields}
        if self.is_new:
            if self.about is not None and not isinstance(self.about, Partner):
                values[self.about._meta.model_name] = self.about
            return Touchpoint.record(by=user, **values)
        fresh = Touchpoint.objects.get(pk=self.instance.pk)
        fresh.edit(by=user, version=self.cleaned_data["version"], **values)
        return fresh
