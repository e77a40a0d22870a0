"""What may be done with a saved view; it is made on its list (``prm.ui.lists``)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from prm.access import scoped
from prm.errors import RuleViolation
from prm.ui.lists.saved import EVERYTHING, ViewForm
from prm.ui.models import DefaultView, SavedView
from prm.ui.toasts import say


def list_url(view: SavedView, *, whole: bool = False) -> str:
    """The list, with the view or with everything."""
    try:
        path = reverse(view.list)
    except NoReverseMatch:  # the list is not installed any more
        return "/"
    return f"{path}?{EVERYTHING}=1" if whole else f"{path}?{view.query}"


@require_POST
@scoped(SavedView.objects.editable_by)
def change(request: HttpRequest, view: SavedView) -> HttpResponse:
    """Another name, who sees it, and whether one's list opens with it."""
    form, back = ViewForm(request.POST), redirect(list_url(view))
    if not form.is_valid():
        return say(request, back, _("Give the view a name."), tone="bad")
    given = form.cleaned_data
    try:
        view.rename(by=request.user, name=given["name"], shared=given["shared"])
    except RuleViolation as error:
        return say(request, back, error.message, tone="bad")
    choose(view, request.user, given["default"])
    return say(request, back, _("Saved."))


@require_POST
@scoped(SavedView.objects.editable_by)
def deletion(request: HttpRequest, view: SavedView) -> HttpResponse:
    """Forget the view."""
    back, name = redirect(list_url(view, whole=True)), view.name
    view.delete()
    return say(request, back, _("View “%(name)s” deleted.") % {"name": name})


@require_POST
@scoped(SavedView.objects.visible_to)
def opening(request: HttpRequest, view: SavedView) -> HttpResponse:
    """One's list opens with this view, or no longer."""
    choose(view, request.user, request.POST.get("default") == "1")
    return say(request, redirect(list_url(view)), _("Saved."))


def choose(view: SavedView, user, wanted: bool) -> None:
    if wanted:
        view.open_with(by=user)
    else:
        DefaultView.objects.filter(view=view, user=user.pk, partner_id=user.acting_for_id).delete()
