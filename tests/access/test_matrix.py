"""The permission matrix: every identity × every address × own, other's and missing record.

Two things are asked of each answer. What is another's answers exactly as what is missing, and no answer to one company
carries a canary or an id of the other: checked here for every identity. Who may reach what is theirs is written down in
``matrix.json``, one line an address; an address that is not in it fails, and a changed answer fails. After a reviewed change:
``PRM_UPDATE_MATRIX=1 pytest tests/access/test_matrix.py -n 0``.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from prm.api.models import ApiToken
from prm.db import acting
from prm.events.models import Event
from prm.ids import uuid7
from tests import factories
from tests.access import world as worlds
from tests.access.routes import marks, pages

pytestmark = pytest.mark.timeout(600, func_only=True)
MATRIX = Path(__file__).with_name("matrix.json")
VENDOR = (
    "admin",
    "program_owner",
    "channel_manager",
    "deal_desk",
    "mediator",
    "finance",
    "marketing",
    "direct_sales",
    "viewer",
)
COMPANY = ("partner_admin", "partner_sales", "partner_marketing", "partner_finance")
OTHERS = ("distributor_named", "distributor_not_named", "suspended", "terminated", "group_head", "stranger")
OUTSIDERS = ("anonymous", "limited_token", *COMPANY, *OTHERS)
IDENTITIES = (*OUTSIDERS, *VENDOR)
# Rows a page is asked about: the first of these a company has, by the model the page takes its rows from.
SAMPLES = {
    "DealRegistration": ("submitted", "draft", "approved", "returned"),
    "Appeal": ("appeal",),
    "OpportunityParticipant": ("participant",),
    "Opportunity": ("opportunity",),
    "PrivateNote": ("private_note",),
    "Credit": ("credit",),
    "Enrolment": ("enrolment",),
    "Program": ("program",),
    "Tier": ("tier",),
    "DiscountRule": ("discount",),
    "Membership": ("membership",),
    "Invitation": ("invitation",),
    "SupplyRelation": ("supply",),
    "PartnerGroup": ("group",),
    "LeadOffer": ("offer",),
    "Territory": ("territory",),
    "TerritoryAssignment": ("territory_assignment",),
    "TerritoryRule": ("territory_rule",),
    "Conflict": ("conflict",),
    "Lead": ("lead",),
    "Touchpoint": ("touch",),
    "Campaign": ("campaign",),
    "Activity": ("activity",),
    "SavedView": ("saved_view",),
}
COMMON = {
    "Product",
    "ProductLine",
    "PriceList",
    "Price",
    "Fact",
}  # the catalogue is every partner's, and so are the metrics


@pytest.fixture
def world(system):
    return worlds.build()


def person(world, identity):
    if identity in VENDOR:
        return world.vendor[identity]
    if identity in COMPANY:
        return world.alpine.people[identity]
    if identity == "limited_token":
        return world.alpine.people["partner_admin"]
    return world.partner_people.get(identity)


class Caller:
    """A browser or an API client of one identity; whatever it does is rolled back."""

    def __init__(self, world, identity):
        self.identity, self.user = identity, person(world, identity)
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if self.user and identity != "limited_token":
            factories.sign_in(self.client, self.user)
        if self.user:
            scopes = ["partners:read"] if identity == "limited_token" else ["*"]
            _token, secret = ApiToken.objects.issue(self.user, scopes=scopes, membership=self.user.membership)
            self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, page, method, url, data=None):
        self.client.cookies.pop("messages", None)  # what an earlier request said
        with transaction.atomic():
            if page.is_api:
                response = self.client.generic(
                    method.upper(),
                    url,
                    json.dumps(data or {}),
                    "application/json",
                    headers={**self.headers, "If-Match": '"1"'},
                )
            else:
                response = getattr(self.client, method)(url, data or {})
            body = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        return response.status_code, body.decode("utf-8", "replace"), response


def methods(page) -> tuple[str, ...]:
    if not page.is_api:
        return ("get", "post")
    return tuple(method for method in getattr(page.view, "actions", {"get": ""}) if method != "head")


def model_of(page, user):
    """The model a page takes its record from."""
    if page.is_api:
        return page.view.cls.model
    return page.view.rows_for(user).model


def sample(company, world, model):
    """A row of that model belonging to the company, or the vendor row it would love to see."""
    for name in SAMPLES.get(model.__name__, ()):
        return company.rows[name].pk
    if model.__name__ == "Fact":
        return "bookings"  # a metric, by its key
    if model.__name__ == "Partner":
        return company.partner.pk
    if model.__name__ == "Event":
        return Event.objects.filter(partner_id=company.partner.pk).values_list("pk", flat=True).first()
    if model.__name__ == "User":
        return company.people["partner_sales"].pk
    row = model._base_manager.first()
    return row.pk if row else None


def plain(body: str, *words) -> str:
    """An answer without what differs each time: the address asked for, form tokens, request ids, times."""
    for word in words:
        body = body.replace(str(word), "…")
    body = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": ?)"[^"]*"', r"\1…", body)
    body = re.sub(r'"csrf[^"]*" content="[^"]*"', "…", body)
    body = re.sub(r'name="key" value="[^"]*"', "…", body)  # a form's own, against double submission
    body = re.sub(r'data-csrf="[^"]*"', "…", body)
    body = re.sub(r"/calendar/[\w-]{43}", "…", body)  # the address of a feed, made anew
    body = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "…", body)
    return re.sub(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", "…", body)


def difference(one: tuple[int, str], two: tuple[int, str]) -> tuple:
    """Where two answers part, for the failure report."""
    if one[0] != two[0]:
        return one[0], two[0]
    at = next((i for i, (a, b) in enumerate(zip(one[1], two[1], strict=False)) if a != b), 0)
    return one[1][max(at - 40, 0) : at + 40], two[1][max(at - 40, 0) : at + 40]


def leaks(body: str, company) -> set[str]:
    return {secret for secret in company.secrets if secret in body}


def test_every_address_says_who_may_come():
    unclassified = [page.key for page in pages() if not marks(page.view) and not page.is_api]
    assert unclassified == []


def test_every_address_of_a_record_takes_it_from_a_queryset():
    loose = [page.key for page in pages() if page.about_a_record and not marks(page.view) & {"rows_for", "api"}]
    assert loose == []


@pytest.mark.parametrize("identity", OUTSIDERS)
def test_others_answers_as_missing_and_nothing_leaks(world, identity):
    caller = Caller(world, identity)
    told_apart, leaking, errors = [], [], []
    for page in pages():
        ids = {"missing": uuid7()}
        if page.about_a_record:
            model = model_of(page, world.vendor["admin"])
            ids["own"] = sample(world.alpine, world, model) or uuid7()
            if model.__name__ not in COMMON:
                ids["other"] = sample(world.boreal, world, model) or uuid7()
        for method in methods(page):
            answers = {}
            for whose, pk in ids.items():
                status, body, _response = caller.ask(page, method, page.url(pk))
                answers[whose] = (status, plain(body, pk))
                if status >= 500 and page.key != "/readyz":  # which says that no relay runs here
                    errors.append((method, page.key, whose, status))
                if leaks(body.replace(str(pk), ""), world.boreal):
                    leaking.append((method, page.key, whose, leaks(body, world.boreal)))
            if "other" in answers and answers["other"] != answers["missing"]:
                told_apart.append((method, page.key, *difference(answers["other"], answers["missing"])))
    assert (errors, leaking, told_apart) == ([], [], [])


@pytest.mark.parametrize("identity", IDENTITIES)
def test_who_reaches_what(world, identity):
    """Statuses for Alpine's own rows (or the vendor's), as reviewed in matrix.json."""
    caller = Caller(world, identity)
    found = {}
    for page in pages():
        pk = (
            sample(world.alpine, world, model_of(page, world.vendor["admin"])) if page.about_a_record else None
        ) or uuid7()
        for method in methods(page):
            found[f"{method.upper()} {page.key}"] = caller.ask(page, method, page.url(pk))[0]
    reviewed = json.loads(MATRIX.read_text()) if MATRIX.exists() else {}
    if os.environ.get("PRM_UPDATE_MATRIX"):
        for key, status in found.items():
            reviewed.setdefault(key, {})[identity] = status
        kept = {key: reviewed[key] for key in sorted(reviewed) if key in found}
        lines = [f"{json.dumps(key)}: {json.dumps(row, sort_keys=True)}" for key, row in kept.items()]
        MATRIX.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return
    assert {key: row.get(identity) for key, row in reviewed.items()} == found


@pytest.mark.parametrize("identity", ["partner_admin", "distributor_not_named", "group_head"])
def test_filters_search_sort_and_export_tell_nothing(world, identity):
    """Whatever a list is asked, the other company's values answer as values nobody has."""
    caller = Caller(world, identity)
    boreal, nobody = world.boreal, uuid7()
    questions = {
        "q": (boreal.canary, "Zqnobody"),
        "search": (boreal.canary, "Zqnobody"),
        "partner": (boreal.partner.pk, nobody),
        "customer": (world.shared["hospital"].pk, nobody),
        "program": (boreal.rows["program"].pk, nobody),
        "tier": (boreal.rows["tier"].pk, nobody),
        "distributor": (boreal.partner.pk, nobody),
        "channel_manager": (world.vendor["admin"].pk, nobody),
        "subject": (boreal.rows["submitted"].pk, nobody),
    }
    leaking, told_apart = [], []
    for page in pages():
        if page.about_a_record or "get" not in methods(page) or caller.ask(page, "get", page.url())[0] != 200:
            continue  # nothing to ask where this identity reads nothing
        for name, (theirs, none) in questions.items():
            answers = []
            for value in (theirs, none):
                status, body, _response = caller.ask(page, "get", f"{page.url()}?{name}={value}")
                answers.append((status, plain(body, value)))
                if leaks(body.replace(str(value), ""), boreal):
                    leaking.append((page.key, name))
            if answers[0] != answers[1]:
                told_apart.append((page.key, name, *difference(*answers)))
        for query in ("sort=-created_at", "ordering=created_at", "export=csv", "export=xlsx"):
            status, body, _response = caller.ask(page, "get", f"{page.url()}?{query}")
            if leaks(body, boreal):
                leaking.append((page.key, query))
    assert (leaking, told_apart) == ([], [])


