"""What people are told: the inbox, e-mail, and who wants which.

An app declares its kinds of notice once, and tells people from a follower of its events::

    notices.add(Notice("registration_decided", _("Decisions on my registrations"), words, side="portal"))

    @follow("deal_registration.approved", queue="mail")
    def tell_partner(event):
        tell("registration_decided", people, url=…, partner_id=event.partner_id, customer="…")

``words(data)`` returns the ``Words`` in the reader's language, which is active when it is called.
"""

from typing import Any

from prm.notify.registry import Notice, Words, notices

__all__ = ["Notice", "Words", "notices", "tell", "unread"]


def tell(kind: str, people: Any, *, url: str = "", partner_id: Any = None, **data: Any) -> None:
    """Tell these people; each gets what they prefer: inbox, e-mail, both or nothing."""
    from prm.notify.telling import tell as _tell

    _tell(kind, people, url=url, partner_id=partner_id, **data)


def unread(user: Any) -> Any:
    """The notices this person has not read, on the side they act for."""
    from prm.notify.models import Notification

    return Notification.objects.visible_to(user).unread()
