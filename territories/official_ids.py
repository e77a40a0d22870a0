"""Official numbers of companies, verified by their check digits (python-stdnum)."""

from django.utils.translation import gettext_lazy as _
from stdnum import lei
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret

SCHEMES = [
    ("vat", _("VAT number")),
    ("siren", "SIREN"),
    ("siret", "SIRET"),
    ("lei", "LEI"),
    ("duns", "D-U-N-S"),
    ("other", _("other number")),
]
CHECKS = {"vat": vat, "siren": siren, "siret": siret, "lei": lei}


def compact(scheme: str, value: str) -> str:
    """The number without spaces and dots, in capitals; raises ValueError when its check digits are wrong."""
    if scheme not in CHECKS:
        value = "".join(char for char in value.upper() if char.isalnum())
        if not value:
            raise ValueError("empty number")
        return value
    try:
        return CHECKS[scheme].validate(value)
    except ValidationError as error:
        raise ValueError(str(error)) from None