@pytest.mark.parametrize("identity", ["partner_admin", "partner_sales", "stranger"])
def test_foreign_keys_in_the_input_tell_nothing(world, identity):
    """Another's ids in a body are refused in the words used for ids that do not exist."""
    caller = Caller(world, identity)
    caller.headers["Prefer"] = "handling=lenient"  # a body with every key at once; a resource looks at those it knows
    boreal, nobody = world.boreal, str(uuid7())
    theirs = {
        "partner": str(boreal.partner.pk),
        "distributor": str(boreal.partner.pk),
        "products": [str(boreal.rows["draft"].pk)],
        "user": str(boreal.people["partner_sales"].pk),
        "customer": str(world.shared["hospital"].pk),
        "program": str(boreal.rows["program"].pk),
        "tier": str(boreal.rows["tier"].pk),
        "head": str(boreal.partner.pk),
    }
    none = {name: [nobody] if isinstance(value, list) else nobody for name, value in theirs.items()}
    told_apart = []
    for page in pages():
        pk = (
            sample(world.alpine, world, model_of(page, world.vendor["admin"])) if page.about_a_record else None
        ) or uuid7()
        for method in set(methods(page)) & {"post", "patch", "put"}:
            answers = [caller.ask(page, method, page.url(pk), body)[:2] for body in (theirs, none)]
            one, two = [(status, plain(body, pk)) for status, body in answers]
            if one != two:
                told_apart.append((method, page.key, *difference(one, two)))
    assert told_apart == []


