"""From a fact to the people who should know it."""

from __future__ import annotations

from typing import Any

from prm.events.record import enqueue
from prm.ids import uuid7
from prm.notify.models import Notification, Preference
from prm.notify.registry import notices


def tell(kind: str, people: Any, *, url: str = "", partner_id: Any = None, **data: Any) -> None:
    """Put the notice into each inbox and ask for each e-mail, in the running transaction."""
    notice = notices[kind]
    people = {person.pk: person for person in people if person.is_active}
    wishes = (
        {row.user_id: row for row in Preference.objects.filter(user__in=people, kind=kind)} if notice.choosable else {}
    )
    rows = []
    for pk, person in people.items():
        wish = wishes.get(pk)
        if notice.in_app and (wish is None or wish.in_app):
            rows.append(Notification(user=person, partner_id=partner_id, kind=kind, data=data, url=url))
        if wish is None or wish.email:
            send(kind, person.email, person.name, person.language, url=url, **data)
    Notification.objects.bulk_create(rows)


def send(kind: str, email: str, name: str, language: str, *, url: str = "", **data: Any) -> None:
    """Ask for one e-mail. Its id, given now, is the message's id: a mailbox that gets it twice can tell."""
    enqueue(
        "notify.send_mail", mail=str(uuid7()), kind=kind, to=email, name=name, language=language, url=url, data=data
    )
