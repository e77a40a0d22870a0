"""The tree and who holds it: what the database refuses, and what a person is told."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg2.extras import DateRange

from partners.models import Team
from prm.calendar import business_today
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Event
from territories.models import Territory, TerritoryAssignment, TerritoryRule
from tests import factories
from tests.territories.conftest import ALWAYS, SINCE, assign, rule, territory

pytestmark = pytest.mark.usefixtures("system")
TODAY = business_today()


def days(first: int, last: int | None) -> DateRange:
    return DateRange(TODAY + timedelta(days=first), None if last is None else TODAY + timedelta(days=last))


def refused(write):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        write()
    return error.value.__cause__.diag.constraint_name


def test_path_follows_code_and_parent():
    europe, france = territory("EU"), territory("FR")
    paris = territory("IDF", parent=france)
    assert paris.path == "FR/IDF"
    Territory.objects.filter(pk=france.pk).update(parent=europe)
    Territory.objects.filter(pk=europe.pk).update(code="EMEA")
    assert list(Territory.objects.values_list("path", flat=True)) == ["EMEA", "EMEA/FR", "EMEA/FR/IDF"]


def test_tree_has_no_cycle():
    top, middle = territory("A"), territory("B")
    Territory.objects.filter(pk=middle.pk).update(parent=top)
    low = territory("C", parent=middle)
    assert refused(lambda: Territory.objects.filter(pk=top.pk).update(parent=low)) == "territory_is_a_tree"
    assert refused(lambda: Territory.objects.filter(pk=top.pk).update(parent=top)) == "territory_is_a_tree"
    top.parent = Territory.objects.get(pk=low.pk)
    with pytest.raises(ValidationError, match="part of itself"):
        top.full_clean()


def test_similar_codes_are_no_cycle():
    one, two = territory("A"), territory("A-B")
    Territory.objects.filter(pk=one.pk).update(parent=two)
    assert Territory.objects.get(pk=one.pk).path == "A-B/A"


def test_one_exclusive_holder_a_day(alpine, boreal, france):
    assign(france, alpine, period=days(-10, 30))
    with pytest.raises(RuleViolation, match="Alpine holds this territory exclusively until"):
        assign(france, boreal, period=days(29, None))
    assert assign(france, boreal, period=days(30, None)).holder == boreal
    direct = TerritoryAssignment(territory=france, partner=factories.partner(), kind="exclusive", period=days(0, 1))
    assert refused(direct.save) == "territory_held"


def test_as_many_as_the_territory_allows(alpine, boreal, cima):
    two = territory("TWO", holders=2)
    assign(two, alpine, period=days(0, 10))
    assign(two, boreal, period=days(10, 20))
    third = assign(two, cima, period=days(0, 20))
    with pytest.raises(RuleViolation):
        assign(two, factories.partner(), period=days(5, 6))
    assert refused(lambda: Territory.objects.filter(pk=two.pk).update(holders=1)) == "territory_holders"
    two.holders = 1
    with pytest.raises(ValidationError, match="exclusively at the same time"):
        two.full_clean()
    third.end(by=None, end=TODAY + timedelta(days=5))
    assign(two, factories.partner(), period=days(5, 6))


def test_exclusive_or_shared_and_overlay_beside_both(alpine, boreal, cima, france):
    assign(france, alpine, kind="shared")
    assign(france, boreal, kind="shared")
    with pytest.raises(RuleViolation, match="shares this territory"):
        assign(france, cima)
    assign(france, Team.objects.create(name="Overlay"), kind="overlay")
    wrong = TerritoryAssignment(territory=france, partner=cima, kind="exclusive", period=ALWAYS)
    assert refused(wrong.save) == "territory_exclusive_or_shared"


def test_same_holder_once(alpine, france):
    assign(france, alpine, kind="shared")
    with pytest.raises(RuleViolation, match="Alpine shares"):
        assign(france, alpine, kind="overlay")
    twice = TerritoryAssignment(territory=france, partner=alpine, kind="overlay", period=ALWAYS)
    assert refused(twice.save) == "territory_partner_once"


def test_partner_or_team(alpine, france):
    with pytest.raises(RuleViolation, match="one of the two"):
        TerritoryAssignment.assign(france, by=None, period=ALWAYS)
    nobody = TerritoryAssignment(territory=france, period=ALWAYS)
    assert refused(nobody.save) == "territory_holder_one_side"


def test_end_keeps_history_and_takes_back_what_has_not_begun(alpine, channel_manager, france):
    running = assign(france, alpine, period=days(-10, None))
    with pytest.raises(RuleViolation, match="before it began"):
        running.end(by=channel_manager, end=TODAY - timedelta(days=20))
    running.end(by=channel_manager, end=TODAY - timedelta(days=1))
    assert running.period == days(-10, -1)
    with pytest.raises(RuleViolation, match="over"):
        running.end(by=channel_manager, end=TODAY)
    planned = assign(france, alpine, period=days(10, None))
    planned.end(by=channel_manager, end=TODAY)
    assert not TerritoryAssignment.objects.filter(pk=planned.pk).exists()
    told = Event.objects.filter(subject_type="territory_assignment", partner_id=alpine.pk)
    assert list(told.order_by("id").values_list("verb", flat=True)) == ["created", "ended", "created", "withdrawn"]


def test_renaming_reaches_what_partners_read(alpine, owner, france):
    mine = assign(france, alpine)
    assign(territory("DE"), factories.partner())
    Territory.objects.filter(pk=france.pk).update(name="France and Monaco")
    with acting("partner", alpine.pk, owner.pk):
        assert list(TerritoryAssignment._base_manager.values_list("pk", "territory_name")) == [
            (mine.pk, "France and Monaco")
        ]


def test_partner_reads_what_is_in_force_alone(alpine, owner, france):
    assign(france, alpine, period=days(-100, -50))
    assign(france, alpine, period=days(50, None))
    with acting("partner", alpine.pk, owner.pk):
        assert not TerritoryAssignment._base_manager.exists()
    assert not TerritoryAssignment.objects.visible_to(owner).exists()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"country": "FR", "region": "DE-BY"}, "region_of_its_country"),
        ({"postal_prefix": "75"}, "postal_code_of_a_country"),
        ({"period": DateRange(None, SINCE)}, "territory_rule_begins"),
    ],
)
def test_rules_that_make_no_sense(france, values, constraint):
    assert refused(lambda: rule(france, **values)) == constraint


def test_region_brings_its_country(france):
    made = TerritoryRule(territory=france, region="FR-IDF", period=ALWAYS)
    made.full_clean()
    assert (made.country, made.basis, made.specificity) == ("FR", ["region", "country"], 300)


@pytest.mark.parametrize(
    ("who", "sees", "manages", "assigns"),
    [
        ("program_owner", True, True, True),
        ("channel_manager", True, False, True),
        ("viewer", True, False, False),
        ("finance", False, False, False),
        ("owner", False, False, False),
    ],
)
def test_who_may(france, request, who, sees, manages, assigns):
    user, rows = request.getfixturevalue(who), Territory.objects
    assert (rows.visible_to(user).exists(), rows.editable_by(user).exists(), rows.assignable_by(user).exists()) == (
        sees,
        manages,
        assigns,
    )
