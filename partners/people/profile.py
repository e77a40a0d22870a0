"""One's own page: name, language, looks, security, tokens, and for whom one acts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from partners.accounts import choose_side
from partners.models import Membership, User
from partners.people.forms import ProfileForm, TokenForm
from prm.access import allowed
from prm.api.models import EVERYTHING, ApiToken
from prm.api.router import known_scopes
from prm.db import acting
from prm.http import Request
from prm.notify.models import Preference
from prm.notify.registry import notices
from prm.ui.forms import handle, posted
from prm.ui.toasts import say

oneself = allowed(lambda user: user.is_authenticated)  # everybody's own page


@login_not_required
def entrance(request: Request) -> HttpResponse:
    """``/``: signs in, and takes each to their home."""
    user = getattr(request, "_cached_user", None)
    if user is None:
        return redirect("account_login")
    return redirect("portal" if user.is_partner else "home")


@oneself
def profile(request: Request) -> HttpResponse:
    """Name, language, time zone, looks; and the ways to one's password, second step and tokens."""
    user = User.objects.get(pk=request.user.pk)
    form = ProfileForm(posted(request), instance=user, user=request.user)
    with acting("system"):
        two_steps = user.authenticator_set.filter(type="totp").exists()
        sides = sides_of(request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=reverse("profile"),
        template="people/profile.html",
        two_steps=two_steps,
        sides=sides,
        title=_("Profile"),
        tabs=profile_tabs("profile"),
    )


def profile_tabs(active: str) -> list[dict[str, Any]]:
    pages = [
        ("profile", _("Profile")),
        ("notices", _("What I am told")),
        ("engagement:calendar", _("Calendar")),
        ("tokens", _("Access for programs")),
    ]
    return [{"label": label, "url": reverse(name), "active": name == active} for name, label in pages]


def sides_of(user: User) -> list[dict[str, Any]]:
    """For whom this person may act: the vendor, and each partner they belong to. Asked as the system: it spans partners."""
    sides = []
    if user.role:
        sides.append(
            {"value": "", "label": _("the vendor"), "role": user.get_role_display(), "active": user.membership is None}
        )
    for row in Membership.objects.usable().filter(user=user.pk).select_related("partner").order_by("partner__name"):
        active = user.membership is not None and user.membership.pk == row.pk
        sides.append(
            {"value": str(row.pk), "label": row.partner.name, "role": row.get_role_display(), "active": active}
        )
    return sides


@require_POST
@oneself
def acting_for(request: Request) -> HttpResponse:
    """Act for another of one's sides from now on."""
    with acting("system"):
        chosen = next((side for side in sides_of(request.user) if side["value"] == request.POST.get("side", "")), None)
        if chosen is None:
            return say(request, redirect("profile"), _("You cannot act for this company any more."), tone="bad")
        membership = Membership.objects.get(pk=chosen["value"]) if chosen["value"] else None
    choose_side(request, request.user, membership)
    return redirect("/")


@require_POST
@oneself
def preferences(request: Request) -> HttpResponse:
    """Language or theme, from the menu of the shell."""
    choices = {"language": dict(settings.LANGUAGES), "theme": {"system", "light", "dark"}}
    values = {name: request.POST[name] for name, known in choices.items() if request.POST.get(name) in known}
    if values:
        user = User.objects.get(pk=request.user.pk).lock()
        user.put(**values)
    target = request.POST.get("next", "")
    return redirect(target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else "/")


@oneself
def my_notices(request: Request) -> HttpResponse:
    """Which notices one gets, in the inbox and by e-mail."""
    kinds = notices.choosable_by(request.user)
    if request.method == "POST":
        for notice in kinds:
            Preference.objects.choose(
                request.user,
                notice.kind,
                in_app=f"{notice.kind}.in_app" in request.POST,
                email=f"{notice.kind}.email" in request.POST,
            )
        return say(request, redirect("notices"), _("Saved."))
    chosen = Preference.objects.of(request.user)
    rows = [{"notice": notice, "wish": chosen.get(notice.kind) or Preference(kind=notice.kind)} for notice in kinds]
    return render(request, "people/notices.html", {"rows": rows, "tabs": profile_tabs("notices")})


# Tokens: the portal's database role cannot read them, so they are asked for as the system, by their person ------------------------


def scope_choices() -> list[tuple[str, str]]:
    """The scopes a token may be limited to, as the API knows them."""
    return [
        (EVERYTHING, _("everything I may do")),
        *((scope, scope) for scope in sorted(known_scopes() - {EVERYTHING})),
    ]


@oneself
def tokens(request: Request) -> HttpResponse:
    """One's own tokens, and a new one; its secret is shown once."""
    form = TokenForm(posted(request), user=request.user, scopes=scope_choices())
    secret = ""
    with acting("system"):
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            _token, secret = ApiToken.objects.issue(
                request.user,
                name=given["name"],
                scopes=given["scopes"],
                days=int(given["days"]),
                membership=request.user.membership,
            )
            form = TokenForm(user=request.user, scopes=scope_choices())
        rows = list(ApiToken.objects.of(request.user))
    context = {"form": form, "tokens": rows, "secret": secret, "tabs": profile_tabs("tokens")}
    return render(request, "people/tokens.html", context, status=422 if form.is_bound and form.errors else 200)


@require_POST
@oneself
def token_revocation(request: Request, token_id: Any) -> HttpResponse:
    """The next call with this token is refused."""
    with acting("system"):
        get_object_or_404(ApiToken.objects.of(request.user), pk=token_id).revoke()
    return say(request, redirect("tokens"), _("The token no longer works."))
