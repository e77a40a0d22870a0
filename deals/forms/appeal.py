from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from prm.ui.forms import Form


class AppealForm(Form):
    """What the partner knows that was not seen."""

    text = forms.CharField(
        label=gettext_lazy("What should we look at again?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Facts we may not have had: who you met, when, what the customer asked for."),
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, label_suffix="", prefix="appeal", **kwargs)


class AnswerForm(Form):
    """The answer, and what the vendor's people keep for themselves."""

    message = forms.CharField(
        label=gettext_lazy("Answer to the partner"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed where the refusal stands. The partner reads it without your name."),
    )
    notes = forms.CharField(
        label=gettext_lazy("Private notes"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Only the vendor's people read them; the partner never does."),
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, label_suffix="", prefix="answer", **kwargs)
