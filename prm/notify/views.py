"""The inbox, and what was sent by e-mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from prm.access import allowed, scoped
from prm.notify.models import Notification, SentMail
from prm.ui.lists import Column, Filters, ListPage
from prm.ui.toasts import say

PAGE = 40
oneself = allowed(lambda user: user.is_authenticated)


@oneself
def inbox(request: HttpRequest) -> HttpResponse:
    """One's notices, newest first; ``?unread=1`` leaves out what was read, ``?before=`` pages."""
    rows = Notification.objects.visible_to(request.user)
    unread_only = request.GET.get("unread") == "1"
    if unread_only:
        rows = rows.unread()
    page = min(max(int(request.GET.get("page", "1")), 1), 200) if request.GET.get("page", "1").isdecimal() else 1
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    query = "unread=1&" if unread_only else ""
    context = {
        "notifications": found[:PAGE],
        "unread_only": unread_only,
        "previous_url": f"?{query}page={page - 1}" if page > 1 else "",
        "next_url": f"?{query}page={page + 1}" if len(found) > PAGE else "",
        "tabs": [
            {"label": _("All"), "url": request.path, "active": not unread_only},
            {"label": _("Unread"), "url": f"{request.path}?unread=1", "active": unread_only},
        ],
    }
    return render(request, "notify/inbox.html", context)


@scoped(Notification.objects.visible_to)
@require_POST
def opening(request: HttpRequest, notification: Notification) -> HttpResponse:
    """Mark one notice read and go to what it is about."""
    Notification.objects.filter(pk=notification.pk).mark_read()
    return redirect(notification.url or "inbox")


@require_POST
@oneself
def reading(request: HttpRequest) -> HttpResponse:
    """Mark everything read."""
    Notification.objects.visible_to(request.user).mark_read()
    return say(request, redirect("inbox"), _("Everything is marked as read."))


class MailFilters(Filters):
    search_fields, search_hint = ("to", "subject"), gettext_lazy("Address or subject")


class SentMailList(ListPage):
    """E-mails that left, newest first."""

    title, icon, default_sort, filterset_class = gettext_lazy("Sent e-mail"), "mail", "-sent_at", MailFilters
    export_name = "sent-mail"
    lead = gettext_lazy("What left this installation, as it was written.")
    empty_title = gettext_lazy("No e-mail was sent yet")
    empty_text = gettext_lazy("Invitations, decisions and reminders appear here when they leave.")
    columns = [
        Column(
            "subject",
            gettext_lazy("Subject"),
            phone="title",
            link=lambda row: reverse("notify:sent_mail_text", args=[row.pk]),
        ),
        Column("to", gettext_lazy("To"), sort="to", phone="detail"),
        Column("language", gettext_lazy("Language"), phone="detail"),
        Column("sent_at", gettext_lazy("Sent"), "moment", sort="sent_at", phone="value"),
    ]

    def rows(self):
        return SentMail.visible_rows(self.request.user)


@scoped(SentMail.visible_rows)
def sent_mail(request: HttpRequest, mail: SentMail) -> HttpResponse:
    """One e-mail in full."""
    return render(request, "notify/sent_mail.html", {"mail": mail})
