"""What a person types to close a conflict, or to open it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.conflicts.models import Conflict, KeptSide, Ruling
from prm.ui.forms import Form


class ConflictForm(Form):
    """A reason, and the version of the conflict that was read."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, conflict: Conflict, **kwargs: Any):
        super().__init__(data, prefix=self.named, **kwargs)
        self.initial["version"] = conflict.version

    named = ""


class DismissForm(ConflictForm):
    named = "dismiss"
    reason = forms.CharField(
        label=gettext_lazy("Why this is no conflict"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReopenForm(ConflictForm):
    named = "reopen"
    reason = forms.CharField(
        label=gettext_lazy("Why it is opened again"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class SettleForm(ConflictForm):
    """The decision; each choice names who goes on."""

    named = "settle"
    ruling = forms.ChoiceField(label=gettext_lazy("Decision"), widget=forms.RadioSelect)
    kept_side = forms.ChoiceField(label=gettext_lazy("The customer has chosen"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason, for us"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data=None, *, conflict: Conflict, **kwargs: Any):
        super().__init__(data, conflict=conflict, **kwargs)
        first, later = conflict.side_names
        self.fields["ruling"].choices = [
            (Ruling.UPHOLD_FIRST.value, _("Who was first keeps it: %(name)s") % {"name": first}),
            (Ruling.CUSTOMER_CHOICE.value, Ruling.CUSTOMER_CHOICE.label),
            (Ruling.NO_CONFLICT.value, Ruling.NO_CONFLICT.label),
        ]
        self.fields["kept_side"].choices = [
            ("", ""),
            (KeptSide.FIRST.value, first),
            (KeptSide.LATER.value, later),
        ]
