"""What can be done with several leads at once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from attribution.models import Lead
from partners.models import User
from prm.ui.forms import Form, RecordField
from prm.ui.lists import BulkAction, bulk_actions


class OwnerForm(Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"] = RecordField(
            "vendor_people", User.objects.vendor_people().filter(is_active=True), label=gettext_lazy("Owner")
        )


def give_to_owner(lead: Lead, user, data: dict) -> bool:
    if lead.owner_id == data["owner"].pk:
        return False
    lead.edit(by=user, owner=data["owner"])
    return True


bulk_actions.add(
    "attribution:leads",
    BulkAction(
        "owner",
        gettext_lazy("Assign an owner"),
        "user-check",
        lambda user: not user.is_partner and user.may("manage_leads"),
        give_to_owner,
        Lead.objects.editable_by,
        OwnerForm,
    ),
)
