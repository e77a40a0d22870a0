"""Registering for a partner: the vendor's people fill in the partner's own form, by the same rules."""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deals.forms.registration import RegistrationForm
from deals.models import DealRegistration
from deals.views.portal import keep
from partners.models import Partner
from partners.programs.models import Enrolment
from prm.access import may, scoped, vendor_only
from prm.errors import RuleViolation
from prm.http import Request
from prm.ids import uuid7
from prm.ui.forms import Form, RecordField
from prm.ui.templatetags.ui import day
from prm.ui.toasts import say

DRAFT_KEY = "registration for a partner"


class PartnerForm(Form):
    """For whom."""

    partner = RecordField("partners", Partner.objects.none(), label=gettext_lazy("Partner"))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, label_suffix="", **kwargs)
        self.fields["partner"].queryset = self.fields["partner"].widget.queryset = Partner.objects.visible_to(user)


def editable(user):
    """What this person of the vendor began for a partner."""
    return DealRegistration.objects.editable_by(user).select_related("partner", "program")


@require_http_methods(["GET", "POST"])
@vendor_only
@may("decide_registrations")
def register_for(request: Request) -> HttpResponse:
    """Say for whom, then fill in its form; sending the form twice makes one registration."""
    user = request.user
    asked = request.method == "POST" or "partner" in request.GET
    chosen = PartnerForm(request.GET if asked else None, user=user)
    if not chosen.is_valid():
        status = 422 if chosen.errors else 200
        return render(request, "deals/register_for.html", {"choose": chosen}, status=status)
    partner = chosen.cleaned_data["partner"]
    salt = f"{DRAFT_KEY} {user.pk} {partner.pk}"
    if request.method == "GET":
        form = RegistrationForm(user=user, partner=partner)
        return form_page(request, form, partner, key=signing.dumps(str(uuid7()), salt=salt))
    try:
        pk = UUID(signing.loads(request.POST.get("key", ""), salt=salt))
    except (signing.BadSignature, ValueError):
        pk = uuid7()
    return take(request, partner, editable(user).filter(pk=pk).first(), pk)


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(editable)
def go_on_for(request: Request, registration: DealRegistration) -> HttpResponse:
    """Go on with what one began for a partner: a draft, what was taken back, or an answer."""
    if request.method == "POST":
        return take(request, registration.partner, registration, registration.pk)
    if not registration.is_editable:
        return redirect("deals:registration", registration.pk)
    form = RegistrationForm(user=request.user, registration=registration, partner=registration.partner)
    return form_page(request, form, registration.partner, registration)


@require_POST
@vendor_only
@scoped(editable)
def discard_for(request: Request, registration: DealRegistration) -> HttpResponse:
    """Delete a draft one began for a partner."""
    try:
        with transaction.atomic():
            registration.discard(by=request.user)
    except RuleViolation as error:
        return say(request, redirect("deals:registration", registration.pk), error.message, tone="bad")
    return say(request, redirect("deals:registrations"), _("Draft deleted."))


def take(request: Request, partner: Partner, registration: DealRegistration | None, pk: UUID) -> HttpResponse:
    """Keep what was typed as a draft; submit it when asked to."""
    user = request.user
    if registration and not registration.is_editable:  # sent a second time, or decided meanwhile: nothing happens twice
        answer = redirect("deals:registration", registration.pk)
        return say(request, answer, _("This registration has already been submitted."), tone="neutral")
    form = RegistrationForm(request.POST, user=user, registration=registration, partner=partner)
    form.is_valid()
    try:
        registration = keep(form, registration, pk)
        if registration and "submit" not in request.POST:
            return say(request, redirect("deals:go_on_for", registration.pk), _("Draft saved."))
        if registration and not form.errors:
            with transaction.atomic():
                registration.submit(by=user)
            said = _("Submitted for %(partner)s. The decision is due by %(day)s.")
            said %= {"partner": partner, "day": day(registration.decide_by)}
            return say(request, redirect("deals:registration", registration.pk), said)
    except (RuleViolation, ValidationError) as error:
        form.refuse(error)
    return form_page(request, form, partner, registration, key=request.POST.get("key", ""))


def form_page(
    request: Request,
    form: RegistrationForm,
    partner: Partner,
    registration: DealRegistration | None = None,
    key: str = "",
) -> HttpResponse:
    url = f"{reverse('deals:register_for')}?partner={partner.pk}"
    context = {
        "form": form,
        "partner": partner,
        "registration": registration,
        "key": key,
        "form_url": reverse("deals:go_on_for", args=[registration.pk]) if registration else url,
        "enrolment": Enrolment.objects.current_of(partner.pk),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "deals/register_for.html", context, status=status)
