"""Mails around accounts: invitations and forgotten passwords."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Invitation, User
from prm.events.record import follow, task
from prm.installation.models import Installation
from prm.notify import Notice, Words, notices, tell
from prm.notify.telling import send
from prm.ui.templatetags.ui import day


def words_of_invitation(data: dict[str, Any]) -> Words:
    company = data["company"]
    return Words(
        _("%(by)s invites you to join %(company)s") % {"by": data["by"], "company": company},
        (
            _("You are invited to work with %(company)s on the partner portal of %(vendor)s, as %(role)s.")
            % {"company": company, "vendor": data["vendor"], "role": role_label(data)}
            if data["partner"]
            else _("You are invited to the partner management of %(vendor)s, as %(role)s.")
            % {"vendor": data["vendor"], "role": role_label(data)},
            _("The link works once, until %(day)s. If you did not expect it, ignore this message.")
            % {"day": day(parse_datetime(data["until"]))},
        ),
        _("Accept the invitation"),
    )


def role_label(data: dict[str, Any]) -> str:
    return Invitation(role=data["role"], partner_id=data["partner"] or None).get_role_display()


def words_of_acceptance(data: dict[str, Any]) -> Words:
    return Words(
        _("%(person)s accepted your invitation") % data,
        (_("%(person)s can sign in from now on.") % data,),
        _("See the people"),
    )


def words_of_reset(data: dict[str, Any]) -> Words:
    return Words(
        _("Choose a new password"),
        (
            _("Somebody, probably you, asked for a new password for this address."),
            _("If it was not you, ignore this message: your password stays as it is."),
        ),
        _("Choose a new password"),
    )


def words_of_security(data: dict[str, Any]) -> Words:
    said = {
        "password_changed": _("Your password was changed"),
        "password_set": _("Your password was set"),
        "password_reset": _("Your password was changed"),
        "totp_activated": _("Two-step sign-in was switched on"),
        "totp_deactivated": _("Two-step sign-in was switched off"),
        "recovery_codes_generated": _("New recovery codes were made"),
    }
    return Words(
        said.get(data["what"], _("The security of your account was changed")),
        (_("If it was not you, choose a new password now and tell your administrator."),),
        _("Profile and security"),
    )


notices.add(
    Notice(
        "invitation", gettext_lazy("Invitations"), words_of_invitation, choosable=False, in_app=False, secret_link=True
    ),
    Notice("invitation_accepted", gettext_lazy("A colleague I invited joined"), words_of_acceptance, icon="user-check"),
    Notice(
        "password_reset", gettext_lazy("New password"), words_of_reset, choosable=False, in_app=False, secret_link=True
    ),
    Notice(
        "account_security",
        gettext_lazy("Changes to my account's security"),
        words_of_security,
        icon="lock",
        choosable=False,
    ),
)


@follow("invitation.sent", queue="mail")
def send_invitation(event: Any) -> None:
    """The mail with the link; whether the address has an account already changes nothing here."""
    invitation = Invitation.objects.open().select_related("partner", "invited_by").filter(pk=event.subject_id).first()
    if invitation is None:
        return
    vendor = Installation.current().name
    send(
        "invitation",
        invitation.email,
        invitation.name,
        invitation.language,
        url=invitation.link,
        partner=str(invitation.partner_id or ""),
        company=invitation.partner.name if invitation.partner else vendor,
        vendor=vendor,
        by=event.actor_name,
        role=invitation.role,
        until=invitation.expires_at.isoformat(),
    )


@follow("invitation.accepted", queue="mail")
def tell_inviter(event: Any) -> None:
    invitation = Invitation.objects.select_related("invited_by").get(pk=event.subject_id)
    inviter = invitation.invited_by
    if inviter.role:
        url = (
            reverse("people:of_partner", args=[event.partner_id])
            if event.partner_id
            else reverse("people:vendor_people")
        )
        tell("invitation_accepted", [inviter], url=url, person=event.payload["person"])
    else:
        tell(
            "invitation_accepted",
            [inviter],
            url=reverse("people:colleagues"),
            partner_id=event.partner_id,
            person=event.payload["person"],
        )


@task("partners.send_password_reset", queue="mail")
def send_password_reset(*, email: str) -> None:
    """Look the address up here, in the background: the page that asked answers the same, as fast, for every address."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return
    send("password_reset", user.email, user.name, user.language, url=link_to_choose_password(user))


def link_to_choose_password(user: User) -> str:
    """The path of a page where the person sets a password; it works once."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return path.replace("UID-KEY", quote(key))
