"""Colleagues and vendor people: who they are, invite, change, deactivate."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from partners.accounts import choose_side
from partners.models import Invitation, Membership, Partner, User
from partners.people.forms import (
    InvitationForm,
    MembershipForm,
    NewPasswordForm,
    VendorInvitationForm,
    VendorPersonForm,
)
from partners.roles import VendorRole
from prm.access import may, portal_only, scoped
from prm.errors import RuleViolation
from prm.http import Request
from prm.ui.forms import handle, posted, refuse
from prm.ui.lists import Action, Column, Filters, ListPage
from prm.ui.toasts import say


def partners_to_staff(user: User):
    """The partners whose people this vendor person may look at."""
    return Partner.objects.none() if user.is_partner else Partner.objects.visible_to(user)


def partners_to_invite_for(user: User):
    return Partner.objects.none() if user.is_partner else Partner.objects.editable_by(user)


def account_words(row: Membership | User) -> str:
    return pgettext("account", "open") if row.is_active else pgettext("account", "closed")


# A partner's people -------------------------------------------------------------------------------------------------------


class PeopleFilters(Filters):
    search_fields, search_hint = ("user__name", "user__email"), gettext_lazy("Name or e-mail")


class PartnerPeople(ListPage):
    """The people of one company; seen by its administrator, and by the vendor's people who look after it."""

    icon, default_sort, filterset_class = "users", "name", PeopleFilters
    export_name = "people"
    template_name = "people/people.html"
    empty_title = gettext_lazy("Nobody has an account yet")
    empty_text = gettext_lazy("Invite colleagues: each signs in with an account of their own.")
    partner: Partner | None = None
    columns = [
        Column(
            "name",
            gettext_lazy("Name"),
            "person",
            value=lambda row: row.user.name,
            sort="user__name",
            phone="title",
            link=lambda row: reverse("people:membership", args=[row.pk]),
            detail=lambda row: row.user.email,
        ),
        Column("email", gettext_lazy("E-mail"), value=lambda row: row.user.email, screen=False),
        Column("role", gettext_lazy("Role"), sort="role", phone="detail"),
        Column("own_rows_only", gettext_lazy("Own deals only"), "flag"),
        Column("state", gettext_lazy("Account"), value=account_words, phone="detail"),
        Column("joined_at", gettext_lazy("Since"), "date", sort="joined_at"),
    ]

    @property
    def title(self) -> str:
        return _("People of %(company)s") % {"company": self.partner}

    def rows(self):
        return Membership.objects.visible_to(self.request.user).filter(partner=self.partner).select_related("user")

    def actions(self) -> list[Action]:
        if self.request.user.is_partner:
            return [Action(_("Invite a colleague"), reverse("people:invite"), "user-plus", primary=True)]
        if self.request.user.may("manage_partners"):
            return [
                Action(
                    _("Invite a person"),
                    reverse("people:invite_for", args=[self.partner.pk]),
                    "user-plus",
                    primary=True,
                )
            ]
        return []

    def extra_context(self) -> dict[str, Any]:
        invitations = Invitation.objects.visible_to(self.request.user).open().filter(partner=self.partner)
        return {"invitations": list(invitations.order_by("-created_at")[:100])}


@portal_only
@may("manage_colleagues")
def colleagues(request: Request) -> HttpResponseBase:
    """The people of one's own company."""
    return PartnerPeople.as_view(partner=request.user.acting_for)(request)


@scoped(partners_to_staff)
def of_partner(request: Request, partner: Partner) -> HttpResponseBase:
    """The people of a partner, for the vendor."""
    return PartnerPeople.as_view(partner=partner)(request)


def _invite(request: Request, form: InvitationForm, back_url: str, **context: Any) -> HttpResponse:
    return handle(
        request,
        form,
        lambda: form.send_by(request.user),
        said=_("The invitation is on its way."),
        to=back_url,
        back_url=back_url,
        back_label=_("People"),
        submit=_("Send the invitation"),
        **context,
    )


