"""Who was first, by the database's own order of submissions."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from deals.conflicts.models import Conflict
from deals.models import Approval
from prm.ui.templatetags.ui import day, moment, num


def files_of(conflict: Conflict) -> dict[Any, Approval]:
    """The vendor's file on the present submission of each side, by registration."""
    ids = [pk for pk in (conflict.registration_id, conflict.other_id) if pk]
    return {
        file.registration_id: file for file in Approval.objects.of_present_submission().filter(registration__in=ids)
    }


def who_was_first(conflict: Conflict, files: dict[Any, Approval]) -> str:
    """A sentence with both dates and numbers; nothing where the other side is no submission and no deal."""
    later = files.get(conflict.registration_id)
    if later is None:
        return ""
    first_name, later_name = conflict.side_names
    if conflict.other_id:
        first = files.get(conflict.other_id)
        if first is None:
            return ""
        if first.sequence > later.sequence:  # taken back and submitted again since it was found
            first, later, first_name, later_name = later, first, later_name, first_name
        return _(
            "%(first)s was first: received on %(first_at)s, number %(first_number)s. %(later)s followed on %(later_at)s,"
            " number %(later_number)s."
        ) % {
            "first": first_name,
            "first_at": moment(first.received_at),
            "first_number": num(first.sequence),
            "later": later_name,
            "later_at": moment(later.received_at),
            "later_number": num(later.sequence),
        }
    deal = conflict.opportunity
    if deal is None:
        return ""
    opened = deal.opened_on or deal.created_at.date()
    received = later.received_at.date()
    words = (
        _("%(first)s opened its deal on %(opened)s, before %(later)s registered on %(received)s.")
        if opened <= received
        else _("%(later)s registered on %(received)s, before %(first)s opened its deal on %(opened)s.")
    )
    return words % {
        "first": first_name,
        "later": later_name,
        "opened": day(opened),
        "received": moment(later.received_at),
    }
