"""``create_token``: one token, printed once, of one person and side, limited to scopes that exist."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from partners.models import Membership
from prm.api.models import ApiToken


def made(*arguments) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue().strip()


def test_a_token_acts_for_its_person_within_its_scopes(owner, submitted_deal, client):
    secret = made(owner.email.upper(), "--scope", "deal-registrations:read")
    headers = {"authorization": f"Bearer {secret}"}
    (row,) = client.get("/api/v1/deal-registrations/", headers=headers).json()["results"]
    assert row["id"] == str(submitted_deal.pk)
    assert client.post("/api/v1/deal-registrations/", headers=headers).status_code == 403
    assert secret not in str(ApiToken.objects.values())


def test_somebody_of_two_partners_says_for_whom(owner, boreal):
    Membership.objects.create(user=owner, partner=boreal, role="partner_sales")
    with pytest.raises(CommandError, match="Name one with --partner"):
        made(owner.email)
    assert made(owner.email, "--partner", "Boreal").startswith("prm_")
    assert ApiToken.objects.get().membership.partner == boreal


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nobody@nowhere.example"], "no active person"), (["{}", "--scope", "moon:read"], "Unknown scope"), (["{}", "--days", "0"], "--days")],
)  # fmt: skip
def test_what_makes_no_token(admin, arguments, said):
    with pytest.raises(CommandError, match=said):
        made(*[text.format(admin.email) for text in arguments])
    assert not ApiToken.objects.exists()
