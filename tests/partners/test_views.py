import pytest

from partners.models import Partner, PartnerGroup, SupplyRelation, Team
from prm.calendar import business_today
from prm.events.models import Event
from tests import factories
from tests.statements import statements

PARTNERS = "/partners/"


def facts(**changes):
    return {"name": "Cobalt", "country": "FR", "status": "prospect", **changes}


# The list ----------------------------------------------------------------------------------------------------------------


def test_list_shows_name_tier_and_manager(channel_manager, alpine, signed_in):
    page = signed_in(channel_manager).get(PARTNERS).content.decode()
    assert all(word in page for word in ("Alpine", "Silver", "Camille Manager", "active"))


def test_list_is_limited_to_the_scope(alpine, signed_in, system):
    factories.partner("Fjord", country="NO")
    limited = factories.vendor_user("channel_manager", scope_countries=["NO"])
    page = signed_in(limited).get(PARTNERS).content.decode()
    assert "Fjord" in page
    assert "Alpine" not in page


def test_list_costs_the_same_with_one_row_and_with_three(channel_manager, alpine, signed_in):
    client = signed_in(channel_manager)
    client.get(PARTNERS)
    one = len(statements(client, PARTNERS))
    factories.partner(channel_manager=channel_manager)
    factories.partner(channel_manager=channel_manager)
    assert len(statements(client, PARTNERS)) == one <= 12


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=alp", ["Alpine"]),
        ("q=bore.example", ["Boreal"]),
        ("status=active", ["Alpine"]),
        ("type=msp", ["Boreal"]),
        ("country=NO", ["Boreal"]),
        ("manager=null", ["Boreal"]),
        ("sort=-name", ["Boreal", "Alpine"]),
        ("sort=name;drop", ["Alpine", "Boreal"]),
    ],
)
def test_filters_and_sort(query, found, channel_manager, signed_in):
    factories.partner("Alpine", channel_manager=channel_manager)
    factories.partner("Boreal", status="suspended", types=["msp"], country="NO", domains=["bore.example"])
    response = signed_in(channel_manager).get(f"{PARTNERS}?{query}")
    assert [line["row"].name for line in response.context["lines"]] == found


def test_tier_filter(channel_manager, alpine, signed_in):
    gold = factories.tier("Gold", 2)
    client = signed_in(channel_manager)
    assert not client.get(f"{PARTNERS}?tier={gold.pk}").context["lines"]
    assert client.get(f"{PARTNERS}?tier={factories.tier().pk}").context["lines"]


def test_no_result_says_so_and_offers_to_clear(channel_manager, alpine, signed_in):
    page = signed_in(channel_manager).get(f"{PARTNERS}?q=nobody&status=active").content.decode()
    assert "No partner matches these filters" in page
    assert "Clear all filters" in page


def test_empty_list_says_what_will_be_there(channel_manager, signed_in):
    page = signed_in(channel_manager).get(PARTNERS).content.decode()
    assert "No partner yet" in page
    assert "New partner" in page


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "since=20260-01-01",
        "tier=x",
        "manager=x",
        "page=999999999999",
        "page=-1",
        "status=nonsense",
        f"q={'x' * 10000}",
    ],
)
def test_a_filter_that_makes_no_sense_is_no_error_of_the_server(query, channel_manager, alpine, signed_in):
    assert signed_in(channel_manager).get(f"{PARTNERS}?{query}").status_code == 200


def test_pages_keep_the_filters(channel_manager, signed_in, monkeypatch):
    from partners.views import PartnerList

    for _n in range(3):
        factories.partner()
    monkeypatch.setattr(PartnerList, "per_page", 2)
    response = signed_in(channel_manager).get(f"{PARTNERS}?country=FR")
    assert (response.context["next_url"], response.context["range_text"]) == (
        "/partners/?country=FR&page=2",
        "1 to 2, and more",
    )
    response = signed_in(channel_manager).get(response.context["next_url"])
    assert (len(response.context["lines"]), response.context["range_text"]) == (1, "3 to 3")


def test_export_holds_what_the_filters_let_through(channel_manager, alpine, boreal, signed_in):
    response = signed_in(channel_manager).get(f"{PARTNERS}?q=alp&export=csv")
    text = b"".join(response.streaming_content).decode()
    assert "Alpine" in text
    assert "Boreal" not in text


