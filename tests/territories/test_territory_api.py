"""Territories, rules, assignments and the answer to who may sell, for programs."""

from datetime import timedelta

import pytest
from django.test import Client

from partners.models import Team
from prm.api.models import ApiToken
from prm.calendar import business_today
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests.territories.conftest import assign

pytestmark = pytest.mark.usefixtures("system")
TODAY = business_today()


@pytest.fixture
def api():
    def of(user):
        _token, secret = ApiToken.objects.issue(user, membership=user.membership)
        client = Client(headers={"authorization": f"Bearer {secret}"})

        def call(method, path, data=None, version=None):
            headers = {"If-Match": f'"{version}"'} if version else {}
            return getattr(client, method)(f"/api/v1/{path}", data, content_type="application/json", headers=headers)

        return call

    return of


def test_build_and_assign(api, program_owner, alpine, boreal):
    call = api(program_owner)
    made = call("post", "territories/", {"name": "France", "code": "FR"})
    assert made.status_code == 201, made.content
    france = made.json()
    assert (france["path"], france["holders"]) == ("FR", 1)
    answer = call(
        "post", "territory-rules/", {"territory": france["id"], "region": "FR-IDF", "period": {"start": "2026-01-01"}}
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["country"] == "FR"
    answer = call(
        "post",
        "territory-assignments/",
        {"territory": france["id"], "partner": str(alpine.pk), "period": {"start": TODAY.isoformat(), "end": None}},
    )
    assert answer.status_code == 201, answer.content
    held = answer.json()
    refused = call(
        "post",
        "territory-assignments/",
        {"territory": france["id"], "partner": str(boreal.pk), "period": {"start": TODAY.isoformat(), "end": None}},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "territory_held")
    assert "Alpine holds this territory" in refused.json()["detail"]
    end = (TODAY + timedelta(days=10)).isoformat()
    answer = call("post", f"territory-assignments/{held['id']}/end/", {"end": end}, held["version"])
    assert answer.status_code == 204, answer.content
    assert TerritoryAssignment.objects.get().period.upper.isoformat() == end


def test_cycle(api, program_owner, france, paris):
    answer = api(program_owner)("patch", f"territories/{france.pk}/", {"parent": str(paris.pk)}, france.version)
    assert answer.status_code in (400, 409, 422), answer.content
    assert Territory.objects.get(pk=france.pk).parent is None


def test_resolve(api, viewer, france, alpine, hospital, product):
    assign(france, alpine)
    answer = api(viewer)(
        "post", "territories/resolve/", {"customer": str(hospital.pk), "lines": [str(product.line_id)]}
    )
    body = answer.json()
    assert answer.status_code == 200, body
    assert (body["territory"], [holder["partner"] for holder in body["holders"]]) == (str(france.pk), [str(alpine.pk)])
    assert "only Alpine may sell there" in body["explanation"]
    assert body["evidence"]["answers"][0]["rule_id"] == str(TerritoryRule.objects.get().pk)
    place = api(viewer)("post", "territories/resolve/", {"country": "DE"}).json()
    assert (place["territory"], place["holders"], place["evidence"]["answers"][0]["state"]) == (None, [], "unassigned")


def test_a_reserved_customer_is_its_teams(api, viewer, hospital):
    hospital.house_account, hospital.team = True, Team.objects.create(name="Public sector")
    hospital.save()
    body = api(viewer)("post", "territories/resolve/", {"customer": str(hospital.pk)}).json()
    assert (body["territory"], body["holders"]) == (
        None, [{"partner": None, "team": str(hospital.team_id), "kind": "exclusive", "period_end": None}],
    )  # fmt: skip
    assert "reserved for direct sales" in body["explanation"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"country": "XX"},
        {"country": "FR", "lines": ["nothing"]},
        {"country": "FR", "on": "soon"},
        {"city": "Paris"},
    ],
)
def test_resolve_refuses_what_it_cannot_read(api, viewer, body):
    assert api(viewer)("post", "territories/resolve/", body).status_code == 400


def test_partners_and_roles(api, owner, finance, channel_manager, france, alpine):
    assign(france, alpine)
    for path in ("territories/", "territory-rules/", "territory-assignments/"):
        assert api(owner)("get", path).status_code in (403, 404)
        assert api(finance)("get", path).json()["results"] == []
        assert len(api(channel_manager)("get", path).json()["results"]) == 1
    assert api(owner)("post", "territories/resolve/", {"country": "FR"}).status_code in (403, 404)
    assert api(finance)("post", "territories/resolve/", {"country": "FR"}).status_code == 403
    assert api(channel_manager)("post", "territories/", {"name": "X", "code": "X"}).status_code == 403
