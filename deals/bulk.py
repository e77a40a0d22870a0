"""What can be done with several registrations or opportunities at once; each by its own verb."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from deals.doubts import approve_undoubted, in_order
from deals.models import DealRegistration, Opportunity
from partners.models import User
from prm.ui.forms import DayField, Form, RecordField
from prm.ui.lists import BulkAction, bulk_actions


class ReviewerForm(Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reviewer"] = RecordField(
            "vendor_people", User.objects.vendor_people().filter(is_active=True), label=gettext_lazy("Reviewer")
        )


class OwnerForm(Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"] = RecordField(
            "vendor_people", User.objects.vendor_people().filter(is_active=True), label=gettext_lazy("Owner")
        )


class CloseDateForm(Form):
    expected_close_date = DayField(label=gettext_lazy("Expected close"))


def give_to_reviewer(registration: DealRegistration, user, data: dict) -> bool:
    return registration.approval.assign(data["reviewer"], by=user)


def give_to_owner(opportunity: Opportunity, user, data: dict) -> bool:
    if opportunity.owner_id == data["owner"].pk:
        return False
    opportunity.assign(data["owner"], by=user)
    return True


def expect_close(opportunity: Opportunity, user, data: dict) -> bool:
    if opportunity.expected_close_date == data["expected_close_date"]:
        return False
    opportunity.change(by=user, expected_close_date=data["expected_close_date"])
    return True


def edits(user) -> bool:
    return not user.is_partner and user.may("manage_opportunities")


bulk_actions.add(
    "deals:registrations",
    BulkAction(
        "approve",
        gettext_lazy("Approve what nothing speaks against"),
        "shield-check",
        lambda user: not user.is_partner and user.may("decide_registrations"),
        lambda registration, user, data: approve_undoubted(registration, by=user),
        DealRegistration.objects.decided_or_decidable_by,
        in_order=in_order,
    ),
    BulkAction(
        "review",
        gettext_lazy("Assign a reviewer"),
        "user-check",
        lambda user: not user.is_partner and user.may("decide_registrations"),
        give_to_reviewer,
        DealRegistration.objects.decidable_by,
        ReviewerForm,
    ),
)
bulk_actions.add(
    "deals:opportunities",
    BulkAction(
        "owner",
        gettext_lazy("Assign an owner"),
        "user-check",
        edits,
        give_to_owner,
        Opportunity.objects.editable_by,
        OwnerForm,
    ),
    BulkAction(
        "close",
        gettext_lazy("Change the expected close"),
        "calendar-event",
        edits,
        expect_close,
        Opportunity.objects.editable_by,
        CloseDateForm,
    ),
)
