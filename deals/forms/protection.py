"""What the vendor does with a running protection: extend, release, transfer."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.models import DealRegistration
from deals.models.approval import LONGEST
from partners.models import Partner
from prm.ui.forms import Form, RecordField
from prm.ui.templatetags.ui import day


class Reasoned(Form):
    """Each needs the vendor's own reason; the version is the one that was read."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason, for us"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the history for the vendor's people; the partner does not read it."),
    )
    field_order = ["version", "partner", "days", "reason", "message"]

    def __init__(self, *args, registration: DealRegistration, **kwargs):
        super().__init__(*args, **kwargs)
        self.registration = registration
        self.initial["version"] = registration.version

    def given(self) -> dict:
        """The input of the verb."""
        return dict(self.cleaned_data)


class ExtendForm(Reasoned):
    """Any length; the partner itself has only what its program offers."""

    days = forms.IntegerField(label=gettext_lazy("Days more"), min_value=1, max_value=LONGEST)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        registration = self.registration
        if registration.program and registration.program.extension_days:
            self.initial["days"] = registration.program.extension_days
        if registration.is_protected:
            self.fields["days"].help_text = _("Counted from %(day)s, its last day today.") % {
                "day": day(registration.protected_until - timedelta(days=1))
            }


def message_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Message to the partner"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Write it in the partner's language. Never name another partner, nor say that there is one."
        ),
    )


class ReleaseForm(Reasoned):
    """End it today."""

    message = message_field()


class TransferForm(Reasoned):
    """The partner that receives it."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner that receives it"))
    message = message_field()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        others = Partner.objects.visible_to(self.user).exclude(pk=self.registration.partner_id)
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = others
        self.fields["message"].label = _("Message to the partner that receives it")

    def given(self) -> dict:
        given = super().given()
        return {"to": given.pop("partner"), **given}
