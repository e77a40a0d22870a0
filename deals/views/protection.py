"""A running protection before its day: the partner extends it, the vendor extends, releases or transfers it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deals.forms.protection import ExtendForm, ReleaseForm, TransferForm
from deals.models import DealRegistration
from deals.views.portal import act
from prm.access import portal_only, scoped, vendor_only
from prm.http import Request
from prm.ui.forms import handle, posted
from prm.ui.templatetags.ui import last_day


def of_the_vendor(user):
    return DealRegistration.objects.decided_or_decidable_by(user).select_related("partner", "program")


@require_POST
@portal_only
@scoped(DealRegistration.objects.editable_by)
def extend_own(request: Request, registration: DealRegistration) -> HttpResponse:
    """The partner takes the extension its program offers."""
    version = request.POST.get("version")
    return act(
        request,
        registration,
        lambda: registration.extend(by=request.user, version=version),
        _("Extended. The page shows the new last day."),
    )


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(of_the_vendor)
def extend(request: Request, registration: DealRegistration) -> HttpResponse:
    """Longer, by any number of days."""
    form = ExtendForm(posted(request), user=request.user, registration=registration)

    def verb():
        registration.extend(by=request.user, **form.given())
        return registration

    return page(
        request,
        registration,
        form,
        verb,
        title=_("Extend the protection of %(name)s") % {"name": registration},
        lead=_("All its product lines move together. The partner reads the new last day."),
        submit=_("Extend"),
        said=_("Extended. The partner is told."),
    )


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(of_the_vendor)
def release(request: Request, registration: DealRegistration) -> HttpResponse:
    """Ended today; the customer and its product lines are free."""
    form = ReleaseForm(posted(request), user=request.user, registration=registration)

    def verb():
        registration.release(by=request.user, **form.given())
        return registration

    return page(
        request,
        registration,
        form,
        verb,
        title=_("Release the protection of %(name)s") % {"name": registration},
        lead=_("It ends today, on all product lines. The registration stays approved, the partner is told."),
        submit=_("Release"),
        said=_("Released. The partner is told."),
    )


@require_http_methods(["GET", "POST"])
@vendor_only
@scoped(of_the_vendor)
def transfer(request: Request, registration: DealRegistration) -> HttpResponse:
    """The same lines and days for another partner, by a registration of its own."""
    form = TransferForm(posted(request), user=request.user, registration=registration)
    return page(
        request,
        registration,
        form,
        lambda: registration.transfer(by=request.user, **form.given()),
        title=_("Transfer the protection of %(name)s") % {"name": registration},
        lead=_(
            "It ends for %(partner)s today and goes on for the other partner until %(day)s. Both are told; neither reads"
            " of the other. Amounts and documents stay where they are."
        )
        % {"partner": registration.partner, "day": last_day(registration.protected_until)},
        submit=_("Transfer"),
        said=_("Transferred. This is the registration of the partner that received it."),
    )


def page(request: Request, registration: DealRegistration, form, verb, **words) -> HttpResponse:
    return handle(request, form, verb, back_url=registration.get_absolute_url(), back_label=str(registration), **words)
