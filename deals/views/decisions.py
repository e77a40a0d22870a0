"""What follows a decision, and several at once: taking it back, approving together what nothing speaks against."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from deals.doubts import approve_all
from deals.models import DealRegistration
from deals.views.approvals import chosen_view, page, refused, within_reach
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation, StaleVersion
from prm.http import Request
from prm.ui.templatetags.ui import num
from prm.ui.toasts import say

MOST = 200  # registrations at once


@require_POST
@vendor_only
@scoped(within_reach)
def undo(request: Request, registration: DealRegistration) -> HttpResponse:
    """Take one's own decision back; the registration waits again."""
    view = chosen_view(request)
    try:
        with transaction.atomic():
            registration.undo_decision(by=request.user, version=request.GET.get("version", ""))
    except RuleViolation as error:
        if isinstance(error, StaleVersion):
            return refused(request, registration, view, error)
        return page(
            request, within_reach(request.user).get(pk=registration.pk), view, status=409, problem=error.message
        )
    address = reverse("deals:approval", args=[registration.pk]) + f"?view={view}"
    return say(
        request, redirect(address), _("Taken back: %(name)s waits for a decision again.") % {"name": registration}
    )


def chosen(texts: list[str]) -> list[UUID]:
    """The ids among what was sent."""
    found = []
    for text in texts[:MOST]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@require_POST
@vendor_only
@may("decide_registrations")
def approve_many(request: Request) -> HttpResponse:
    """Approve the ticked ones nothing speaks against; the others stay, each named with its reason."""
    view, ids = chosen_view(request), chosen(request.POST.getlist("selected"))
    back = redirect(reverse("deals:approvals") + f"?view={view}")
    if not ids:
        return say(request, back, _("Choose rows first."), tone="warn")
    approved, left = approve_all(ids, by=request.user)
    said = ngettext("%(n)s approved.", "%(n)s approved.", len(approved)) % {"n": num(len(approved))}
    undo_url = ""
    if approved and settings.UNDO_SECONDS:
        query = [("view", view), *(("of", row.pk) for row in approved)]
        undo_url = f"{reverse('deals:undo_many')}?{urlencode(query)}"
    if not left:
        return say(request, back, said, tone="good" if approved else "neutral", undo_url=undo_url)
    return page(request, None, view, opened=False, left=left, said=said, undo_url=undo_url)


@require_POST
@vendor_only
@may("decide_registrations")
def undo_many(request: Request) -> HttpResponse:
    """Take back what one just approved together; what cannot be taken back any more stays approved and is named."""
    undone, left = 0, []
    rows = within_reach(request.user).filter(pk__in=chosen(request.GET.getlist("of"))).order_by("pk")
    for row in rows:
        try:
            with transaction.atomic():
                row.undo_decision(by=request.user)
        except RuleViolation as error:
            left.append((row, error.message))
        else:
            undone += 1
    view = chosen_view(request)
    said = ngettext("%(n)s taken back.", "%(n)s taken back.", undone) % {"n": num(undone)}
    if left:
        return page(request, None, view, opened=False, left=left, said=said)
    return say(request, redirect(reverse("deals:approvals") + f"?view={view}"), said)
