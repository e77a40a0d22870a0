"""A customer's names, domains, numbers and places stand in its record."""

import pytest

from prm.events.models import Event
from territories.models import Customer

PARTS = {
    "names": ["CHU Lac", "Lake Hospital"],
    "domains": ["lac.example"],
    "identifiers": [{"scheme": "siren", "value": "732829320"}],
    "addresses": [{"street": "1 rue du Lac", "postcode": "74000", "city": "Annecy", "region": "", "country": "FR"}],
}


@pytest.fixture
def ours(api, channel_manager):
    return api(channel_manager)


def test_parts_are_written_and_read_with_the_customer(ours):
    made = ours.post("/customers/", {"name": "Hôpital du Lac", "country": "FR", **PARTS})
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in PARTS} == PARTS
    assert ours.get(f"/customers/{made.json()['id']}/").json() == made.json()
    assert ours.get("/customers/?domain=lac.example").json()["results"] == [made.json()]
    assert ours.get("/customers/?identifier=732829320").json()["results"] == [made.json()]


def test_what_is_sent_takes_the_place_of_what_was_there(ours, hospital):
    here = f"/customers/{hospital.pk}/"
    first = ours.patch(here, PARTS, If_Match=f'"{hospital.version}"')
    assert first.status_code == 200, first.content
    kept = hospital.names.get(name="CHU Lac").pk
    again = ours.patch(here, {"names": ["CHU Lac", "Clinique", "Clinique"]}, If_Match=first["ETag"])
    assert (again.json()["names"], again.json()["domains"]) == (["CHU Lac", "Clinique"], ["lac.example"])
    assert hospital.names.get(name="CHU Lac").pk == kept
    told = Event.objects.filter(subject_id=hospital.pk, verb="changed").order_by("-at").first()
    assert told.payload == {"fields": ["names"]}


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"identifiers": [{"scheme": "siren", "value": "123456789"}]}, "/identifiers/0/value"),
        ({"domains": ["lac.example", "no domain"]}, "/domains/1/domain"),
        ({"names": [""]}, "/names/0"),
        ({"addresses": [{"place": "x"}]}, "/addresses/0/place"),
        ({"domains": "lac.example"}, "/domains"),
    ],
)
def test_wrong_parts_are_named_by_their_place(ours, hospital, parts, pointer):
    before = sorted(hospital.domains.values_list("domain", flat=True))
    refused = ours.patch(f"/customers/{hospital.pk}/", parts, If_Match=f'"{hospital.version}"')
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer), refused.content
    assert sorted(hospital.domains.values_list("domain", flat=True)) == before


def test_an_official_number_has_one_owner(ours, hospital):
    ours.patch(f"/customers/{hospital.pk}/", {"identifiers": PARTS["identifiers"]}, If_Match=f'"{hospital.version}"')
    refused = ours.post("/customers/", {"name": "Other", "identifiers": PARTS["identifiers"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/identifiers/0")
    assert not Customer.objects.filter(name="Other").exists()


def test_a_customer_is_no_part_of_itself(ours, hospital):
    group = ours.post("/customers/", {"name": "Group", "level": "group"}).json()
    child = ours.patch(f"/customers/{hospital.pk}/", {"parents": [group["id"]]}, If_Match=f'"{hospital.version}"')
    assert child.json()["parents"] == [group["id"]]
    for parent in (hospital.pk, group["id"]):
        refused = ours.patch(f"/customers/{group['id']}/", {"parents": [str(parent)]}, If_Match='"1"')
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "circle")


def test_custom_values_filter_the_list(ours, api, admin):
    from prm.fields.models import CustomField

    CustomField.objects.create(kind="customer", key="beds", label_en="Beds", type="number")
    CustomField.objects.create(kind="customer", key="ward", label_en="Ward", type="text")
    for name, beds in (("A", 10), ("B", 20), ("C", 30)):
        made = ours.post("/customers/", {"name": name, "custom": {"beds": beds, "ward": f"{name} wing"}})
        assert made.status_code == 201, made.content

    def found(query):
        answer = ours.get(f"/customers/?{query}")
        assert answer.status_code == 200, answer.content
        return sorted(row["name"] for row in answer.json()["results"])

    assert found("custom[beds]=20") == ["B"]
    assert found("custom[beds.from]=15&custom[beds.to]=30") == ["B", "C"]
    assert found("custom%5Bward%5D=C%20wing") == ["C"]
    assert ours.get("/customers/?custom[beds]=many").json()["code"] == "invalid_parameter"
    for wrong in ("custom[rooms]=1", "custom[ward.from]=A", "custom[beds__gt]=1"):
        assert ours.get(f"/customers/?{wrong}").json()["code"] == "unknown_parameter"
    assert ours.get("/product-lines/?custom[beds]=1").json()["code"] == "unknown_parameter"


def test_custom_values_kept_from_a_reader_do_not_filter(api, rival, wholesaler, cima, owner, product):
    from prm.fields.models import CustomField
    from tests import factories

    CustomField.objects.create(kind="registration", key="budget", label_en="Budget", type="number")
    CustomField.objects.create(
        kind="registration", key="open", label_en="Open", type="number", visible_to_partners=True
    )
    deal = factories.submitted(rival, products=[product], distributor=cima)
    type(deal).objects.filter(pk=deal.pk).update(custom={"budget": 5, "open": 7})
    assert len(api(wholesaler).get("/deal-registrations/").json()["results"]) == 1
    assert api(wholesaler).get("/deal-registrations/?custom[open]=7").json()["results"] == []
    assert len(api(rival).get("/deal-registrations/?custom[open]=7").json()["results"]) == 1
    assert api(rival).get("/deal-registrations/?custom[budget]=5").json()["code"] == "unknown_parameter"
    assert api(rival).get("/opportunities/?custom[open]=7").json()["code"] == "unknown_parameter"
