"""Conflicts as the vendor settles them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deals.conflicts.models import Conflict
from prm.access import scoped, vendor_only
from prm.errors import RuleViolation
from prm.ui.forms import plain
from prm.ui.toasts import say


@require_POST
@vendor_only
@scoped(Conflict.objects.dismissable_by)
def dismiss(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """Not a conflict, and why; back to the registration one was deciding on."""
    sides = {str(conflict.registration_id), str(conflict.other_id)}
    asked = request.POST.get("registration", "")
    target = reverse("deals:approval", args=[asked if asked in sides - {"None"} else conflict.registration_id])
    try:
        with transaction.atomic():
            conflict.dismiss(by=request.user, reason=reason(request), version=request.POST.get("version", ""))
    except RuleViolation as error:
        return say(request, redirect(target), error.message, tone="bad")
    return say(request, redirect(target), _("Dismissed. The rules leave it alone from now on."))


def reason(request: HttpRequest) -> str:
    text = request.POST.get("reason", "").strip()
    if len(text) > 500:
        raise RuleViolation("reason_too_long", _("At most %(limit)s characters.") % {"limit": 500}, field="reason")
    try:
        return plain(text)
    except ValidationError as error:
        raise RuleViolation("reason_unreadable", str(error.message), field="reason") from None
