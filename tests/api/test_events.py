"""The story through the API: what a program reads follows its person's role."""

from tests import factories


def test_a_token_of_marketing_reads_no_registration(api, alpine, submitted_deal):
    answer = api(factories.member(alpine, "partner_marketing", "Pat")).get("/events/")
    assert answer.status_code == 200
    assert "deal_registration" not in answer.content.decode()
