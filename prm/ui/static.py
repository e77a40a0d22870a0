"""Addresses of static files: hashed and compressed after ``collectstatic``, plain with a stamp before it."""

import os

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Needs no manifest: tests and the embedded server run on files straight from their folders.

    Such addresses carry the file's time, because the server lets browsers keep them for a year.
    """

    manifest_strict = False

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file, which may not have been built."""
        if name and self.hashed_files:
            try:
                return super().url(name, force)
            except ValueError:  # not collected, for example a file of an optional build
                return StaticFilesStorage.url(self, name)
        if name.endswith(".woff2"):  # the stylesheet names fonts itself, without a stamp
            return StaticFilesStorage.url(self, name)
        found = finders.find(name) if name else None
        stamp = f"?v={int(os.stat(found).st_mtime):x}" if found else ""
        return StaticFilesStorage.url(self, name) + stamp
