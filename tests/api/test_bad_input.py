"""What cannot be is refused at its place, in the reader's language, and nothing is half done."""

import pytest

from deals.models import DealRegistration
from territories.models import Customer

BAD = {
    "customer_name": ["x" * 10_000, "Hos\0pital", "Hospital\u202egnp", "\u200fHospital"],
    "customer_domain": ["not a site", "lac.example\u202e", "lac\x07.example"],
    "amount": [
        {"amount": "-5.00", "currency": "EUR"},
        {"amount": "5.00", "currency": "ZZZ"},
        {"amount": "5.001", "currency": "EUR"},
        {"amount": "9" * 30, "currency": "EUR"},
        {"amount": "NaN", "currency": "EUR"},
    ],
    "expected_close_date": ["20260-01-01", "2026-02-30", "1026-01-01"],
    "partner": ["{boreal}"],
    "distributor": ["{boreal}"],
    "products": [["{boreal}"]],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


def told(answer) -> list[str]:
    return [flaw["detail"] for flaw in answer.json()["errors"]]


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda case: str(case)[:24].encode("unicode_escape").decode())
def test_a_wrong_value_is_told_in_both_languages(api, owner, boreal, name, value):
    value = [str(boreal.pk)] if isinstance(value, list) else str(boreal.pk) if value == "{boreal}" else value
    body = {"customer_name": "Lake", name: value}
    english, french = (
        api(owner).post("/deal-registrations/", body, Accept_Language=language) for language in ("en", "fr")
    )
    for answer in (english, french):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
        assert {flaw["pointer"].split("/")[1] for flaw in answer.json()["errors"]} == {name}
    assert english.json()["title"] != french.json()["title"]
    assert all(told(english))
    assert all(one != other for one, other in zip(told(english), told(french), strict=True))
    assert not DealRegistration.objects.exists()


@pytest.mark.parametrize("name", ["x" * 10_000, "Lac\0", "Lac\u202e"])
def test_a_customer_whose_name_cannot_be(api, channel_manager, name):
    answer = api(channel_manager).post("/customers/", {"name": name, "country": "FR"})
    assert (answer.status_code, [flaw["pointer"] for flaw in answer.json()["errors"]]) == (400, ["/name"])
    assert not Customer.objects.exists()


def test_an_old_version_is_told_in_the_persons_own_language(api, owner, product):
    owner.language = "fr"
    owner.save()
    ours = api(owner)
    made = ours.post("/deal-registrations/", {"customer_name": "Lake"}).json()
    here = f"/deal-registrations/{made['id']}/"
    answer = ours.patch(here, {"customer_name": "Lac"}, If_Match='"7"')
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert answer.json()["title"] != ours.patch(here, {}, If_Match='"7"', Accept_Language="en").json()["title"]
    assert ours.get(here).json()["customer_name"] == "Lake"