def test_export_is_missing_without_the_right(deal_desk, alpine, signed_in):
    assert signed_in(deal_desk).get(f"{PARTNERS}?export=csv").status_code == 404


# One partner -------------------------------------------------------------------------------------------------------------


def test_page_shows_panels(channel_manager, alpine, owner, cima, signed_in):
    from psycopg2.extras import DateRange

    SupplyRelation.objects.create(distributor=cima, reseller=alpine, period=DateRange(business_today(), None))
    client = signed_in(channel_manager)
    page = client.get(f"/partners/{alpine.pk}/").content.decode()
    assert all(word in page for word in ("Alix Admin", "Cima", "Resale", "Silver"))
    assert len(statements(client, f"/partners/{alpine.pk}/")) <= 12


@pytest.mark.parametrize("who", ["owner", "rival"])
def test_pages_of_the_vendor_are_missing_to_partners(who, alpine, signed_in, request):
    client = signed_in(request.getfixturevalue(who))
    assert client.get(f"/partners/{alpine.pk}/").status_code == 404
    assert client.get(f"/partners/{alpine.pk}/edit/").status_code == 404


def test_viewer_reads_and_changes_nothing(viewer, alpine, signed_in):
    client = signed_in(viewer)
    assert client.get(f"/partners/{alpine.pk}/").status_code == 200
    assert client.post(f"/partners/{alpine.pk}/edit/", facts()).status_code == 404
    assert client.get("/partners/new/").status_code == 403


def test_create(channel_manager, signed_in):
    response = signed_in(channel_manager).post(
        "/partners/new/", facts(domains="Cobalt.example, www.cobalt.fr", types=["reseller"])
    )
    made = Partner.objects.get()
    assert response.url == made.get_absolute_url()
    assert (made.name, made.domains, made.types) == ("Cobalt", ["cobalt.example", "cobalt.fr"], ["reseller"])
    assert Event.objects.filter(subject_id=made.pk, verb="created", actor_id=channel_manager.pk).exists()


@pytest.mark.parametrize("name", ["", "Cob\x00alt", "x" * 10000, "Cobalt\u202egro.exe"])
def test_create_refuses_bad_text_at_the_field_and_keeps_the_form(name, channel_manager, signed_in):
    response = signed_in(channel_manager).post("/partners/new/", facts(name=name, city="Lyon"))
    assert response.status_code == 422
    assert "name" in response.context["form"].errors
    assert "Lyon" in response.content.decode()


def test_edit_writes_what_changed(channel_manager, alpine, signed_in):
    response = signed_in(channel_manager).post(
        f"/partners/{alpine.pk}/edit/", facts(name="Alpine SA", version=alpine.version)
    )
    alpine.refresh_from_db()
    assert (response.status_code, alpine.name, alpine.status, alpine.version) == (302, "Alpine SA", "active", 2)


def test_edit_of_a_record_somebody_else_changed_says_so(channel_manager, alpine, signed_in):
    alpine.put(city="Grenoble")
    response = signed_in(channel_manager).post(f"/partners/{alpine.pk}/edit/", facts(name="Mine", version=1))
    assert response.status_code == 422
    assert response.context["form"].stale
    alpine.refresh_from_db()
    assert (alpine.name, alpine.city) == ("Alpine", "Grenoble")


def test_status_moves_as_the_table_allows(channel_manager, alpine, signed_in):
    client = signed_in(channel_manager)
    assert client.post(f"/partners/{alpine.pk}/status/", {"status": "suspended", "version": 1}).status_code == 302
    alpine.refresh_from_db()
    assert alpine.status == "suspended"
    assert client.post(f"/partners/{alpine.pk}/status/", {"status": "prospect"}).status_code == 422


def test_assign_many(channel_manager, alpine, boreal, admin, signed_in):
    client = signed_in(admin)
    data = {"action": "assign", "selected": [str(alpine.pk), str(boreal.pk)], "assign-manager": str(admin.pk)}
    client.post("/partners/", data)
    assert set(Partner.objects.values_list("channel_manager", flat=True)) == {admin.pk}


def test_assign_many_leaves_partners_out_of_scope_alone(alpine, system, signed_in):
    limited = factories.vendor_user("channel_manager", scope_countries=["NO"])
    data = {"action": "assign", "selected": [str(alpine.pk)], "assign-manager": str(limited.pk)}
    signed_in(limited).post("/partners/", data)
    alpine.refresh_from_db()
    assert alpine.channel_manager_id != limited.pk


