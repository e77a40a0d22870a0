from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.axes import CLOSED_STAGES, LostCause, Route, Stage
from deals.models import DealRegistration, Opportunity, OpportunityLine, OpportunityParticipant
from deals.models.forecast import BY_STAGE, Forecast
from deals.models.opportunity import unsaid
from partners.catalogue.models import ProductLine
from partners.models import Partner, Team, User
from prm.calendar import business_today
from prm.fields.forms import CustomFieldsForm
from prm.money import Money
from prm.ui.forms import Clean, CurrencyField, DayField, Form, RecordField, RecordForm, short
from territories.models import Customer

OPEN_STAGES = [choice for choice in Stage.choices if choice[0] not in CLOSED_STAGES]


class OpportunityForm(CustomFieldsForm, RecordForm):
    """A sale in progress; its stage changes by a verb of its own."""

    customer = RecordField("customers", Customer.objects.none(), label=gettext_lazy("Customer"), required=False)
    currency = CurrencyField(required=False)

    class Meta:
        model = Opportunity
        fields = [
            "name",
            "customer",
            "route",
            "amount",
            "currency",
            "expected_close_date",
            "closed_on",
            "recurring",
            "owner",
            "team",
        ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.is_closed:
            del self.fields["closed_on"]
        else:
            self.fields["closed_on"].required = True
        customers = Customer.objects.visible_to(self.user)
        self.fields["customer"].queryset = self.fields["customer"].widget.queryset = customers
        self.fields["owner"].queryset = User.objects.vendor_people().filter(is_active=True)
        self.fields["team"].queryset = Team.objects.visible_to(self.user)
        if not self.user.may("manage_opportunities"):  # a direct seller works its own direct deals
            self.fields["route"].choices = [(Route.DIRECT.value, Route.DIRECT.label)]
            self.initial["route"] = Route.DIRECT
            self.fields["owner"].queryset = User.objects.filter(pk=self.user.pk)
            self.fields["team"].queryset = Team.objects.filter(members=self.user)
            self.initial.setdefault("owner", self.user.pk)
        elif self.is_new:
            self.initial.setdefault("owner", self.user.pk)

    def clean(self):
        cleaned = super().clean()
        amount, currency = cleaned.get("amount"), cleaned.get("currency")
        if amount is not None:
            if amount < 0:
                self.add_error("amount", _("The amount cannot be negative."))
            elif not currency and "currency" not in self.errors:
                self.add_error("currency", _("Choose the currency of the amount."))
            elif currency:
                try:
                    Money(amount, currency)
                except ValidationError as error:
                    self.add_error("amount", error)
        if day := cleaned.get("closed_on"):
            if day > business_today():
                self.add_error("closed_on", _("A deal cannot have closed on a day still to come."))
            elif self.instance.opened_on and day < self.instance.opened_on:
                self.add_error("closed_on", _("It closed before it opened."))
        if not self.user.may("manage_opportunities") and not cleaned.get("owner") and not cleaned.get("team"):
            self.add_error("owner", _("Your deal belongs to you or to your team."))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The columns that were changed, with what was typed."""
        columns = {field.name for field in self.instance._meta.concrete_fields}
        return {name: getattr(self.instance, name) for name in self.changed_columns() if name in columns}


class NewOpportunityForm(OpportunityForm):
    stage = forms.ChoiceField(label=gettext_lazy("Stage"), choices=OPEN_STAGES, initial=Stage.PROSPECT)
    field_order = ["name", "customer", "route", "stage"]


class LineForm(Clean, forms.ModelForm):
    class Meta:
        model = OpportunityLine
        fields = ["line", "amount"]

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if amount is not None and amount < 0:
            raise ValidationError(_("The amount cannot be negative."))
        return amount


class LineFormSet(forms.BaseInlineFormSet):
    def __init__(self, *args, user, **kwargs):
        self.line_choices = [("", ""), *((line.pk, line.name) for line in ProductLine.objects.visible_to(user))]
        super().__init__(*args, **kwargs)

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["line"].choices = self.line_choices

    def total(self) -> Decimal | None:
        """The sum of the lines, when each that is kept has an amount."""
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("line") and not form.cleaned_data.get("DELETE")
        ]
        amounts = [row.get("amount") for row in kept]
        return sum(amounts, Decimal(0)) if amounts and None not in amounts else None


class ParticipantForm(Clean, forms.ModelForm):
    """A partner or a team, with its role and share."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"), required=False)

    class Meta:
        model = OpportunityParticipant
        fields = ["partner", "team", "role", "share", "customer_name"]

    def __init__(self, *args, partners, team_choices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = partners
        self.fields["team"].choices = team_choices

    def clean(self):
        cleaned = super().clean()
        if bool(cleaned.get("partner")) == bool(cleaned.get("team")) and "partner" not in self.errors:
            self.add_error("partner", _("Choose a partner or a team, one of them."))
        return cleaned


Lines = forms.inlineformset_factory(
    Opportunity,
    OpportunityLine,
    form=LineForm,
    formset=LineFormSet,
    extra=1,
    max_num=50,
    absolute_max=60,
    validate_max=True,
    can_delete_extra=False,
)
Participants = forms.inlineformset_factory(
    Opportunity,
    OpportunityParticipant,
    form=ParticipantForm,
    extra=1,
    max_num=20,
    absolute_max=30,
    validate_max=True,
    can_delete_extra=False,
)


def parts(data, opportunity: Opportunity, user) -> list[dict]:
    """The rows edited with an opportunity; who takes part is for those who manage all opportunities."""
    out = [
        {
            "title": gettext_lazy("Product lines"),
            "help": gettext_lazy(
                "Leave amounts empty, or give each line its part: together they are the amount above."
            ),
            "formset": Lines(data, instance=opportunity, prefix="lines", user=user),
        }
    ]
    if user.may("manage_opportunities"):
        teams = [("", "")] + [(team.pk, team.name) for team in Team.objects.visible_to(user)]
        kept = OpportunityParticipant.objects.filter(opportunity=opportunity).values("partner")
        partners = Partner.objects.visible_to(user) | Partner.objects.filter(pk__in=kept)
        out.append(
            {
                "title": gettext_lazy("Participants"),
                "help": gettext_lazy("Each partner sees the deal through its own part, and never who else takes part."),
                "formset": Participants(
                    data,
                    instance=opportunity,
                    prefix="participants",
                    form_kwargs={"partners": partners, "team_choices": teams},
                ),
            }
        )
    return out


class StageForm(Form):
    """The next stage; a closed one with its day, a lost one with its cause or reason, an opened one with its reason."""

    stage = forms.ChoiceField(label=gettext_lazy("Stage"), choices=Stage.choices)
    on = DayField(
        label=gettext_lazy("Closed on"), required=False, help_text=gettext_lazy("For won and lost; today when empty.")
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("Lost because"), choices=[("", ""), *LostCause.choices], required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Needed when the deal is lost without a cause from the list, or opened again."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, opportunity: Opportunity, stage: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.opportunity = opportunity
        self.initial.update(stage=stage or opportunity.stage, version=opportunity.version)
        self.ask_for(unsaid(opportunity))

    def ask_for(self, names: Iterable[str]) -> None:
        """Fields for these facts of the deal, which a stage may need; won needs no date to come, and lost none at all."""
        deal, stage = self.opportunity, self.initial["stage"]
        if "amount" in names and stage != Stage.LOST:
            self.fields["amount"] = forms.DecimalField(
                label=_("Amount"), required=False, min_value=0, max_digits=19, decimal_places=4
            )
            self.fields["currency"] = CurrencyField(required=False)
            self.initial.update(
                amount=None if deal.amount is None else short(deal.amount),
                currency=deal.currency or settings.REPORTING_CURRENCY,
            )
        if "expected_close_date" in names and stage not in CLOSED_STAGES:
            self.fields["expected_close_date"] = DayField(label=_("Expected close"), required=False)
            self.initial["expected_close_date"] = deal.expected_close_date

    def clean(self):
        cleaned = super().clean()
        amount, currency = cleaned.get("amount"), cleaned.get("currency")
        if amount is not None and currency:
            try:
                Money(amount, currency)
            except ValidationError as error:
                self.add_error("amount", error)
        elif amount is not None:
            self.add_error("currency", _("Choose the currency of the amount."))
        return cleaned

    @property
    def facts(self) -> dict[str, Any]:
        """What was said of the deal, as ``move_to`` takes it."""
        data = self.cleaned_data
        facts = {name: data[name] for name in ("amount", "currency") if data.get("amount") is not None}
        day = data.get("expected_close_date")
        return {**facts, "expected_close_date": day} if day else facts


class ClosingForm(StageForm):
    """Won or lost, as the board asks it: the day, and for a lost deal why."""

    def __init__(self, *args, opportunity: Opportunity, stage: str = "", **kwargs):
        super().__init__(*args, opportunity=opportunity, stage=stage, **kwargs)
        self.fields["stage"].widget = forms.HiddenInput()
        self.initial["on"] = business_today()
        self.fields["on"].help_text = ""
        self.fields["reason"].help_text = ""
        self.fields["reason"].label = _("In words")
        if stage == Stage.WON:
            del self.fields["cause"], self.fields["reason"]
        else:
            self.fields["cause"].required = True


class ReportForm(ClosingForm):
    """How a partner's deal goes, in its own words: the next stage, or won with its day, or lost with the cause."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, part: OpportunityParticipant, stage: str = "", **kwargs):
        super().__init__(*args, opportunity=part.opportunity, stage=stage, **kwargs)
        self.initial.update(version=part.version, seen=part.opportunity.stage)
        if stage not in CLOSED_STAGES:
            for name in ("on", "cause", "reason"):
                self.fields.pop(name, None)
            self.fields["stage"].widget = forms.RadioSelect(choices=OPEN_STAGES)
            self.fields["stage"].choices = OPEN_STAGES
        self.ask_for(part.sayable())


class ForecastForm(Form):
    """How sure people are of a deal; by its stage until they say."""

    forecast = forms.ChoiceField(label=gettext_lazy("Forecast"), required=False, widget=forms.RadioSelect)
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, opportunity: Opportunity, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.update(forecast=opportunity.forecast, version=opportunity.version)
        usual = BY_STAGE.get(opportunity.stage, "")
        by_stage = _("By its stage: %(category)s") % {"category": Forecast(usual).label} if usual else _("By its stage")
        self.fields["forecast"].choices = [("", by_stage), *Forecast.choices]


class RegistrationChoice(forms.ModelChoiceField):
    def label_from_instance(self, registration):
        return f"{registration} · {registration.partner}"


class LinkForm(Form):
    """A registration in review."""

    registration = RegistrationChoice(label=gettext_lazy("Deal registration"), queryset=DealRegistration.objects.none())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        waiting = DealRegistration.objects.decidable_by(self.user).select_related("partner")
        self.fields["registration"].queryset = waiting.order_by("customer_name", "id")
