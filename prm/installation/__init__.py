"""The vendor's installation: name, logo, colour, sender of e-mails, security rules. One row."""

from typing import Any


def brand() -> dict[str, Any]:
    """What the shells show of the vendor."""
    from prm.installation.models import Installation

    return Installation.current().brand
