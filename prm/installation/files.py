"""The logo: what may be uploaded, where it is kept, how it is served."""

from __future__ import annotations

import secrets
from pathlib import Path

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

LARGEST = 1024 * 1024
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "brand"


def kind_of(content: bytes) -> str:
    """The ending of what the bytes are, or nothing when they are no picture we show."""
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return ""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and ".png" in found:
        return ".png"
    if content.startswith(b"\xff\xd8\xff") and found & {".jpg", ".jpeg", ".jfif"}:
        return ".jpg"
    return ".webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and ".webp" in found else ""


def keep(upload: UploadedFile) -> str:
    """Check a logo and keep it under a random name, which is returned."""
    if upload.size > LARGEST:
        raise ValidationError(
            _("This picture is larger than 1 MB. Make it smaller: 400 pixels in width are enough."), code="too_large"
        )
    content = upload.read()
    ending = kind_of(content)
    if not ending:
        raise ValidationError(
            _("This file is no PNG, JPEG or WebP picture. Export the logo in one of these formats."),
            code="not_a_picture",
        )
    folder().mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16) + ending
    (folder() / name).write_bytes(content)
    return name
