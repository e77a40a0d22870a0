import pytest

from territories.models import Customer
from tests import factories
from tests.statements import statements


def rows(**given):
    """The formsets of a customer: those not given are empty."""
    data = {}
    for name in ("names", "domains", "identifiers", "addresses"):
        values = given.get(name, [])
        data.update(
            {
                f"{name}-TOTAL_FORMS": len(values),
                f"{name}-INITIAL_FORMS": 0,
                f"{name}-MIN_NUM_FORMS": 0,
                f"{name}-MAX_NUM_FORMS": 50,
            }
        )
        for number, value in enumerate(values):
            data.update({f"{name}-{number}-{field}": text for field, text in value.items()})
    return data


def facts(**changes):
    return {"name": "Banque Lumière", "level": "entity", "country": "FR", **changes}


def test_create_with_names_domains_numbers_and_places(channel_manager, hospital, signed_in):
    data = facts(
        parents=[str(hospital.pk)],
        **rows(
            names=[{"name": "BL"}],
            domains=[{"domain": "https://www.banque-lumiere.example/"}],
            identifiers=[{"scheme": "siren", "value": "732 829 320"}],
            addresses=[{"street": "1 rue du Lac", "city": "Lyon", "country": "FR"}],
        ),
    )
    response = signed_in(channel_manager).post("/customers/new/", data)
    made = Customer.objects.get(name="Banque Lumière")
    assert response.url == made.get_absolute_url()
    found = [
        made.names.get().name,
        made.domains.get().domain,
        made.identifiers.get().value,
        made.addresses.get().city,
        made.parents.get(),
    ]
    assert found == ["BL", "banque-lumiere.example", "732829320", "Lyon", hospital]


def test_a_wrong_row_saves_nothing_and_keeps_the_form(channel_manager, signed_in):
    data = facts(**rows(identifiers=[{"scheme": "siren", "value": "732829321"}]))
    response = signed_in(channel_manager).post("/customers/new/", data)
    page = response.content.decode()
    assert response.status_code == 422
    assert "check its digits" in page
    assert "Banque Lumière" in page
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 10000},
        {"name": "a\x00b"},
        {"name": "a\u202eb"},
        {"employees": "-4"},
        {"founded": "20260"},
        {"parents": ["x"]},
    ],
)
def test_bad_input_is_said_at_its_field(changes, channel_manager, signed_in):
    response = signed_in(channel_manager).post("/customers/new/", facts(**changes, **rows()))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)


def test_edit_keeps_rows_and_refuses_a_stale_version(channel_manager, hospital, signed_in):
    client = signed_in(channel_manager)
    url = f"/customers/{hospital.pk}/edit/"
    data = facts(name="Hôpital du Grand Lac", version=hospital.version, **rows())
    assert client.post(url, data).status_code == 302
    response = client.post(url, data)
    assert response.status_code == 422
    assert response.context["form"].stale
    hospital.refresh_from_db()
    assert (hospital.name, hospital.domains.count()) == ("Hôpital du Grand Lac", 1)


def test_page_shows_what_is_known(channel_manager, hospital, alpine, signed_in):
    factories.opportunity("Backup for the hospital", of=alpine, customer=hospital)
    client = signed_in(channel_manager)
    page = client.get(f"/customers/{hospital.pk}/").content.decode()
    assert "hopital-du-lac.example" in page
    assert "Backup for the hospital" in page
    assert len(statements(client, f"/customers/{hospital.pk}/")) <= 12


@pytest.mark.parametrize("who", ["owner", "rival", "direct_seller"])
def test_customers_are_missing_to_all_others(who, hospital, signed_in, request):
    client = signed_in(request.getfixturevalue(who))
    assert client.get(f"/customers/{hospital.pk}/").status_code == 404
    assert client.get("/customers/").status_code == 403


@pytest.mark.parametrize("query", ["q=lac", "q=hopital-du-lac", "country=FR", "level=entity"])
def test_list_finds(query, channel_manager, hospital, signed_in):
    factories.customer("Nordfjell", country="NO", level="site")
    response = signed_in(channel_manager).get(f"/customers/?{query}")
    assert [line["row"] for line in response.context["lines"]] == [hospital]


def test_list_costs_the_same_with_one_row_and_with_three(channel_manager, hospital, signed_in):
    client = signed_in(channel_manager)
    client.get("/customers/")
    one = len(statements(client, "/customers/"))
    factories.customer()
    factories.customer()
    assert len(statements(client, "/customers/")) == one <= 12
