"""What can be done with the ticked rows of a list: declared per list, also by apps above the one that has the list.

    bulk_actions.add("partners:partners", BulkAction("assign", _("Assign"), "user-check", may_manage, assign,
                                                     rows=Partner.objects.editable_by, form=AssignForm))

``act(row, user, data)`` calls the row's verb and answers whether it changed anything, so that sending the same again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prm.errors import RuleViolation
from prm.ui.forms import Form
from prm.ui.templatetags.ui import num
from prm.ui.toasts import say

MOST = 200  # rows at once


@dataclass(frozen=True)
class BulkAction:
    """One button of the bar. ``rows(user)``: those the person may change; ``form(user=…)`` asks for what the verb needs.

    ``in_order`` locks and orders the rows where the verb locks more than its row: people who act at once must not lock up.
    """

    name: str
    label: Any
    icon: str
    allowed: Callable[[Any], bool]
    act: Callable[[Any, Any, dict[str, Any]], bool]
    rows: Callable[[Any], QuerySet]
    form: type[Form] | None = None
    in_order: Callable[[Any], Iterable[Any]] = lambda rows: rows.order_by("pk")


class BulkActions:
    """The registry: by the list's address."""

    def __init__(self) -> None:
        self._lists: dict[str, list[BulkAction]] = {}

    def add(self, name: str, *actions: BulkAction) -> None:
        self._lists.setdefault(name, []).extend(actions)

    def of_list(self, name: str, user: Any) -> list[BulkAction]:
        return [action for action in self._lists.get(name, ()) if action.allowed(user)]


bulk_actions = BulkActions()


class Bulk:
    """What a ``ListPage`` does with ticked rows."""

    @cached_property
    def bulk(self) -> list[dict[str, Any]]:
        """The buttons, each with its form, as the bar shows them."""
        user = self.request.user
        return [
            {"action": action, "form": action.form(user=user, prefix=action.name) if action.form else None}
            for action in bulk_actions.of_list(self.list_name, user)
        ]

    @property
    def may_select(self) -> bool:
        return bool(self.bulk or self.may_export)

    @cached_property
    def selected(self) -> list[UUID]:
        """The ids that were ticked; what is no id is left out."""
        found = []
        for text in self.request.POST.getlist("selected")[:MOST]:
            try:
                found.append(UUID(text))
            except ValueError:
                continue
        return found

    def do_bulk(self, name: str) -> HttpResponse:
        """Do what a button of the bar says with the ticked rows."""
        back = redirect(self.url())
        if not self.selected:
            return say(self.request, back, _("Choose rows first."), tone="warn")
        if name.startswith("export."):
            return self.export(name.removeprefix("export."), self.sorted_rows.filter(pk__in=self.selected))
        user = self.request.user
        action = next((one for one in bulk_actions.of_list(self.list_name, user) if one.name == name), None)
        if action is None:
            return say(self.request, back, _("This cannot be done with these rows."), tone="bad")
        data = {}
        if action.form is not None:
            form = action.form(self.request.POST, user=user, prefix=action.name)
            if not form.is_valid():
                field, errors = next(iter(form.errors.items()))
                label = f"{form.fields[field].label}: " if field in form.fields else ""
                return say(self.request, back, f"{label}{errors[0]}", tone="bad")
            data = form.cleaned_data
        return say(self.request, back, *self.done(action, data))

    def done(self, action: BulkAction, data: dict[str, Any]) -> tuple[str]:
        """Call the verb of each row in one transaction, in one order; a rule that refuses one row leaves the others."""
        user, changed, same, refused = self.request.user, 0, 0, []
        with transaction.atomic():
            for row in action.in_order(action.rows(user).filter(pk__in=self.selected)):
                try:
                    with transaction.atomic():
                        did = action.act(row, user, data)
                except RuleViolation as error:
                    refused.append(f"{row}: {error.message}")
                else:
                    changed, same = changed + bool(did), same + (not did)
        return (summary(changed, same, refused, len(self.selected) - changed - same - len(refused)),)


def summary(changed: int, same: int, refused: list[str], missing: int) -> str:
    """What came of it, in words."""
    words = [ngettext("%(n)s changed.", "%(n)s changed.", changed) % {"n": num(changed)}]
    if same:
        words.append(ngettext("%(n)s was so already.", "%(n)s were so already.", same) % {"n": num(same)})
    if refused:
        words.append(ngettext("%(n)s refused:", "%(n)s refused:", len(refused)) % {"n": num(len(refused))})
        words += refused[:3]
    if missing:
        words.append(
            ngettext("%(n)s cannot be changed by you.", "%(n)s cannot be changed by you.", missing)
            % {"n": num(missing)}
        )
    return " ".join(words)
