"""What a partner's people note on a deal for themselves."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deals.models import OpportunityParticipant, PrivateNote
from deals.views.portal_opportunity import address, name_of, readable
from prm.access import portal_only, scoped
from prm.http import Request
from prm.ui.forms import Form, handle, posted
from prm.ui.toasts import say

LATEST = 20


class NoteForm(Form):
    text = forms.CharField(
        label=gettext_lazy("Private note"),
        max_length=4000,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("Only your company reads it, never the vendor."),
    )


def noted_by(user):
    """The deals of one's own company, for who may write on them."""
    rows = readable(user)
    return rows.filter(partner=user.acting_for_id) if user.is_partner and user.may("log_activities") else rows.none()


def panel(part: OpportunityParticipant, user) -> dict | None:
    """The notes of one's company on its own deal, the latest first; a group's head reads none."""
    if part.partner_id != user.acting_for_id:
        return None
    notes = PrivateNote.objects.visible_to(user).filter(participant=part)[:LATEST]
    return {
        "notes": [(note, note.author_id == user.pk) for note in notes],
        "form": NoteForm() if user.may("log_activities") else None,
    }


@require_http_methods(["GET", "POST"])
@portal_only
@scoped(noted_by)
def write(request: Request, part: OpportunityParticipant) -> HttpResponse:
    """Note something for one's colleagues."""
    form = NoteForm(posted(request))

    def act():
        return PrivateNote.write(part, form.cleaned_data["text"], by=request.user)

    return handle(
        request,
        form,
        act,
        to=address(part) + "#private-notes",
        said=_("Noted. Only your company reads it."),
        title=_("Private note on %(name)s") % {"name": name_of(part)},
        back_url=address(part),
        back_label=name_of(part),
    )


@require_POST
@portal_only
@scoped(lambda user: PrivateNote.objects.removable_by(user).select_related("participant"))
def remove(request: Request, note: PrivateNote) -> HttpResponse:
    """Take back what one wrote."""
    note.delete()
    return say(request, redirect(address(note.participant) + "#private-notes"), _("Note removed."))