@portal_only
@may("manage_colleagues")
def invite(request: Request) -> HttpResponse:
    """Invite a colleague to one's own company."""
    form = InvitationForm(posted(request), user=request.user, partner=request.user.acting_for)
    return _invite(request, form, reverse("people:colleagues"), title=_("Invite a colleague"))


@scoped(partners_to_invite_for)
def invite_for(request: Request, partner: Partner) -> HttpResponse:
    """Invite a person to a partner, from the vendor's side."""
    form = InvitationForm(posted(request), user=request.user, partner=partner)
    title = _("Invite a person to %(company)s") % {"company": partner}
    return _invite(request, form, reverse("people:of_partner", args=[partner.pk]), title=title)


@scoped(Membership.objects.editable_by)
def membership(request: Request, membership: Membership) -> HttpResponse:
    """Change the role of a partner's person; deactivate or reactivate below."""
    back_url = people_url(request.user, membership.partner_id)
    form = MembershipForm(posted(request), membership=membership, user=request.user)

    def change() -> None:
        given = form.cleaned_data
        membership.change(
            by=request.user, version=given["version"], role=given["role"], own_rows_only=given["own_rows_only"]
        )

    return handle(
        request,
        form,
        change,
        to=back_url,
        template="people/membership.html",
        membership=membership,
        person=membership.user,
        title=membership.user.name,
        back_url=back_url,
        back_label=_("People"),
    )


def people_url(user: User, partner_id: Any) -> str:
    return reverse("people:colleagues") if user.is_partner else reverse("people:of_partner", args=[partner_id])


def _done(request: Request, verb: Any, back_url: str, said: str) -> HttpResponse:
    """Call a verb that takes no input; what it refuses is said on the page one came from."""
    try:
        with transaction.atomic():
            verb(by=request.user)
    except RuleViolation as error:
        return say(request, redirect(back_url), error.message, tone="bad")
    return say(request, redirect(back_url), said)


@require_POST
@scoped(Membership.objects.editable_by)
def membership_deactivation(request: Request, membership: Membership) -> HttpResponse:
    """The person can no longer act for this partner."""
    return _done(
        request, membership.deactivate, people_url(request.user, membership.partner_id), _("The account is closed.")
    )


@require_POST
@scoped(Membership.objects.editable_by)
def membership_reactivation(request: Request, membership: Membership) -> HttpResponse:
    return _done(
        request, membership.reactivate, people_url(request.user, membership.partner_id), _("The account is open again.")
    )


# Invitations --------------------------------------------------------------------------------------------------------------


def invitation_home(user: User, invitation: Invitation) -> str:
    return people_url(user, invitation.partner_id) if invitation.partner_id else reverse("people:vendor_people")


@require_POST
@scoped(Invitation.objects.editable_by)
def invitation_sending(request: Request, invitation: Invitation) -> HttpResponse:
    """Send the invitation again, with a new link."""
    return _done(
        request, invitation.send_again, invitation_home(request.user, invitation), _("The invitation is on its way.")
    )


@require_POST
@scoped(Invitation.objects.editable_by)
def invitation_withdrawal(request: Request, invitation: Invitation) -> HttpResponse:
    return _done(
        request, invitation.withdraw, invitation_home(request.user, invitation), _("The invitation is withdrawn.")
    )


@never_cache
@sensitive_post_parameters()
@login_not_required
def invitation(request: Request, token: str) -> HttpResponse:
    """The page behind the link of an invitation: a new account, or one more side for an account there is."""
    found = Invitation.of_link(token)
    if found is None:
        return render(request, "people/invitation_over.html", status=410)
    person = found.person()
    if person is None:
        return _accept_as_new(request, found)
    context = {"invitation": found, "person": person, "form": None, "refused": ""}
    if request.method == "POST":
        try:
            with transaction.atomic():
                _person, membership = found.accept()
        except RuleViolation as error:
            return render(request, "people/invitation.html", {**context, "refused": error.message}, status=422)
        if str(request.session.get("_auth_user_id", "")) == str(person.pk):
            choose_side(request, person, membership)
            return redirect("/")
        said = _("You have joined %(company)s. Sign in with your password.") % {
            "company": found.partner or _("the vendor's team")
        }
        return say(request, redirect("account_login"), said)
    return render(request, "people/invitation.html", context)


