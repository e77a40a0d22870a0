from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.catalogue.models import DiscountRule, Price, PriceList, Product, ProductLine
from partners.programs.models import Tier
from prm.calendar import business_today
from prm.money import Money
from prm.ui.forms import Clean, CurrencyField, PeriodField, RecordForm


class LineForm(RecordForm):
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        empty_value="",
    )

    class Meta:
        model = ProductLine
        fields = ["name", "description", "is_active"]


class ProductForm(RecordForm):
    class Meta:
        model = Product
        fields = ["line", "sku", "name", "is_active"]


class PriceListForm(RecordForm):
    currency = CurrencyField()
    period = PeriodField(label=gettext_lazy("Period"))

    class Meta:
        model = PriceList
        fields = ["name", "currency", "period"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.is_new:
            self.initial.setdefault("period", DateRange(business_today(), None))
        elif self.instance.prices.exists():
            self.fields["currency"].disabled = True
            self.fields["currency"].help_text = _("Fixed once the list has prices.")


class PriceForm(Clean, forms.ModelForm):
    """A price; its row is refused beyond the currency's minor unit."""

    def __init__(self, *args, currency: str = "", **kwargs):
        self.currency = currency
        super().__init__(*args, **kwargs)
        self.fields["product"].widget.attrs["data-select"] = ""

    class Meta:
        model = Price
        fields = ["product", "amount"]

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        Money(amount, self.currency)
        return amount


class PriceFormSet(forms.BaseInlineFormSet):
    """The prices of one list; the products are looked up once for all rows."""

    def __init__(self, *args, products=None, **kwargs):
        self.product_choices = [("", "")] + [
            (product.pk, f"{product.name} ({product.sku})") for product in products or ()
        ]
        super().__init__(*args, **kwargs)

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["product"].choices = self.product_choices


Prices = forms.inlineformset_factory(
    PriceList,
    Price,
    form=PriceForm,
    formset=PriceFormSet,
    extra=3,
    max_num=1000,
    absolute_max=1000,
    can_delete_extra=False,
)


class DiscountForm(RecordForm):
    tier = forms.ModelChoiceField(Tier.objects.none(), label=gettext_lazy("Program and tier"))
    line = forms.ModelChoiceField(
        ProductLine.objects.none(),
        label=gettext_lazy("Product line"),
        required=False,
        empty_label=gettext_lazy("all lines"),
    )
    period = PeriodField(label=gettext_lazy("Period"))

    class Meta:
        model = DiscountRule
        fields = ["tier", "line", "percent", "registration_percent", "period"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = (
            Tier.objects.visible_to(self.user).select_related("program").order_by("program__name", "rank")
        )
        self.fields["tier"].label_from_instance = lambda tier: f"{tier.program} · {tier}"
        self.fields["line"].queryset = ProductLine.objects.visible_to(self.user)
        if self.is_new:
            self.initial.setdefault("period", DateRange(business_today(), None))

    def clean(self):
        cleaned = super().clean()
        both = (cleaned.get("percent") or 0) + (cleaned.get("registration_percent") or 0)
        if both > 100:
            raise ValidationError(_("Both discounts together are more than 100 %."), code="discount_too_high")
        return cleaned
