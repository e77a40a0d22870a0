"""What may be typed in about an absence."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from partners.models import User
from prm.ui.forms import DayField, Form, RecordField


class AbsenceForm(Form):
    """From when to when, and who stands in; whoever manages people may say it for a colleague."""

    person = RecordField(
        "vendor_people", User.objects.none(), label=gettext_lazy("Who is away"), required=False,
        help_text=gettext_lazy("Yourself when left empty."),
    )  # fmt: skip
    substitute = RecordField("vendor_people", User.objects.none(), label=gettext_lazy("Who decides meanwhile"))
    first = DayField(label=gettext_lazy("First day"))
    last = DayField(label=gettext_lazy("Last day"))

    def __init__(self, data=None, *, user, **kwargs: Any):
        super().__init__(data, user=user, label_suffix="", **kwargs)
        colleagues = User.objects.vendor_people().filter(is_active=True)
        for name in ("person", "substitute"):
            self.fields[name].queryset = self.fields[name].widget.queryset = colleagues
        if not user.may("manage_people"):
            del self.fields["person"]
