"""Pages of territories: who reaches them, what they say, how they refuse."""

from datetime import timedelta

import pytest
from psycopg2.extras import DateRange

from partners.models import Team
from prm.calendar import business_today
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests import factories
from tests.statements import statements
from tests.territories.conftest import SINCE, assign, rule, territory

pytestmark = pytest.mark.usefixtures("system")
TODAY = business_today()


def page(client, url, status=200):
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def test_table_shows_the_tree(signed_in, viewer, france, paris, alpine):
    assign(france, alpine, period=DateRange(SINCE, TODAY + timedelta(days=30)))
    html = page(signed_in(viewer), "/territories/")
    assert "\u2003Île-de-France" in html
    assert "Alpine" in html
    assert "exclusive" in html
    assert "New territory" not in html


@pytest.mark.parametrize(("query", "codes"), [("held=open", ["FR-IDF"]), ("held=exclusive", ["FR"]), ("country=FR", ["FR", "FR-IDF"]), ("country=DE", []), ("q=idf", ["FR-IDF"])])  # fmt: skip
def test_filters(signed_in, viewer, france, paris, alpine, query, codes):
    assign(france, alpine)
    html = page(signed_in(viewer), f"/territories/?{query}")
    assert [code for code in ("FR", "FR-IDF") if f"<td>{code}</td>" in html.replace("\n", "")] == codes


def test_budget_whatever_the_number(signed_in, channel_manager, france, alpine):
    client = signed_in(channel_manager)
    for n in range(3):
        made = territory(f"T{n}", parent=france)
        rule(made, country="FR", product_line=factories.product(f"Line {n}").line)
        assign(made, alpine)
    for url in ("/territories/", france.get_absolute_url(), "/territories/map/"):
        assert len(statements(client, url)) <= 12, url


def test_map_and_its_table(signed_in, viewer, france, alpine, boreal, hospital):
    assign(france, alpine, kind="shared")
    assign(france, boreal, kind="shared")
    poland = territory("PL")
    rule(poland, country="PL")
    britain = territory("GB")
    rule(britain, country="GB")
    assign(britain, Team.objects.create(name="Direct team"))
    html = page(signed_in(viewer), "/territories/map/?country=FR")
    assert 'aria-label="Poland — open"' in html
    assert "#r616" in html
    assert 'aria-label="France — shared by Alpine, Boreal"' in html
    assert "map-direct" in html
    assert "url(#map-shared)" in html
    assert "Direct team" in html
    assert "style=" not in html.split("<main")[1]


def test_map_by_product_line(signed_in, viewer, france, alpine, product):
    special = territory("BACKUP")
    rule(special, country="FR", product_line=product.line)
    assert "BACKUP" not in page(signed_in(viewer), "/territories/map/")
    assert "BACKUP" in page(signed_in(viewer), f"/territories/map/?line={product.line_id}&view=world")


def test_program_owner_builds_a_territory(signed_in, program_owner, product):
    client = signed_in(program_owner)
    response = client.post("/territories/new/", {"name": "Bavaria", "code": "DE-BY", "holders": "1", "active": "on"})
    made = Territory.objects.get()
    assert (response.status_code, response.url, made.path) == (302, made.get_absolute_url(), "DE-BY")
    response = client.post(
        f"{made.get_absolute_url()}rules/new/",
        {
            "include": "True",
            "region": "de-by",
            "priority": "0",
            "period_0": "2026-01-01",
            "product_line": product.line_id,
        },
    )
    assert response.status_code == 302, response.content.decode()
    made_rule = TerritoryRule.objects.get()
    assert (made_rule.country, made_rule.region, made_rule.product_line) == ("DE", "DE-BY", product.line)
    assert "Belongs to it: the region DE-BY, Germany, the product line Backup" in page(client, made.get_absolute_url())


