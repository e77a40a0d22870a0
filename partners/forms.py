from __future__ import annotations

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from partners.models import Partner, PartnerGroup, PartnerStatus, SupplyRelation, Team, User
from partners.models.partner import PartnerType
from prm.calendar import business_today
from prm.fields.forms import CustomFieldsForm
from prm.ui.forms import DayField, Form, PeriodField, RecordField, RecordForm

LANGUAGE_NAMES = [
    ("en", gettext_lazy("English")), ("fr", gettext_lazy("French")), ("de", gettext_lazy("German")), ("es", gettext_lazy("Spanish")),
    ("it", gettext_lazy("Italian")), ("nl", gettext_lazy("Dutch")), ("pt", gettext_lazy("Portuguese")), ("pl", gettext_lazy("Polish")),
]  # fmt: skip


class WordsField(SimpleArrayField):
    """Several short texts in one line, separated by commas."""

    def __init__(self, **kwargs):
        length = kwargs.pop("length", 80)
        kwargs.setdefault("help_text", gettext_lazy("Separate several by commas."))
        super().__init__(forms.CharField(max_length=length), required=False, **kwargs)

    def clean(self, value):
        return list(dict.fromkeys(word.strip() for word in super().clean(value) if word.strip()))


class PartnerForm(CustomFieldsForm, RecordForm):
    """What the vendor notes about a partner; its status and channel manager change by verbs of their own."""

    types = forms.MultipleChoiceField(
        label=gettext_lazy("Types"), choices=PartnerType.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    countries = forms.MultipleChoiceField(
        label=gettext_lazy("Sells in"),
        choices=lambda: list(countries),
        required=False,
        widget=forms.SelectMultiple(attrs={"data-select": ""}),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=LANGUAGE_NAMES,
        required=False,
        widget=forms.SelectMultiple(attrs={"data-select": ""}),
    )
    domains = WordsField(label=gettext_lazy("Internet domains"), length=253)
    specialities = WordsField(label=gettext_lazy("Specialities"))
    field_order = [
        "name", "legal_name", "status", "channel_manager", "group", "country", "countries", "languages", "address", "city", "phone", "website",
        "domains", "specialities", "types",
    ]  # fmt: skip

    class Meta:
        model = Partner
        fields = [
            "name", "legal_name", "types", "country", "countries", "languages", "address", "city", "phone", "website", "domains",
            "specialities", "group",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = PartnerGroup.objects.visible_to(self.user)

    def clean_domains(self):
        return [domain.lower().removeprefix("www.") for domain in self.cleaned_data["domains"]]

    def told(self):
        return self.instance.pk


class NewPartnerForm(PartnerForm):
    """A new partner also says where it stands and who looks after it."""

    status = forms.ChoiceField(
        label=gettext_lazy("Status"), choices=PartnerStatus.choices, initial=PartnerStatus.PROSPECT
    )

    class Meta(PartnerForm.Meta):
        fields = [*PartnerForm.Meta.fields, "status", "channel_manager"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["channel_manager"].queryset = User.objects.channel_managers()


class StatusForm(Form):
    """The next status: only what may follow the present one is offered."""

    status = forms.ChoiceField(label=gettext_lazy("New status"), choices=())
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, partner: Partner, **kwargs):
        super().__init__(*args, **kwargs)
        following = Partner.TRANSITIONS[PartnerStatus(partner.status)]
        self.fields["status"].choices = [choice for choice in PartnerStatus.choices if choice[0] in following]
        self.initial["version"] = partner.version


class ManagerForm(Form):
    manager = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Channel manager"), required=False, empty_label=gettext_lazy("nobody")
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, partner: Partner | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["manager"].queryset = User.objects.channel_managers()
        if partner:
            self.initial.update(version=partner.version, manager=partner.channel_manager_id)


class ManyManagersForm(Form):
    """Who looks after the ticked partners."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["manager"] = RecordField(
            "channel_managers",
            User.objects.channel_managers(),
            label=gettext_lazy("Channel manager"),
            required=False,
            help_text=gettext_lazy("Empty: nobody."),
        )


class GroupForm(RecordForm):
    """Companies under one owner; the head may be allowed to read the deals of all."""

    class Meta:
        model = PartnerGroup
        fields = ["name", "head", "head_reads_deals"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        partners = Partner.objects.visible_to(self.user)
        label = self.fields["head"].label
        self.fields["head"] = RecordField("partners", partners, label=label, required=False)


class TeamForm(RecordForm):
    """The vendor's own sellers."""

    class Meta:
        model = Team
        fields = ["name", "is_overlay", "members"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = User.objects.vendor_people().filter(is_active=True)
        self.fields["members"].widget.attrs["data-select"] = ""


class SupplyForm(RecordForm):
    """Who supplies this partner, or whom it supplies."""

    version = None
    side = forms.ChoiceField(
        label=gettext_lazy("This partner"),
        choices=[("supplied", gettext_lazy("is supplied by")), ("supplies", gettext_lazy("supplies"))],
    )
    other = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"))
    period = PeriodField(label=gettext_lazy("Period"))
    fixed = ("distributor", "reseller")
    field_order = ["side", "other", "country", "period"]

    class Meta:
        model = SupplyRelation
        fields = ["country", "period"]

    def __init__(self, *args, partner: Partner, **kwargs):
        super().__init__(*args, **kwargs)
        self.partner = partner
        others = Partner.objects.visible_to(self.user).exclude(pk=partner.pk)
        self.fields["other"].queryset = self.fields["other"].widget.queryset = others

    def clean(self):
        cleaned = super().clean()
        if (other := cleaned.get("other")) and cleaned.get("side"):
            distributor, reseller = (self.partner, other) if cleaned["side"] == "supplies" else (other, self.partner)
            if "distributor" not in distributor.types:
                self.add_error(
                    "other" if distributor == other else "side",
                    _("%(name)s is not a distributor. Add the type “distributor” to it first.") % {"name": distributor},
                )
            self.instance.distributor, self.instance.reseller = distributor, reseller
        return cleaned


class EndForm(Form):
    """The last day of something that runs."""

    last_day = DayField(label=gettext_lazy("Last day"), initial=business_today)
