"""Who may sell to a customer, and why."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import DateRange

from partners.models import Team
from prm.calendar import business_today
from territories import coverage
from territories.coverage import Question, cover, decide, explain, resolve, rules_for
from territories.models import CustomerAddress, Territory, TerritoryRule
from tests import factories
from tests.territories.conftest import SINCE, assign, rule, territory

pytestmark = pytest.mark.usefixtures("system")
TODAY = business_today()


def answer(**asked):
    resolution = resolve(**asked)
    return resolution.territory and resolution.territory.code, [str(holder) for holder in resolution.holders]


def test_country(france, alpine):
    assign(france, alpine)
    assert answer(country="FR") == ("FR", ["Alpine"])
    assert answer(country="DE") == (None, [])
    assert resolve(country="DE").answers[0].state == "unassigned"


def test_narrower_rule_wins_and_says_so(france, paris, alpine, boreal):
    assign(france, alpine)
    assign(paris, boreal)
    resolution = resolve(country="FR", region="IDF")
    assert resolution.holders == [boreal]
    assert [(row["territory"], row["outcome"]) for row in resolution.evidence["answers"][0]["rules"]] == [
        ("Île-de-France", "decides"),
        ("France", "weaker"),
    ]
    assert resolution.explanation == (
        "any product for FR-IDF, France: territory “Île-de-France”, only Boreal may sell there."
        " Decided by region and country (priority 0, specificity 300)."
    )


def test_priority_before_specificity(france, paris):
    rule(france, country="FR", priority=10)
    assert answer(country="FR", region="FR-IDF") == ("FR", [])


def test_taken_out(france, paris):
    rule(paris, country="FR", region="FR-IDF", include=False)
    assert answer(country="FR", region="FR-IDF") == ("FR", [])
    outcomes = [row["outcome"] for row in resolve(country="FR", region="FR-IDF").evidence["answers"][0]["rules"]]
    assert outcomes == ["excludes", "excluded", "decides"]


def test_product_lines_apart(france, alpine, boreal, product):
    vault = factories.product("Vault").line
    special = territory("VAULT")
    rule(special, country="FR", product_line=vault)
    assign(france, alpine)
    assign(special, boreal)
    resolution = resolve(country="FR", lines=[vault, product.line])
    assert [([str(line) for line in part.lines], part.holders) for part in resolution.answers] == [
        (["Backup"], [alpine]),
        (["Vault"], [boreal]),
    ]
    assert (resolution.territory, resolution.holders) == (None, [])


def test_customer_gives_place_and_may_be_named(france, paris, alpine, hospital):
    CustomerAddress.objects.create(customer=hospital, country="FR", region="IDF", postcode="75 013", city="Paris")
    assert answer(customer=hospital) == ("FR-IDF", [])
    east = territory("EAST")
    rule(east, country="FR", postal_prefix="75013")
    assert answer(customer=hospital) == ("EAST", [])
    group = factories.customer("Hôpitaux réunis")
    hospital.parents.add(group)
    named = territory("NAMED")
    rule(named, customer=group)
    assign(named, alpine)
    assert answer(customer=hospital) == ("NAMED", ["Alpine"])


def test_house_account_is_direct(france, alpine, hospital):
    assign(france, alpine)
    hospital.house_account, hospital.team = True, Team.objects.create(name="Public sector")
    assert [str(holder) for holder in resolve(customer=hospital).holders] == ["Public sector"]
    assert resolve(customer=hospital).explanation == "Hôpital du Lac is reserved for direct sales."


def test_roles(france):
    wholesale = territory("WHOLESALE")
    rule(wholesale, country="FR", partner_role="distributor")
    assert answer(country="FR") == ("FR", [])
    assert answer(country="FR", roles=["distributor", "reseller"]) == ("WHOLESALE", [])


def test_dates_are_half_open(france, alpine, boreal):
    assign(france, alpine, period=DateRange(SINCE, TODAY))
    assign(france, boreal, period=DateRange(TODAY, None))
    assert resolve(country="FR", on=TODAY - timedelta(days=1)).holders == [alpine]
    assert resolve(country="FR", on=TODAY).holders == [boreal]
    late = territory("LATE")
    rule(late, country="FR", priority=1, period=DateRange(TODAY + timedelta(days=1), None))
    assert answer(country="FR")[0] == "FR"
    assert answer(country="FR", on=TODAY + timedelta(days=1))[0] == "LATE"


def test_unused_territory_decides_nothing(france, paris):
    Territory.objects.filter(pk=paris.pk).update(active=False)
    assert answer(country="FR", region="FR-IDF") == ("FR", [])


def test_deeper_node_wins_between_equals(france):
    child = territory("AA", parent=france)
    rule(child, country="FR")
    rule(territory("A0"), country="FR")
    assert answer(country="FR") == ("AA", [])


def test_stored_evidence_reads_the_same_later(france, alpine):
    assign(france, alpine, period=DateRange(SINCE, TODAY + timedelta(days=10)))
    resolution = resolve(country="FR")
    said, stored = resolution.explanation, resolution.evidence
    Territory.objects.update(name="Gone")
    assert explain(stored) == said
    assert (stored["rule"], stored["version"]) == ("coverage", coverage.VERSION)


def test_statements(france, paris, alpine, hospital, django_assert_num_queries):
    lines = [factories.product(f"Line {n}").line for n in range(5)]
    with django_assert_num_queries(4):  # addresses, parents, rules, holders
        resolve(customer=hospital, lines=lines)
    with django_assert_num_queries(1):
        cover([Question(country="FR"), Question(country="FR", region="FR-IDF"), Question(country="DE")] * 50)


REGIONS = {"FR": ["", "FR-IDF", "FR-ARA"], "DE": ["", "DE-BY"], "": [""]}
PLACES = st.sampled_from([(country, region) for country, regions in REGIONS.items() for region in regions])
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "node": st.integers(0, 3),
            "include": st.sampled_from([True, True, False]),
            "place": PLACES,
            "postal": st.sampled_from(["", "", "7", "75"]),
            "industry": st.sampled_from(["", "", "Health"]),
            "line": st.sampled_from([None, 0, 1]),
            "role": st.sampled_from(["", "", "distributor"]),
            "priority": st.sampled_from([0, 0, 0, 5]),
            "start": st.integers(-3, 3),
            "length": st.sampled_from([None, 2, 5]),
        }
    ),
    max_size=12,
)
QUESTIONS = st.lists(
    st.tuples(
        PLACES,
        st.sampled_from(["", "75001", "71000"]),
        st.sampled_from(["", "HEALTH"]),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([(), ("distributor",)]),
        st.integers(-3, 3),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, asked=QUESTIONS)
def test_one_statement_decides_as_the_rules_do(system, rules, asked):
    from django.db import transaction

    with transaction.atomic():
        lines = [factories.product("Backup").line, factories.product("Vault").line]
        top = territory("A")
        nodes = [top, territory("B", parent=top), territory("C"), territory("D", active=False)]
        for given_rule in rules:
            country, region = given_rule["place"]
            start = TODAY + timedelta(days=given_rule["start"])
            length = given_rule["length"]
            TerritoryRule.objects.create(
                territory=nodes[given_rule["node"]],
                include=given_rule["include"],
                country=country,
                region=region,
                postal_prefix=given_rule["postal"] if country else "",
                industry=given_rule["industry"],
                product_line=None if given_rule["line"] is None else lines[given_rule["line"]],
                partner_role=given_rule["role"],
                priority=given_rule["priority"],
                period=DateRange(start, length and start + timedelta(days=length)),
            )
        questions = [
            Question(
                country=country,
                region=region,
                postcode=postcode,
                industry=industry,
                line=None if line is None else lines[line].pk,
                roles=roles,
                on=TODAY + timedelta(days=day),
            )
            for (country, region), postcode, industry, line, roles, day in asked
        ]
        loaded = rules_for(questions)
        decided = [decide(loaded, question).rule for question in questions]
        assert cover(questions) == [found and (found.territory_id, found.pk) for found in decided]
        transaction.set_rollback(True)