def test_wrong_rules_are_said_at_their_place(signed_in, program_owner, france):
    client = signed_in(program_owner)
    url = f"{france.get_absolute_url()}rules/new/"
    base = {"include": "True", "priority": "0", "period_0": "2026-01-01"}
    for given, words in [
        ({"country": "FR", "region": "DE-BY"}, "not in that country"),
        ({"region": "Bavaria"}, "ISO 3166-2"),
        ({"postal_prefix": "75"}, "Choose the country"),
        ({"country": "FR", "period_0": "2026-02-01", "period_1": "2026-01-01"}, "before the first"),
        ({"priority": "5000"}, "1000"),
    ]:
        response = client.post(url, {**base, **given})
        assert response.status_code == 422, given
        assert words in response.content.decode(), given
    assert TerritoryRule.objects.count() == 1


def test_cycle_is_refused_in_words(signed_in, program_owner, france, paris):
    response = signed_in(program_owner).post(
        f"{france.get_absolute_url()}edit/",
        {"name": "France", "code": "FR", "parent": paris.pk, "holders": "1", "active": "on", "version": france.version},
    )
    assert response.status_code == 422
    assert "cannot be part of itself" in response.content.decode()


def test_manager_assigns_and_is_told_who_holds_it(signed_in, channel_manager, france, alpine, boreal):
    client = signed_in(channel_manager)
    url = f"{france.get_absolute_url()}assignment/"
    dates = {"period_0": TODAY.isoformat(), "period_1": (TODAY + timedelta(days=364)).isoformat()}
    assert client.post(url, {"partner": alpine.pk, "kind": "exclusive", **dates}).status_code == 302
    response = client.post(url, {"partner": boreal.pk, "kind": "exclusive", **dates})
    assert response.status_code == 422
    assert "Alpine holds this territory exclusively until" in response.content.decode()
    assert client.post(url, {"kind": "exclusive", **dates}).status_code == 422
    held = TerritoryAssignment.objects.get()
    response = client.post(
        f"/territory-assignments/{held.pk}/end/",
        {"last_day": (TODAY + timedelta(days=9)).isoformat(), "version": held.version},
    )
    assert response.status_code == 302
    held.refresh_from_db()
    assert held.period.upper == TODAY + timedelta(days=10)
    assert "Assignment of France ends on" in page(client, france.get_absolute_url())


def test_manager_neither_builds_nor_rules(signed_in, channel_manager, viewer, france):
    client = signed_in(channel_manager)
    assert client.get("/territories/new/").status_code == 403
    assert client.get(f"{france.get_absolute_url()}edit/").status_code == 404
    assert client.get(f"{france.get_absolute_url()}rules/new/").status_code == 404
    assert signed_in(viewer).get(f"{france.get_absolute_url()}assignment/").status_code == 404


def test_partner_reads_its_own_and_no_tree(signed_in, owner, alpine, boreal, france):
    assign(france, alpine, kind="shared", period=DateRange(SINCE, TODAY + timedelta(days=30)))
    assign(france, boreal, kind="shared")
    client = signed_in(owner)
    html = page(client, "/portal/territories/")
    assert "France" in html
    assert "Boreal" not in html
    assert "shared" not in html
    for url in ("/territories/", "/territories/map/"):
        assert client.get(url).status_code in (403, 404)
    assert client.get(france.get_absolute_url()).status_code == 404


def test_customer_page_says_who_may_sell(signed_in, viewer, france, alpine, hospital, product):
    assign(france, alpine)
    client = signed_in(viewer)
    html = page(client, hospital.get_absolute_url())
    assert "any product for Hôpital du Lac: territory “France”, only Alpine may sell there." in html
    assert len(statements(client, hospital.get_absolute_url())) <= 12


def test_review_shows_the_territory(signed_in, channel_manager, owner, boreal, france, submitted_deal):
    assign(france, boreal)
    html = page(signed_in(channel_manager), f"/approvals/{submitted_deal.pk}/")
    assert "only Boreal may sell there" in html
    assert "Outside the partner" in html
