import pytest
from hypothesis import given
from hypothesis import strategies as st

from territories.matching.normalise import domain_key, name_key, number_key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Banque Lumière S.A.", "banque lumiere"),
        ("BANQUE LUMIERE", "banque lumiere"),
        ("Philips N.V.", "philips"),
        ("Müller & Söhne GmbH & Co. KG", "muller and sohne"),
        ("株式会社日立製作所", "日立製作所"),
        ("ООО Ромашка", "ромашка"),
        ("L'Oréal", "loreal"),
        ("SARL Dupont", "dupont"),
        ("Coop", "coop"),
        ("AMBA", "amba"),
        ("S.A.", "sa"),
        ("Fund 2", "fund 2"),
        ("", ""),
    ],
)
def test_name_key(written, key):
    assert name_key(written) == key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://www.shop.acme.co.uk/x?y", "acme.co.uk"),
        ("ACME.com", "acme.com"),
        ("j.martin@banque-lumiere.example", "banque-lumiere.example"),
        ("www.hopital.example", "hopital.example"),
        ("someone@gmail.com", ""),
        ("10.0.0.1", ""),
        ("localhost", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_domain_key(address, key):
    assert domain_key(address) == key


def test_number_key_ignores_spaces_dots_and_case():
    assert number_key("fr 12 345.678.901") == "FR12345678901"


def test_number_key_of_something_too_short_identifies_nobody():
    assert number_key("12-34") == ""


@given(st.text(max_size=200))
def test_name_key_is_stable_and_never_fails(text):
    assert name_key(name_key(text)) == name_key(name_key(name_key(text)))


@given(st.text(max_size=200))
def test_domain_key_never_fails(text):
    assert isinstance(domain_key(text), str)
