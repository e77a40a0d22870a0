"""Make two rows of one customer one, after a look at what would move; and take them apart again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from prm.access import scoped
from prm.errors import RuleViolation
from prm.ui.forms import Form, RecordField, handle
from prm.ui.toasts import say
from territories.models import Customer, CustomerMerge
from territories.models.merging import ask_for_conflict, preview


class MergeForm(Form):
    """Which other row is the same customer; ``sure`` comes with the preview."""

    other = RecordField("customers", Customer.objects.none(), label=gettext_lazy("The other row of this customer"))
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    sure = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, customer: Customer, **kwargs):
        super().__init__(data, **kwargs)
        others = Customer.objects.editable_by(self.user).exclude(pk=customer.pk)
        field: Any = self.fields["other"]
        field.queryset = field.widget.queryset = others


@scoped(Customer.objects.editable_by)
def merge(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Choose the other row, look at what moves, confirm."""
    given = request.POST if request.method == "POST" else request.GET if "other" in request.GET else None
    initial = {"version": customer.version}
    form = MergeForm(given, customer=customer, user=request.user, initial=initial)
    other = form.cleaned_data["other"] if form.is_bound and form.is_valid() else None
    refused = []

    def act():
        try:
            customer.merge(other, by=request.user, version=form.cleaned_data["version"])
        except RuleViolation as error:
            refused.append(error)
            raise
        return customer

    if other is not None and not form.cleaned_data["sure"]:
        try:
            CustomerMerge.refuse_unless_mergeable(other, customer)
        except RuleViolation as error:
            refused.append(error)
            form.add_error("other", error.message)
            response = shown(request, form, customer, None)
        else:
            sure = MergeForm(
                initial={"other": other.pk, "version": customer.version, "sure": "1"},
                customer=customer,
                user=request.user,
            )
            response = shown(request, sure, customer, other)
    elif request.method == "POST":
        response = handle(
            request, form, act, template="territories/merge.html", said=_("Merged."), **words(customer), moving=[]
        )
    else:
        response = shown(request, form, customer, None)
    if other is not None and any(error.code == "protections_overlap" for error in refused):
        ask_for_conflict(other, customer)
    return response


def words(customer: Customer) -> dict:
    return {
        "title": _("Merge into %(name)s") % {"name": customer.name},
        "lead": _(
            "The other row goes; its spellings, numbers, deals and history stay with this one. It can be undone."
        ),
        "back_url": customer.get_absolute_url(),
        "back_label": customer.name,
        "customer": customer,
    }


def shown(request: HttpRequest, form: MergeForm, customer: Customer, other: Customer | None) -> HttpResponse:
    """The form, with what would move when the other is chosen."""
    context = {"form": form, "other": other, "moving": preview(other) if other else [], **words(customer)}
    status = 422 if form.is_bound and form.errors and request.method == "POST" else 200
    return render(request, "territories/merge.html", context, status=status)


@require_POST
@scoped(lambda user: CustomerMerge.objects.editable_by(user).select_related("customer"))
def unmerge(request: HttpRequest, trail: CustomerMerge) -> HttpResponse:
    """Take two customers apart again."""
    target = trail.customer
    try:
        with transaction.atomic():
            trail.unmerge(by=request.user)
    except RuleViolation as error:
        return say(request, redirect(target), error.message, tone="bad")
    return say(request, redirect(target), _("%(name)s stands for itself again.") % {"name": trail.absorbed_name})
