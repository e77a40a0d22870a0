"""The second review of a refusal: the partner asks for it, somebody else of the vendor answers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deals.forms.appeal import AnswerForm, AppealForm
from deals.models import Appeal, DealRegistration
from deals.views import approvals
from deals.views.portal import act, portal_page
from prm.access import portal_only, scoped, vendor_only
from prm.errors import RuleViolation
from prm.http import Request
from prm.ui.templatetags.ui import day
from prm.ui.toasts import say

# The partner ---------------------------------------------------------------------------------------------------------------


@require_POST
@portal_only
@scoped(DealRegistration.objects.editable_by)
def ask(request: Request, registration: DealRegistration) -> HttpResponse:
    """Ask for a second review of a refusal."""
    form = AppealForm(request.POST)
    if not form.is_valid():
        return portal_page(request, registration, appeal_form=form)
    try:
        with transaction.atomic():
            appeal = Appeal.lodge(
                registration, by=request.user, text=form.cleaned_data["text"], version=request.POST.get("version")
            )
    except RuleViolation as error:
        registration.refresh_from_db()
        return portal_page(request, registration, problem=error.message, appeal_form=form)
    target = reverse("deals:portal_registration", args=[registration.pk])
    said = _("Sent. Somebody else looks at it; you have the answer by %(day)s.") % {"day": day(appeal.decide_by)}
    return say(request, redirect(target), said)


@require_POST
@portal_only
@scoped(lambda user: Appeal.objects.editable_by(user).select_related("registration__program", "registration__partner"))
def withdraw(request: Request, appeal: Appeal) -> HttpResponse:
    """No longer ask for it."""
    version = request.POST.get("version")
    return act(
        request,
        appeal.registration,
        lambda: appeal.withdraw(by=request.user, version=version),
        _("Your request for a second review is withdrawn."),
    )


# The vendor ----------------------------------------------------------------------------------------------------------------


@require_POST
@vendor_only
@scoped(Appeal.objects.decided_or_decidable_by)
def answer(request: Request, appeal: Appeal) -> HttpResponse:
    """Let the refusal stand, or take it back; whoever takes it back goes on with the registration."""
    registration = get_object_or_404(approvals.within_reach(request.user), pk=appeal.registration_id)
    view, form = approvals.chosen_view(request), AnswerForm(request.POST)
    if not form.is_valid():
        return approvals.page(request, registration, view, status=422, answer_form=form)
    overturns = "overturn" in request.POST
    verb = appeal.overturn if overturns else appeal.uphold
    _rows, _more, before, after = approvals.around(request, view, registration)
    try:
        with transaction.atomic():
            verb(by=request.user, version=request.POST.get("version", ""), **form.cleaned_data)
    except (RuleViolation, ValidationError) as error:
        return approvals.refused(request, registration, view, error, answer_form=form)
    if overturns:
        said = _("The refusal is taken back. %(name)s waits for your decision.") % {"name": registration}
        return approvals.stay(request, registration, "mine", said)
    target = after or before
    url = reverse("deals:approval", args=[target.pk]) if target else reverse("deals:approvals")
    return say(request, redirect(f"{url}?view={view}"), _("The refusal stands: %(name)s.") % {"name": registration})
