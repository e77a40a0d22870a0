"""E-mail leaves in the background, one errand a message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.utils import translation

from prm.events.record import task
from prm.installation.models import Installation
from prm.notify.models import SentMail
from prm.notify.registry import notices


@task("notify.send_mail", queue="mail")
def send_mail(*, mail: str, kind: str, to: str, name: str, language: str, url: str, data: dict[str, Any]) -> None:
    """Write and send one e-mail in its reader's language.

    The errand and the row of *Sent e-mail* are exactly once. Handing over to the mail server is at least once: should the
    commit fail after it, the message leaves again, with the same Message-ID.
    """
    installation = Installation.current()
    with translation.override(language):
        words = notices[kind].words(data)
        context = {
            "words": words,
            "name": name,
            "language": language,
            "brand": installation,
            "url": address(url) if url else "",
            "settings_url": address("/profile/notices/") if notices[kind].choosable else "",
        }
        text = render_to_string("notify/mail.txt", context)
        html = render_to_string("notify/mail.html", context)
    subject = " ".join(words.subject.split())[:250]
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    message = EmailMultiAlternatives(
        subject,
        text,
        sender(installation),
        [to],
        headers={"Message-ID": f"<{mail}@{host}>", "Content-Language": language},
    )
    message.attach_alternative(html, "text/html")
    kept = text.replace(address(url), "…") if notices[kind].secret_link and url and not settings.MAIL_TO_FILES else text
    SentMail.objects.create(id=mail, to=to, kind=kind, language=language, subject=subject, text=kept)
    message.send()


def address(path: str) -> str:
    """The full address of a page, for mails."""
    return path if path.startswith("http") else settings.PUBLIC_URL.rstrip("/") + path


def sender(installation: Installation) -> str:
    """``Name <address>`` as the installation says."""
    name = installation.sender_name or installation.name
    return sanitize_address((name, settings.DEFAULT_FROM_EMAIL), "utf-8") if name else settings.DEFAULT_FROM_EMAIL
