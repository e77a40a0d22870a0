"""What can go wrong, said once: code for machines, sentence for people, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


class RuleViolation(Exception):
    """A business rule refuses; nothing was changed.

    ``code`` is one of the documented codes, ``message`` says the rule and the remedy, ``field`` names the input when there is one.
    """

    status = 409

    def __init__(self, code: str, message: str, *, field: str = "", **params: Any):
        super().__init__(message)
        self.code, self.message, self.field, self.params = code, message, field, params


class StaleVersion(RuleViolation):
    """The record changed since it was read."""

    status = 412

    def __init__(self, record: Any):
        super().__init__("stale", _("This record was changed by somebody else meanwhile. Reload it and try again."))
        self.record = record
