"""What can be done with several conflicts at once; each by its own verb."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from deals.conflicts.models import Conflict, ConflictStatus
from prm.ui.forms import Form
from prm.ui.lists import BulkAction, bulk_actions


class ReasonForm(Form):
    reason = forms.CharField(
        label=gettext_lazy("Why this is no conflict"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


def dismiss(conflict: Conflict, user, data: dict) -> bool:
    if conflict.status == ConflictStatus.DISMISSED:
        return False
    conflict.dismiss(by=user, reason=data["reason"])
    return True


bulk_actions.add(
    "conflicts:conflicts",
    BulkAction(
        "dismiss",
        gettext_lazy("Dismiss"),
        "x",
        lambda user: not user.is_partner and (user.may("settle_conflicts") or user.may("decide_registrations")),
        dismiss,
        Conflict.objects.dismissable_by,
        ReasonForm,
    ),
)
