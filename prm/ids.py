"""Identifiers: UUIDv7 made in Python, so that a row knows its id before the database has seen it."""

import uuid

from uuid_utils import compat


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    return compat.uuid7()
