"""Settings of the installation, and the files that carry its looks."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST

from prm.access import may, scoped
from prm.events.models import Errand
from prm.installation import colours, files
from prm.installation.forms import BrandingForm, SecurityForm
from prm.installation.models import Installation
from prm.ui.forms import handle, posted, posted_files
from prm.ui.lists import Column, Filters, ListPage, Tab
from prm.ui.toasts import say


@may("manage_installation")
def branding(request: HttpRequest) -> HttpResponse:
    """Name, logo, colour, sender of e-mails."""
    form = BrandingForm(posted(request), posted_files(request), instance=Installation.for_change(), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="settings/branding.html",
        to=reverse("installation:branding"),
        title=_("Name and looks"),
        lead=_("What your people and your partners see on every page and e-mail."),
    )


@may("manage_installation")
def security(request: HttpRequest) -> HttpResponse:
    """Roles that must use two-step sign-in."""
    form = SecurityForm(posted(request), instance=Installation.for_change(), user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        template="settings/security.html",
        to=reverse("installation:security"),
        title=_("Sign-in security"),
        lead=_("A second step, a code from one's phone, protects an account whose password became known."),
    )


@login_not_required
def brand_css(request: HttpRequest) -> HttpResponse:
    """The vendor's colour as variables, in the shades that stay readable in the light and the dark theme."""
    colour = Installation.current().colour
    night = colours.for_night(colour)
    text = f":root{{--brand:{colour};--on-brand:{colours.WHITE};--brand-dark:{night};--on-brand-dark:{colours.NIGHT}}}"
    response = HttpResponse(text, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable" if request.GET.get("v") else "public, max-age=60"
    return response


@login_not_required
def logo(request: HttpRequest, name: str) -> FileResponse:
    """The present logo, and no other file."""
    if not name or name != Installation.current().logo:
        raise Http404
    path = files.folder() / name
    if not path.is_file():
        raise Http404
    response = FileResponse(path.open("rb"), content_type=files.TYPES[path.suffix])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# Background work ------------------------------------------------------------------------------------------------------------


class ErrandFilters(Filters):
    search_fields, search_hint = ("task", "error"), gettext_lazy("Task or error")

    class Meta:
        model = Errand
        fields = ["dead"]


def errands_of(user):
    """Whoever may see background work sees all of it."""
    return Errand.objects.all() if not user.is_partner and user.may("see_jobs") else Errand.objects.none()


class ErrandList(ListPage):
    """Work that is not done yet; what keeps failing waits here for a person."""

    title, icon, filterset_class = gettext_lazy("Background work"), "activity", ErrandFilters
    default_sort = "-due_at"
    export_name = "background-work"
    lead = gettext_lazy("Work that waits or failed. What is done is no longer listed.")
    empty_title = gettext_lazy("Nothing waits")
    empty_text = gettext_lazy("All background work is done. What waits for its turn or fails is shown here.")
    columns = [
        Column(
            "task",
            gettext_lazy("Task"),
            sort="task",
            phone="title",
            link=lambda row: reverse("installation:errand", args=[row.pk]),
        ),
        Column("state", gettext_lazy("State"), "text", value=lambda row: state_words(row), phone="detail"),
        Column("queue", gettext_lazy("Queue"), sort="queue"),
        Column("tries", gettext_lazy("Tries"), "number", sort="tries"),
        Column("created_at", gettext_lazy("Since"), "moment", sort="created_at", phone="value"),
        Column("due_at", gettext_lazy("Next try"), "moment", sort="due_at"),
    ]

    def rows(self):
        return errands_of(self.request.user)

    def tabs(self) -> list[Tab]:
        return [Tab(_("All"), {}), Tab(pgettext("errands", "Given up"), {"dead": "true"})]


def state_words(errand: Errand) -> str:
    if errand.dead:
        return _("given up")
    return _("failed, will be tried again") if errand.tries else _("waiting")


@scoped(errands_of)
def errand(request: HttpRequest, errand: Errand) -> HttpResponse:
    """One piece of work and its error."""
    from django.shortcuts import render

    return render(request, "settings/errand.html", {"errand": errand, "state": state_words(errand)})


@require_POST
@scoped(errands_of)
def errand_revival(request: HttpRequest, errand: Errand) -> HttpResponse:
    """Ask for another round of tries."""
    errand.revive()
    return say(request, redirect("installation:errands"), _("The work will be tried again."))
