"""The requests of docs/api.md are accepted as they are written there, the dots replaced by ids."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings

from deals.models import OpportunityParticipant
from tests import factories
from tests.api.conftest import api  # noqa: F401  (a fixture)

PAGE = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
REQUEST = re.compile(r"(GET|POST) (\S+)\s*(\{.*\})?.*", re.DOTALL)


def requests_of(heading: str) -> list[tuple[str, str, dict | None]]:
    """What the blocks of a chapter ask, in order."""
    chapter = f"\n{PAGE}".split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"^```\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    asked = [text for block in blocks for text in re.split(r"\n(?=GET|POST)", block.strip())]
    found = [REQUEST.fullmatch(text).groups() for text in asked]
    return [(method, address, json.loads(body) if body else None) for method, address, body in found]


class Reader:
    """Somebody who sends the examples, putting in what the dots stand for."""

    def __init__(self, call, known: dict):
        self.call, self.known, self.made = call, known, {}

    def follow(self, heading: str, only: str = "") -> list:
        return [self.send(*request) for request in requests_of(heading) if request[1].startswith(only)]

    def send(self, method: str, address: str, body: dict | None):
        resource, *verb = address.split("?")[0].strip("/").split("/")
        for name in re.findall(r"(\w+)=…", address):
            address = address.replace(f"{name}=…", f"{name}={self.known[name]}")
        if method == "GET":
            return self.call.get(f"/{address}")
        headers = {}
        if verb and verb[0] == "{id}":
            pk = self.made[resource]["id"]
            address = address.replace("{id}", pk)
            headers = {"If-Match": self.call.get(f"/{resource}/{pk}/")["ETag"]}
        answer = self.call.post(f"/{address}", self.filled(body), **headers)
        if answer.status_code == 201 and not verb:
            self.made[resource] = answer.json()
            self.known[{"territories": "territory"}.get(resource, resource.removesuffix("s"))] = answer.json()["id"]
        return answer

    def filled(self, body: dict | None) -> dict:
        known = {**self.known, "parent": self.known.get("top"), "subject_id": self.known.get("opportunity")}
        dots = {"…": str, ("…",): lambda pk: [str(pk)]}
        read = {
            name: dots.get(tuple(value) if isinstance(value, list) else str(value))
            for name, value in (body or {}).items()
        }
        return {name: read[name](known[name]) if read[name] else value for name, value in (body or {}).items()}


@pytest.fixture
def vendor(api, admin, alpine, owner, hospital, product):  # noqa: F811
    part = OpportunityParticipant.objects.get(
        registrations=factories.approved(owner, decided_by=admin, products=[product])
    )
    known = {"partner": alpine.pk, "customer": hospital.pk, "lines": product.line_id, "line": product.line_id}
    return Reader(api(admin), {**known, "opportunity": part.opportunity_id})


def accepted(answers) -> None:
    assert answers
    refused = [answer for answer in answers if answer.status_code not in (200, 201, 204)]
    assert [(answer.status_code, answer.json()) for answer in refused] == []


@pytest.mark.parametrize("heading", ["Touchpoints and credit", "Metrics", "Activities"])
def test_the_vendors_examples(vendor, heading):
    accepted(vendor.follow(heading))


def test_the_examples_of_territories(vendor):
    vendor.known["top"] = vendor.call.post("/territories/", {"name": "Germany", "code": "DE"}).json()["id"]
    accepted(vendor.follow("Territories"))


def test_the_examples_of_leads(vendor, api, owner):  # noqa: F811
    accepted(vendor.follow("Leads", "campaigns") + vendor.follow("Leads", "leads"))
    asked = requests_of("Leads")
    offer = next(request for request in asked if request[1] == "lead-offers/")
    verbs = {request[1].split("/")[2]: request for request in asked if request[1].startswith("lead-offers/{id}/")}
    partner = Reader(api(owner), {})
    for answers in (["decline"], ["acceptance", "contact", "registration"]):
        accepted([vendor.send(*offer)])
        partner.made = vendor.made
        accepted([partner.send(*verbs.pop(verb)) for verb in answers])
    vendor.known["lead"] = vendor.call.post("/leads/", {"company_name": "Another", "legal_basis": "contract"}).json()[
        "id"
    ]
    accepted([vendor.send(*offer)])
    partner.send("POST", "lead-offers/{id}/acceptance/", None)
    accepted([partner.send(*verbs.pop("disqualification"))])
    assert verbs == {}
