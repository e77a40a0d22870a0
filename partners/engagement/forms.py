"""What may be typed about an activity."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.engagement.models import Activity, ActivityKind
from partners.engagement.subjects import activity_subjects
from partners.models import Partner
from prm.errors import RuleViolation
from prm.ui.forms import DayField, Form, RecordField


class MomentInput(forms.DateTimeInput):
    """The browser's own calendar and clock, in the reader's time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class QuickForm(Form):
    """A line on a record's page: what, and when it is due; without a date it is done."""

    prefix = "activity"
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ActivityKind.choices, initial=ActivityKind.NOTE)
    title = forms.CharField(label=gettext_lazy("What"), max_length=200)
    due_on = DayField(
        label=gettext_lazy("Due"),
        required=False,
        help_text=gettext_lazy("Leave it empty for what has happened already."),
    )
    partner = forms.ChoiceField(label=gettext_lazy("With"), required=False)
    shared = forms.BooleanField(label=gettext_lazy("The partner reads it"), required=False)

    def __init__(self, *args, about: Any = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.about = about
        subject = activity_subjects.of(about) if about is not None and not isinstance(about, Partner) else None
        self.kind_of_subject = subject.kind if subject else "partner" if about is not None else ""
        choices = subject.partners(about) if subject and not self.user.is_partner else []
        if choices:
            self.fields["partner"].choices = [("", _("nobody in particular")), *choices]
        else:
            del self.fields["partner"]
        if self.user.is_partner or (subject and subject.vendor_only and not choices):
            del self.fields["shared"]

    def values(self) -> dict[str, Any]:
        """What the verbs take of it."""
        given = dict(self.cleaned_data)
        partner = given.pop("partner", None)
        if partner and not isinstance(partner, Partner):
            partner = Partner.objects.visible_to(self.user).filter(pk=partner).first()
            if partner is None:
                raise RuleViolation("unknown_partner", _("There is no such record."), field="partner")
        if partner:
            given["partner"] = partner
        return given

    def save(self, about: Any) -> Activity:
        """Plan what is to come, write down what was."""
        return Activity.begin(by=self.user, about=about, **self.values())


class ActivityForm(QuickForm):
    """The whole of an activity, new or changed."""

    prefix = None
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Notes"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    at = forms.DateTimeField(label=gettext_lazy("When"), required=False, widget=MomentInput())
    reminder_days = forms.IntegerField(
        label=gettext_lazy("Remind, days before"),
        min_value=0,
        max_value=90,
        required=False,
        help_text=gettext_lazy("In the morning of that day. Empty: on the day it is due."),
    )
    field_order = ("kind", "title", "partner", "at", "due_on", "assignee", "reminder_days", "text", "shared")

    def __init__(self, *args, activity: Activity | None = None, **kwargs):
        self.activity = activity
        if activity is not None:
            kwargs["initial"] = {
                name: getattr(activity, name)
                for name in ("kind", "title", "text", "at", "due_on", "assignee", "reminder_days", "shared", "version")
            }
        super().__init__(*args, **kwargs)
        from partners.engagement.registrations import people_for

        self.fields["assignee"] = RecordField(
            "people",
            people_for(self.user),
            label=gettext_lazy("Who does it"),
            required=False,
            help_text=gettext_lazy("Empty: you."),
        )
        if activity is not None:
            self.fields.pop("partner", None)
            if self.user.is_partner or not activity.partner_id:
                self.fields.pop("shared", None)
        elif self.about is None and not self.user.is_partner:
            self.fields["partner"] = RecordField(
                "partners", Partner.objects.visible_to(self.user), label=gettext_lazy("Partner")
            )
        self.order_fields(self.field_order)

    def save_change(self) -> Activity:
        given = self.values()
        version = given.pop("version", None)
        if self.user.is_partner:
            given.pop("shared", None)
        return self.activity.change(by=self.user, version=version, **given)

    def save(self, about: Any) -> Activity:
        self.cleaned_data.pop("version", None)
        if about is None:
            about = self.cleaned_data.pop("partner")
        return super().save(about)
