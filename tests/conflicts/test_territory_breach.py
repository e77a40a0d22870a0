"""TERR-1: a registration outside its partner's territory, by the table of severities."""

from datetime import timedelta

import pytest
from psycopg2.extras import DateRange

from deals.conflicts.models import Conflict, ConflictStatus, Severity
from deals.conflicts.watch import watch
from deals.models import DealRegistration
from partners.models import Team
from prm import events
from prm.calendar import business_today
from territories.models import TerritoryRule
from tests import factories
from tests.errands import run_errands
from tests.territories.conftest import assign, rule, territory

pytestmark = pytest.mark.usefixtures("system")
TODAY = business_today()


@pytest.fixture
def france(system):
    made = territory("FR", name="France")
    rule(made, country="FR")
    return made


def breach(by, **values):
    registration = factories.submitted(by, **values)
    watch(DealRegistration.objects.get(pk=registration.pk))
    return Conflict.objects.filter(registration=registration, rule="TERR-1").first()


def severity(by, **values):
    found = breach(by, **values)
    return found and found.severity


def test_own_territory(owner, alpine, france):
    assign(france, alpine)
    assert breach(owner) is None


def test_no_territories_in_use(owner):
    assert breach(owner) is None


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("exclusive", Severity.HIGH),
        ("shared", Severity.MEDIUM),
        ("overlay", Severity.MEDIUM),
        (None, Severity.MEDIUM),
    ],
)
def test_severity_by_who_holds_it(owner, boreal, france, held, expected):
    if held:
        assign(france, boreal, kind=held)
    assert severity(owner) == expected


def test_direct_team_holds_it(owner, france):
    assign(france, Team.objects.create(name="Direct"))
    assert severity(owner) == Severity.HIGH


def test_no_rule_covers_it(owner, france):
    assert severity(owner, customer_country="DE") == Severity.LOW


def test_one_of_several_lines(owner, alpine, boreal, france):
    assign(france, alpine)
    vault = factories.product("Vault")
    special = territory("VAULT", name="Vault in France")
    rule(special, country="FR", product_line=vault.line)
    assign(special, boreal)
    found = breach(owner, products=[factories.product("Backup"), vault])
    assert (found.severity, found.evidence["outside"]) == (Severity.HIGH, ["Vault"])
    assert found.explanation == (
        "Vault for France: territory “Vault in France” is held exclusively by Boreal, and not assigned to Alpine."
    )
    assert found.get_kind_display() == "Outside the partner's territory"


def test_the_registration_stands_beside_the_territory(signed_in, channel_manager, owner, boreal, france):
    assign(france, boreal, period=DateRange(TODAY - timedelta(days=9), TODAY + timedelta(days=1)))
    found = breach(owner, customer_name="Hôpital du Lac")
    client = signed_in(channel_manager)
    rows = client.get(found.get_absolute_url()).context["rows"]
    told = {str(row["fact"]): (row["left"], row["right"], row["verdict"]) for row in rows}
    assert told["Customer"] == ("Hôpital du Lac", "", "")
    assert told["Country"] == ("France", "France", "")
    assert told["Territory"] == ("Backup", "France, decided by country (priority 0, specificity 100)", "")
    assert told["Held by"][::2] == ("Alpine", "different")
    assert told["Held by"][1].startswith("Boreal (until ")
    review = client.get(f"/approvals/{found.registration_id}/").content.decode()
    assert "decided by country (priority 0, specificity 100)" in review


@pytest.mark.parametrize(
    ("country", "initiative", "proof", "expected"),
    [
        ("FR", "passive", "Mail of 3 May", None),
        ("FR", "passive", " ", Severity.HIGH),
        ("FR", "active", "Mail of 3 May", Severity.HIGH),
        ("CH", "passive", "Mail of 3 May", Severity.LOW),
    ],
)
def test_unsolicited_demand_in_the_eea(owner, boreal, france, country, initiative, proof, expected):
    assign(france, boreal)
    values = {"customer_country": country, "initiative": initiative, "initiative_evidence": proof}
    assert severity(owner, **values) == expected


def test_house_account_is_another_rule(owner, boreal, france, hospital):
    assign(france, boreal)
    registration = factories.submitted(owner)
    hospital.house_account = True
    hospital.save()
    registration.approval.confirm(hospital)
    watch(DealRegistration.objects.get(pk=registration.pk))
    assert [row.rule for row in Conflict.objects.all()] == ["HOUSE-1"]


def test_confirmed_customer_decides_its_place(owner, alpine, boreal, france, channel_manager):
    assign(france, boreal)
    germany = territory("DE")
    rule(germany, country="DE")
    assign(germany, alpine)
    registration = factories.submitted(owner, customer_country="FR")
    run_errands()
    found = Conflict.objects.get()
    assert found.status == ConflictStatus.OPEN
    registration.approval.confirm(factories.customer("Klinik am See", country="DE"), by=channel_manager)
    run_errands()
    found.refresh_from_db()
    assert found.status == ConflictStatus.CLEARED


def test_judged_by_the_day_of_submission(owner, alpine, boreal, france):
    assign(france, alpine, period=DateRange(TODAY - timedelta(days=9), TODAY + timedelta(days=1)))
    assign(france, boreal, period=DateRange(TODAY + timedelta(days=1), None))
    assert breach(owner) is None


def test_changes_of_territories_reach_open_registrations_alone(owner, rival, alpine, boreal, france, channel_manager):
    factories.submitted(owner, customer_country="FR")
    elsewhere = factories.submitted(owner, customer_country="DE")
    run_errands()
    state = Conflict.objects.exclude(registration=elsewhere).get
    assert state().severity == Severity.MEDIUM
    version = Conflict.objects.get(registration=elsewhere).version
    held = assign(france, boreal)
    run_errands()
    assert state().severity == Severity.HIGH
    held.end(by=channel_manager, end=TODAY)
    assign(france, alpine, kind="shared", period=DateRange(TODAY, None))
    run_errands()
    assert state().status == ConflictStatus.CLEARED
    moved = TerritoryRule.objects.get()
    moved.put(country="BE")
    events.record(moved, "changed", by=None)
    run_errands()
    assert (state().status, state().severity) == (ConflictStatus.OPEN, Severity.LOW)
    assert Conflict.objects.get(registration=elsewhere).version == version


def test_dismissed_stays_dismissed(owner, boreal, france, channel_manager):
    factories.submitted(owner)
    run_errands()
    Conflict.objects.get().dismiss(by=channel_manager, reason="Agreed with Boreal.")
    assign(france, boreal)
    run_errands()
    assert Conflict.objects.get().status == ConflictStatus.DISMISSED


def test_another_type_of_partner_is_looked_at_again(owner, alpine, boreal, channel_manager):
    resold = territory("RESOLD", name="France, resold")
    rule(resold, country="FR", partner_role="reseller")
    assign(resold, boreal)
    alpine.put(types=["referral"])
    factories.submitted(owner, customer_country="FR")
    run_errands()
    state = Conflict.objects.get
    before = state().severity
    alpine.put(types=["reseller"])
    events.record(alpine, "changed", by=channel_manager, partner_id=alpine.pk, fields=["types"])
    run_errands()
    assert (before, state().severity) == (Severity.LOW, Severity.HIGH)
