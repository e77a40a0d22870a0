"""Who is told what about activities."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.notify import Notice, Words, notices
from prm.ui.templatetags.ui import day


def words_of_reminder(data: dict[str, Any]) -> Words:
    about = _("It is about %(about)s.") % data if data.get("about") else ""
    due = _("Due on %(day)s.") % {"day": day(parse_date(data["due_on"]))}
    return Words(
        _("To do: %(title)s") % data, tuple(line for line in (due, about, data.get("text", "")) if line), _("Open it")
    )


def words_of_assignment(data: dict[str, Any]) -> Words:
    due = _("Due on %(day)s.") % {"day": day(parse_date(data["due_on"]))} if data.get("due_on") else ""
    return Words(_("%(by)s gave you a task: %(title)s") % data, (due,) if due else (), _("Open it"))


notices.add(
    Notice("task_due", gettext_lazy("Reminders of my tasks"), words_of_reminder, icon="checklist"),
    Notice("task_given", gettext_lazy("Somebody gives me a task"), words_of_assignment, icon="checklist"),
)
