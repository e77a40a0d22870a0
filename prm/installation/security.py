"""Who must sign in with two steps, and has not set it up."""

from __future__ import annotations

from typing import Any

from prm.db import acting
from prm.installation.models import Installation


def must_set_up_two_steps(user: Any) -> bool:
    """True when this person's role asks for two-step sign-in and they have none: they reach nothing until it is set up.

    Their API tokens wait as well. Costs a statement only for the roles that are asked.
    """
    role = user.membership.role if user.membership else user.role
    if role not in Installation.current().mfa_roles:
        return False
    from allauth.mfa.models import Authenticator

    with acting("system"):
        return not Authenticator.objects.filter(user=user.pk, type=Authenticator.Type.TOTP).exists()