def test_external_ids_of_one_owner_are_unknown_to_another(world):
    caller = Caller(world, "stranger")
    for page in pages():
        if "external_id" in page.parameters:
            theirs = caller.ask(page, "get", page.url(source="crm", external_id=f"{world.boreal.canary}-1"))
            none = caller.ask(page, "get", page.url(source="crm", external_id=f"{world.boreal.canary}-2"))
            assert (theirs[0], plain(theirs[1], f"{world.boreal.canary}-1")) == (
                none[0],
                plain(none[1], f"{world.boreal.canary}-2"),
            )


def permission_methods():
    """Every method of a queryset that answers which rows a person may reach, wherever an app declares one."""
    for model in apps.get_models():
        for queryset in type(model._default_manager.all()).__mro__:
            if queryset.__module__.split(".")[0] in ("prm", "partners", "territories", "deals", "attribution"):
                for name, method in vars(queryset).items():
                    if inspect.isfunction(method) and list(inspect.signature(method).parameters) == ["self", "user"]:
                        yield queryset, name


# The policies know companies, not roles: these four stand for all that a partner's person can be.
@pytest.mark.parametrize("identity", ["partner_admin", "distributor_named", "group_head", "stranger"])
def test_with_the_python_wall_down_the_database_still_holds(world, identity, monkeypatch):
    """Every permission queryset answers "all rows"; a partner's requests still reach nothing of another company."""
    patched = set(permission_methods())
    for queryset, name in patched:
        monkeypatch.setattr(queryset, name, lambda self, user: self.all())
    names = {name for _queryset, name in patched}
    assert {"visible_to", "editable_by", "decidable_by", "commentable_by", "answerable_by"} <= names
    caller = Caller(world, identity)
    foreign = [world.boreal, *([world.alpine] if identity == "stranger" else [])]
    leaking = []
    for page in pages():
        pk = sample(world.boreal, world, model_of(page, world.vendor["admin"])) if page.about_a_record else None
        if "get" in methods(page):
            _status, body, _response = caller.ask(page, "get", page.url(pk or uuid7()))
            body = body.replace(str(pk), "")
            leaking += [(page.key, found) for company in foreign if (found := leaks(body, company))]
    user = caller.user
    with acting("partner", user.acting_for_id, user.pk, user.membership.headed_companies):
        assert not worlds.DealRegistration.objects.visible_to(user).filter(pk=world.boreal.rows["draft"].pk)
    assert leaking == []
