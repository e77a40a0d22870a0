"""What may be typed in about territories: the node, its rules, who holds it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.catalogue.models import ProductLine
from partners.models import Partner, Team
from prm.calendar import business_today
from prm.ui.forms import DayField, Form, PeriodField, RecordField, RecordForm
from territories.models import AssignmentKind, Customer, Territory, TerritoryRule


class TerritoryForm(RecordForm):
    parent = RecordField("territories", Territory.objects.none(), label=gettext_lazy("Part of"), required=False)

    class Meta:
        model = Territory
        fields = ["name", "code", "parent", "holders", "active"]
        help_texts = {
            "code": gettext_lazy("Short and lasting: files and programs name the territory by it."),
            "holders": gettext_lazy("How many may hold it exclusively at the same time."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = Territory.objects.visible_to(self.user).exclude(pk=self.instance.pk)
        self.fields["parent"].queryset = self.fields["parent"].widget.queryset = others


class RuleForm(RecordForm):
    """A rule of one territory; every criterion that is given must fit."""

    include = forms.TypedChoiceField(
        label=gettext_lazy("What fits"),
        coerce=lambda value: value == "True",
        choices=[(True, gettext_lazy("belongs to the territory")), (False, gettext_lazy("is taken out of it"))],
    )
    customer = RecordField("customers", Customer.objects.none(), label=gettext_lazy("Named customer"), required=False)
    period = PeriodField(label=gettext_lazy("In force"))
    fixed = ("territory",)

    class Meta:
        model = TerritoryRule
        fields = [
            "include", "country", "region", "postal_prefix", "product_line", "customer", "industry", "segment", "partner_role",
            "priority", "period",
        ]  # fmt: skip
        help_texts = {
            "region": gettext_lazy("ISO 3166-2 code, such as FR-IDF."),
            "postal_prefix": gettext_lazy("The first characters, such as 75."),
            "priority": gettext_lazy("The higher one decides; of equals the narrower rule."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        customers = Customer.objects.visible_to(self.user)
        self.fields["customer"].queryset = self.fields["customer"].widget.queryset = customers
        self.fields["product_line"].queryset = ProductLine.objects.visible_to(self.user)
        if self.is_new:
            self.initial.setdefault("period", DateRange(business_today(), None))

    def clean_region(self):
        return "".join(self.cleaned_data["region"].upper().split())

    def clean_postal_prefix(self):
        return "".join(self.cleaned_data["postal_prefix"].upper().split()).replace("-", "")

    def clean(self):
        given = super().clean()
        if given.get("region") and not given.get("country"):
            given["country"] = given["region"][:2]
        return given

    def changed_columns(self) -> list[str]:
        return [*super().changed_columns(), "country"]


class AssignForm(Form):
    """Who gets the territory, how and when."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"), required=False)
    team = forms.ModelChoiceField(
        Team.objects.none(), label=gettext_lazy("Or a team of ours"), required=False, empty_label=""
    )
    kind = forms.ChoiceField(label=gettext_lazy("How"), choices=AssignmentKind.choices)
    period = PeriodField(label=gettext_lazy("When"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        partners = Partner.objects.visible_to(self.user).that_can_sell()
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = partners
        self.fields["team"].queryset = Team.objects.visible_to(self.user)
        self.initial.setdefault("period", DateRange(business_today(), None))

    def clean(self):
        given = super().clean()
        if not self.errors and bool(given.get("partner")) == bool(given.get("team")):
            raise forms.ValidationError(_("Choose a partner or a team, one of the two."), code="one_holder")
        return given


class EndForm(Form):
    """The last day of an assignment."""

    last_day = DayField(label=gettext_lazy("Last day"), initial=business_today)
    version = forms.CharField(required=False, widget=forms.HiddenInput)
