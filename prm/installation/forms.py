from __future__ import annotations

import re
from typing import Any

from django import forms
from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.installation import colours, files
from prm.installation.models import Installation
from prm.ui.forms import RecordForm


class BrandingForm(RecordForm):
    """Name, logo, colour and sender."""

    logo_file = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 1 MB."),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    class Meta:
        model = Installation
        fields = ["name", "colour", "sender_name", "support_contact"]
        widgets = {"colour": forms.TextInput(attrs={"type": "color", "class": "form-control-color"})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.order_fields(["name", "logo_file", "remove_logo", "colour", "sender_name", "support_contact"])
        self.fields["colour"].help_text = _("For buttons and links. White text must be readable on it.")
        self.fields["sender_name"].help_text = _("Empty: the name of your company.")
        self.fields["support_contact"].help_text = _("An address or a number; it stands at the end of e-mails.")
        if not self.instance.logo:
            del self.fields["remove_logo"]

    def clean_colour(self) -> str:
        colour = self.cleaned_data["colour"].lower()
        if not re.fullmatch(r"#[0-9a-f]{6}", colour):
            raise forms.ValidationError(_("Give the colour as # and six digits, for example #2a57c2."), code="colour")
        ratio = colours.contrast(colour, colours.WHITE)
        if ratio < colours.ENOUGH:
            raise forms.ValidationError(
                _(
                    "White text on this colour has a contrast of %(ratio)s; %(least)s is needed to read it. Take a darker shade, for example %(shade)s."
                ),
                code="contrast",
                params={"ratio": f"{ratio:.1f}", "least": colours.ENOUGH, "shade": colours.darkened(colour)},
            )
        return colour

    def clean_logo_file(self) -> str:
        """The name the logo is kept under, when one was sent."""
        upload = self.cleaned_data["logo_file"]
        return files.keep(upload) if upload else ""

    def save_by(self, user: Any) -> Installation:
        if self.cleaned_data.get("logo_file"):
            self.instance.logo = self.cleaned_data["logo_file"]
        elif self.cleaned_data.get("remove_logo"):
            self.instance.logo = ""
        return super().save_by(user)

    def changed_columns(self) -> list[str]:
        return [*super().changed_columns(), "logo"]


class SecurityForm(RecordForm):
    """Which roles must sign in with two steps."""

    mfa_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Two-step sign-in is required for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Who has such a role and no second step yet is led to set it up at the next click, and reaches nothing else before."
        ),
    )

    class Meta:
        model = Installation
        fields = ["mfa_roles"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        vendor = apps.get_model("partners", "User")._meta.get_field("role").choices
        partner = apps.get_model("partners", "Membership")._meta.get_field("role").choices
        self.fields["mfa_roles"].choices = [*vendor, *partner]