def test_supply_relation_once(channel_manager, alpine, cima, signed_in):
    client = signed_in(channel_manager)
    data = {"side": "supplied", "other": str(cima.pk), "period_0": business_today().isoformat(), "period_1": ""}
    assert client.post(f"/partners/{alpine.pk}/supply-relations/", data).status_code == 302
    assert client.post(f"/partners/{alpine.pk}/supply-relations/", data).status_code == 422
    relation = SupplyRelation.objects.get()
    assert (relation.distributor, relation.reseller) == (cima, alpine)
    assert (
        client.post(
            f"/partners/supply-relations/{relation.pk}/end/", {"last_day": business_today().isoformat()}
        ).status_code
        == 302
    )


def test_supply_needs_a_distributor(channel_manager, alpine, boreal, signed_in):
    data = {"side": "supplied", "other": str(boreal.pk), "period_0": business_today().isoformat()}
    response = signed_in(channel_manager).post(f"/partners/{alpine.pk}/supply-relations/", data)
    assert "is not a distributor" in response.content.decode()


def test_groups_and_teams(channel_manager, alpine, viewer, signed_in):
    client = signed_in(channel_manager)
    client.post("/partners/groups/new/", {"name": "Lac Holding", "head": str(alpine.pk)})
    client.post("/partners/teams/new/", {"name": "North", "members": [str(channel_manager.pk)]})
    group, team = PartnerGroup.objects.get(), Team.objects.get()
    assert (group.head, list(team.members.all())) == (alpine, [channel_manager])
    assert client.post("/partners/groups/new/", {"name": "lac holding"}).status_code == 422
    for url in (
        "/partners/groups/",
        "/partners/teams/",
        f"/partners/groups/{group.pk}/",
        f"/partners/teams/{team.pk}/",
    ):
        assert client.get(url).status_code == 200
    for url in (f"/partners/groups/{group.pk}/", f"/partners/teams/{team.pk}/"):
        assert [line["text"] for line in client.get(url).context["events"]] == ["Added"]
    client = signed_in(viewer)
    assert client.get(f"/partners/groups/{group.pk}/").status_code == 200
    assert client.post(f"/partners/groups/{group.pk}/", {"name": "Mine"}).status_code == 403


# Search and home -----------------------------------------------------------------------------------------------------------


def test_palette_finds_pages_and_partners_in_scope(channel_manager, alpine, signed_in):
    page = signed_in(channel_manager).get("/search/?q=alp").content.decode()
    assert str(alpine.get_absolute_url()) in page
    assert "/partners/" in signed_in(channel_manager).get("/search/?q=partner").content.decode()


def test_palette_shows_a_partner_no_other_partner(rival, alpine, signed_in):
    assert "Alpine" not in signed_in(rival).get("/search/?q=alpine").content.decode()


@pytest.mark.parametrize("text", ["", "%00", "a", "%E2%80%AE", "x" * 5000, "'; --"])
def test_palette_takes_any_text(text, channel_manager, signed_in):
    assert signed_in(channel_manager).get(f"/search/?q={text}").status_code == 200


def test_pick_answers_only_what_one_may_see(channel_manager, owner, alpine, signed_in):
    url = "/pick/partners/?q=alp"
    assert signed_in(channel_manager).get(url).json()["results"] == [
        {"id": str(alpine.pk), "label": "Alpine", "hint": "FR"}
    ]
    assert signed_in(owner).get(url).json()["results"] == []
    assert signed_in(owner).get("/pick/customers/?q=a").json()["results"] == []
    assert signed_in(channel_manager).get("/pick/nothing/").status_code == 404


@pytest.mark.parametrize("who", ["channel_manager", "viewer", "finance", "deal_desk", "direct_seller", "admin"])
def test_home_for_every_role(who, alpine, signed_in, request):
    client = signed_in(request.getfixturevalue(who))
    assert client.get("/home/").status_code == 200


def test_home_costs_little(channel_manager, alpine, signed_in):
    client = signed_in(channel_manager)
    client.get("/home/")
    assert len(statements(client, "/home/")) <= 20


def test_home_is_missing_to_partners(owner, signed_in):
    assert signed_in(owner).get("/home/").status_code == 404
