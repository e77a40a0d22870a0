from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extras import DateRange

from partners.models import Partner
from partners.programs.models import Enrolment, Program, Tier
from prm.calendar import business_today
from prm.ui.forms import DayField, Form, PeriodField, RecordField, RecordForm


class ProgramForm(RecordForm):
    """A program and the promises it makes on deal registration."""

    class Meta:
        model = Program
        fields = [
            "name", "summary", "is_open", "protection_days", "extension_days", "extensions", "extension_window_days",
            "response_days", "decision_days", "return_days", "appeal_days",
        ]  # fmt: skip

    summary = forms.CharField(
        label=gettext_lazy("Summary"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        empty_value="",
    )


class TierForm(RecordForm):
    """A tier; rank 1 is the entry."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        empty_value="",
    )
    fixed = ("program",)

    class Meta:
        model = Tier
        fields = ["name", "rank", "description"]


class EnrolmentForm(RecordForm):
    """Enrol a partner in a program at a tier."""

    version = None
    tier = forms.ModelChoiceField(Tier.objects.none(), label=gettext_lazy("Program and tier"))
    period = PeriodField(label=gettext_lazy("Period"))
    fixed = ("partner", "program")

    class Meta:
        model = Enrolment
        fields = ["tier", "period"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        tiers = Tier.objects.visible_to(self.user).select_related("program").order_by("program__name", "rank")
        self.fields["tier"].queryset = tiers
        self.fields["tier"].label_from_instance = lambda tier: f"{tier.program} · {tier}"
        self.initial.setdefault("period", DateRange(business_today(), None))

    def clean(self):
        cleaned = super().clean()
        if tier := cleaned.get("tier"):
            self.instance.program = tier.program
        return cleaned

    def told(self):
        return self.instance.partner_id


class EnrolPartnerForm(EnrolmentForm):
    """The same, from the program's page: the partner is chosen."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"))
    field_order = ["partner", "tier", "period"]

    class Meta:
        model = Enrolment
        fields = ["partner", "tier", "period"]

    def __init__(self, *args, program: Program, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = self.fields["tier"].queryset.filter(program=program)
        self.fields["tier"].label_from_instance = str
        self.fields["tier"].label = _("Tier")
        partners = Partner.objects.editable_by(self.user)
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = partners


class TierChangeForm(Form):
    """Another tier of the same program, from a day on."""

    tier = forms.ModelChoiceField(Tier.objects.none(), label=gettext_lazy("New tier"))
    start = DayField(label=gettext_lazy("From"), initial=business_today)

    def __init__(self, *args, enrolment: Enrolment, **kwargs):
        super().__init__(*args, **kwargs)
        self.enrolment = enrolment
        self.fields["tier"].queryset = Tier.objects.filter(program=enrolment.program_id).exclude(pk=enrolment.tier_id)

    def clean_start(self):
        start, period = self.cleaned_data["start"], self.enrolment.period
        if start < period.lower or (period.upper and start >= period.upper):
            raise forms.ValidationError(_("This day is outside the enrolment's period."))
        return start
