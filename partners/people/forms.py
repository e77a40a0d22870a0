from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from partners.models import Invitation, Membership, Partner, User
from partners.models.people import TIME_ZONES
from partners.roles import PartnerRole, VendorRole
from prm.ui.forms import Form, RecordForm, RecordsField


class InvitationForm(RecordForm):
    """Whom to invite; ``send_by(user)`` invites."""

    version = None

    class Meta:
        model = Invitation
        fields = ["name", "email", "role", "language"]

    def __init__(self, *args: Any, partner: Partner | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.instance.partner = partner
        self.fields["email"].help_text = _("The link to sign in goes to this address.")
        self.fields["language"].help_text = _("The invitation is written in this language.")
        self.initial.setdefault("language", self.user.language)
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"),
            choices=PartnerRole.choices,
            initial=PartnerRole.SALES,
            help_text=_(
                "An administrator looks after the company's people; sales registers deals; marketing and finance see what concerns them."
            ),
        )

    def send_by(self, user: User) -> Invitation:
        return self.instance.send(by=user)


class ScopeFields(forms.Form):
    """What limits a vendor person: countries and named partners."""

    scope_countries = forms.MultipleChoiceField(
        label=gettext_lazy("Countries"),
        choices=lambda: list(countries),
        required=False,
        widget=forms.SelectMultiple(attrs={"data-select": ""}),
        help_text=gettext_lazy("Looks after partners of these countries. Leave both empty for all partners."),
    )

    def add_scope_partners(self) -> None:
        self.fields["scope_partners"] = RecordsField(
            "partners",
            Partner.objects.visible_to(self.user),
            label=_("Partners"),
            required=False,
            help_text=_("And after these partners."),
        )

    def clean_scope_partners(self) -> list:
        return [partner.pk for partner in self.cleaned_data["scope_partners"]]


class VendorInvitationForm(ScopeFields, InvitationForm):
    class Meta(InvitationForm.Meta):
        fields = ["name", "email", "role", "language", "scope_countries"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.add_scope_partners()
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"), choices=VendorRole.choices, initial=VendorRole.CHANNEL_MANAGER
        )

    def send_by(self, user: User) -> Invitation:
        self.instance.scope_partners = self.cleaned_data["scope_partners"]
        return super().send_by(user)


class VendorPersonForm(ScopeFields, RecordForm):
    """Role and scope of a vendor person."""

    class Meta:
        model = User
        fields = ["name", "role", "phone", "scope_countries"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.add_scope_partners()
        self.initial["scope_partners"] = self.instance.scope_partners
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=VendorRole.choices)
        if self.instance.pk == self.user.pk:
            self.fields["role"].disabled = True
            self.fields["role"].help_text = _("Your own role is changed by another administrator.")

    def save_by(self, user: User) -> User:
        self.instance.scope_partners = self.cleaned_data["scope_partners"]
        return super().save_by(user)


class MembershipForm(Form):
    """Role of a colleague."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=PartnerRole.choices)
    own_rows_only = forms.BooleanField(
        label=gettext_lazy("Sees only the deals of their own"),
        required=False,
        help_text=gettext_lazy("For a salesperson who should not see the deals of colleagues."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any):
        kwargs.setdefault(
            "initial",
            {"role": membership.role, "own_rows_only": membership.own_rows_only, "version": membership.version},
        )
        super().__init__(*args, **kwargs)


class NewPasswordForm(Form):
    """Whoever accepts an invitation for an address without account: a name and a password."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 10 characters. A few words in a row are easy to remember and hard to guess."),
    )
    again = forms.CharField(
        label=gettext_lazy("Password again"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any):
        self.invitation = invitation
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        password, again = given.get("password"), given.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ. Type the same one twice."))
        elif password:
            try:
                password_validation.validate_password(
                    password, User(email=self.invitation.email, name=given.get("name", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return given


class ProfileForm(RecordForm):
    """One's own name, language, time zone and looks."""

    class Meta:
        model = User
        fields = ["name", "phone", "language", "time_zone", "theme", "shortcuts"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=[(zone, zone.replace("_", " ")) for zone in TIME_ZONES],
            widget=forms.Select(attrs={"data-select": ""}),
        )
        self.fields["shortcuts"].help_text = _("Single keys such as A for approve. They are listed when you press ?.")


class TokenForm(Form):
    """A new token for programs."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which program uses it, and where.")
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Ends after"),
        choices=[("30", gettext_lazy("30 days")), ("90", gettext_lazy("90 days")), ("365", gettext_lazy("one year"))],
        initial="90",
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Never more than you may yourself."),
    )

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = scopes