def _accept_as_new(request: Request, invitation: Invitation) -> HttpResponse:
    form = NewPasswordForm(posted(request), invitation=invitation, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid():
        from django.contrib.auth import login, logout

        try:
            with transaction.atomic():
                person, membership = invitation.accept(
                    name=form.cleaned_data["name"], password=form.cleaned_data["password"]
                )
        except RuleViolation as error:
            refuse(form, error)
        except IntegrityError:
            form.add_error(None, _("This invitation was accepted at this moment. Sign in with your password."))
        else:
            logout(request)
            login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
            choose_side(request, person, membership)
            return redirect("/")
    context = {"invitation": invitation, "form": form, "person": None}
    return render(request, "people/invitation.html", context, status=422 if form.is_bound else 200)


# The vendor's people ----------------------------------------------------------------------------------------------------------


class VendorPeopleFilters(Filters):
    search_fields, search_hint = ("name", "email"), gettext_lazy("Name or e-mail")


class VendorPeople(ListPage):
    """Who works with the product at the vendor."""

    title, icon, default_sort, filterset_class = gettext_lazy("Vendor people"), "users", "name", VendorPeopleFilters
    export_name = "vendor-people"
    lead = gettext_lazy("Your colleagues, what they may do, and for which partners.")
    template_name = "people/people.html"
    columns = [
        Column(
            "name",
            gettext_lazy("Name"),
            "person",
            sort="name",
            phone="title",
            detail=lambda row: row.email,
            link=lambda row: reverse("people:vendor_person", args=[row.pk]),
        ),
        Column("email", gettext_lazy("E-mail"), screen=False),
        Column("role", gettext_lazy("Role"), sort="role", phone="detail", value=lambda row: VendorRole(row.role).label),
        Column("scope", gettext_lazy("Looks after"), value=lambda row: scope_words(row), phone="detail"),
        Column("state", gettext_lazy("Account"), value=account_words, phone="detail"),
        Column("last_login", gettext_lazy("Last sign-in"), "moment", sort="last_login"),
    ]

    def rows(self):
        return User.objects.editable_by(self.request.user)

    def actions(self) -> list[Action]:
        return [Action(_("Invite a person"), reverse("people:invite_vendor"), "user-plus", primary=True)]

    def extra_context(self) -> dict[str, Any]:
        invitations = Invitation.objects.visible_to(self.request.user).open().filter(partner=None)
        return {"invitations": list(invitations.order_by("-created_at")[:100])}


def scope_words(person: User) -> str:
    """For which partners somebody works."""
    parts = list(person.scope_countries)
    if person.scope_partners:
        parts.append(_("%(n)s named partners") % {"n": len(person.scope_partners)})
    return ", ".join(parts) or _("all partners")


@may("manage_people")
def invite_vendor(request: Request) -> HttpResponse:
    """Invite a colleague to the vendor's own team."""
    form = VendorInvitationForm(posted(request), user=request.user)
    return _invite(request, form, reverse("people:vendor_people"), title=_("Invite a colleague"))


@scoped(User.objects.editable_by)
def vendor_person(request: Request, person: User) -> HttpResponse:
    """Role and scope of a vendor person; deactivate or reactivate below."""
    back_url = reverse("people:vendor_people")
    form = VendorPersonForm(posted(request), instance=person, user=request.user)
    return handle(
        request,
        form,
        lambda: form.save_by(request.user),
        to=back_url,
        template="people/membership.html",
        membership=None,
        person=person,
        title=person.name,
        back_url=back_url,
        back_label=_("Vendor people"),
    )


@require_POST
@scoped(User.objects.editable_by)
def vendor_person_deactivation(request: Request, person: User) -> HttpResponse:
    """The person can no longer sign in."""
    return _done(request, person.deactivate, reverse("people:vendor_people"), _("The account is closed."))


@require_POST
@scoped(User.objects.editable_by)
def vendor_person_reactivation(request: Request, person: User) -> HttpResponse:
    return _done(request, person.reactivate, reverse("people:vendor_people"), _("The account is open again."))
