"""While one is away: who decides in one's place, and for whom one stands in."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deals.forms.absence import AbsenceForm
from deals.models import Delegation
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation
from prm.http import Request
from prm.ui.forms import handle, posted
from prm.ui.toasts import say


@require_http_methods(["GET", "POST"])
@vendor_only
@may("decide_registrations")
def absences(request: Request) -> HttpResponse:
    """One's own absences and those one stands in for, from today on; and a new one."""
    user, form = request.user, AbsenceForm(posted(request), user=request.user)
    rows = Delegation.objects.visible_to(user).not_over().select_related("person", "substitute")
    editable = set(Delegation.objects.editable_by(user).not_over().values_list("pk", flat=True))
    return handle(
        request,
        form,
        lambda: Delegation.give(by=user, **form.cleaned_data),
        template="deals/absences.html",
        said=_("Saved. Your substitute finds your files among their own."),
        to=reverse("deals:absences"),
        rows=[(row, row.pk in editable) for row in rows.order_by("period", "id")[:200]],
    )


@require_POST
@vendor_only
@scoped(Delegation.objects.editable_by)
def back(request: Request, delegation: Delegation) -> HttpResponse:
    """Back from today on."""
    answer = redirect("deals:absences")
    try:
        with transaction.atomic():
            delegation.end(by=request.user, version=request.POST.get("version"))
    except RuleViolation as error:
        return say(request, answer, error.message, tone="bad")
    return say(request, answer, _("Ended. The decisions are yours again."))
