"""A protection before its day: extended by its partner or the vendor, released, passed on to another partner."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import combinations

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import DateRange

from attribution.models import Touchpoint
from deals.conflicts.models import Conflict
from deals.models import DealRegistration, Protection
from partners.engagement.models import Activity
from partners.programs.models import Program
from prm.calendar import business_today
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Event
from prm.management.demo.clock import set_by_hand
from prm.notify.models import Notification
from tests import factories
from tests.errands import run_errands
from tests.statements import statements

ASK = "This protection cannot be extended here. Ask your channel manager."


@pytest.fixture
def protected(owner, channel_manager, product, hospital) -> DealRegistration:
    """Alpine's protected deal with the hospital, on two lines."""
    products = [product, factories.product("Vault")]
    return factories.approved(
        owner, decided_by=channel_manager, known_as=hospital, products=products, customer_name="Hôpital du Lac"
    )


@pytest.fixture
def worked_on(protected, owner):
    protected.comment(by=owner, text="The demo went well.")
    return protected


def refusal(verb, **given) -> RuleViolation:
    with pytest.raises(RuleViolation) as refused, transaction.atomic():
        verb(**given)
    return refused.value


def in_the_way(of: DealRegistration, person, line: int = 0, days: int = 5) -> Protection:
    """Another partner's protection, as an import may bring it, that begins soon after this one ends."""
    other = factories.submitted(person, products=[factories.product()])
    own = of.protections.order_by("line__name")[line]
    start = own.period.upper + timedelta(days=days)
    return Protection.objects.create(
        registration=other,
        partner=other.partner,
        customer=own.customer,
        line=own.line,
        period=DateRange(start, start + timedelta(days=60)),
    )


# The partner -----------------------------------------------------------------------------------------------------------------


def test_all_lines_move_together(worked_on, owner):
    end = worked_on.protected_until
    with acting("partner", owner.acting_for_id, owner.pk):
        worked_on.extend(by=owner, version=worked_on.version)
    worked_on.refresh_from_db()
    assert (worked_on.protection_status, worked_on.extensions_taken) == ("extended", 1)
    assert worked_on.protected_until == end + timedelta(days=30)
    assert [(row.status, row.period.upper) for row in worked_on.protections.all()] == [
        ("extended", end + timedelta(days=30))
    ] * 2


def test_as_the_program_says(worked_on, owner, program):
    Program.objects.filter(pk=program.pk).update(extension_days=10, extensions=2)
    end = worked_on.protected_until
    worked_on.extend(by=owner)
    worked_on.extend(by=owner, days=10)
    assert worked_on.protected_until == end + timedelta(days=20)
    assert refusal(worked_on.extend, by=owner).code == "extension_used"


def test_another_length_is_the_vendors(worked_on, owner):
    refused = refusal(worked_on.extend, by=owner, days=60)
    assert (refused.code, refused.field) == ("length_given", "days")


def test_once(worked_on, owner):
    worked_on.extend(by=owner)
    assert refusal(worked_on.extend, by=owner).code == "extension_used"


def test_not_after_its_last_day(worked_on, owner, channel_manager):
    """Not even in the hour before the lapse is written."""
    with set_by_hand(timezone.now() + timedelta(days=91)):
        for person, given in ((owner, {}), (channel_manager, {"days": 5, "reason": "Late"})):
            assert refusal(worked_on.extend, by=person, **given).code == "not_protected"


ACTS = {
    "comment": lambda deal, owner, manager: deal.comment(by=owner, text="News"),
    "activity": lambda deal, owner, manager: Activity.log(by=owner, about=deal, kind="call", title="Call"),
    "activity on the deal": lambda deal, owner, manager: Activity.log(
        by=owner, about=deal.participant, kind="meeting", title="Meeting"
    ),
    "stage": lambda deal, owner, manager: deal.participant.move_to("technical_validation", by=owner),
    "touch": lambda deal, owner, manager: Touchpoint.record(
        kind="demo", at=timezone.now(), partner=deal.partner, registration=deal, by=manager
    ),
    "touch of the deal": lambda deal, owner, manager: Touchpoint.record(
        kind="demo", at=timezone.now(), partner=deal.partner, opportunity=deal.participant.opportunity, by=manager
    ),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_needs_activity(protected, owner, channel_manager, act):
    assert refusal(protected.extend, by=owner).code == "no_activity"
    assert protected.extension_offer().days == 30
    act(protected, owner, channel_manager)
    with set_by_hand(timezone.now() + timedelta(days=31)):
        assert refusal(protected.extend, by=owner).code == "no_activity"
    with acting("partner", owner.acting_for_id, owner.pk):
        protected.extend(by=owner)


@pytest.mark.parametrize(
    "act",
    [
        lambda deal, manager: Activity.log(by=manager, about=deal, kind="note", title="Ours alone"),
        lambda deal, manager: deal.approval.note("Ours", by=manager),
        lambda deal, manager: Activity.plan(by=manager, about=deal, kind="task", title="To do", shared=True),
    ],
    ids=["the vendor's own activity", "a private note", "what is only planned"],
)
def test_does_not_count(protected, owner, channel_manager, act):
    act(protected, channel_manager)
    assert refusal(protected.extend, by=owner).code == "no_activity"


def test_a_refusal_of_the_vendors_side_is_one_sentence(worked_on, owner, rival, program):
    """Whether the program offers none or another protection is in the way: nobody can tell."""
    taken = in_the_way(worked_on, rival)
    with acting("partner", owner.acting_for_id, owner.pk):
        said = {refusal(worked_on.extend, by=owner).message}
    taken.delete()
    for change in ({"extensions": 0}, {"extensions": 1, "extension_days": 0}):
        Program.objects.filter(pk=program.pk).update(**change)
        with acting("partner", owner.acting_for_id, owner.pk):
            said.add(refusal(worked_on.extend, by=owner).message)
    assert said == {ASK}


def test_refused_for_one_line_none_moves(worked_on, owner, rival):
    end, version = worked_on.protected_until, worked_on.version
    in_the_way(worked_on, rival, line=1)
    refusal(worked_on.extend, by=owner)
    worked_on.refresh_from_db()
    assert (worked_on.protection_status, worked_on.protected_until) == ("active", end)
    assert (worked_on.version, worked_on.extensions_taken) == (version, 0)
    assert {row.period.upper for row in worked_on.protections.all()} == {end}


@pytest.mark.django_db(transaction=True)
def test_of_two_extensions_at_once_one_is_taken():
    with acting("system"):
        manager = factories.vendor_user("channel_manager")
        person = factories.member(factories.partner())
        deal = factories.approved(person, decided_by=manager)
        deal.comment(by=person, text="News")
        end = deal.protected_until
    start, outcomes = threading.Barrier(2), []

    def take():
        try:
            with acting("partner", person.acting_for_id, person.pk):
                mine = DealRegistration.objects.get(pk=deal.pk)
                start.wait()
                mine.extend(by=person)
            outcomes.append("extended")
        except RuleViolation as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["extended", "extension_used"]
    with acting("system"):
        deal.refresh_from_db()
        assert deal.protected_until == end + timedelta(days=30)
        assert [row.period.upper for row in deal.protections.all()] == [deal.protected_until]


# The vendor ------------------------------------------------------------------------------------------------------------------


def test_the_vendor_extends_by_any_length_with_a_reason(protected, channel_manager, owner):
    end = protected.protected_until
    assert refusal(protected.extend, by=channel_manager, days=5).field == "reason"
    assert refusal(protected.extend, by=channel_manager, days=0, reason="Tender").field == "days"
    protected.extend(by=channel_manager, days=200, reason="Tender postponed")
    protected.extend(by=channel_manager, days=1, reason="Once more")
    assert (protected.protected_until, protected.extensions_taken) == (end + timedelta(days=201), 0)
    for_the_partner = Event.objects.filter(partner_id=protected.partner_id)
    assert "Tender postponed" not in str(list(for_the_partner.values_list("payload", flat=True)))
    file = Event.objects.filter(subject_id=protected.approval.pk, verb="justified", partner_id=None)
    assert [row.payload["reason"] for row in file.order_by("at", "id")] == ["Tender postponed", "Once more"]


def test_the_vendor_reads_what_is_in_the_way(protected, channel_manager, rival):
    in_the_way(protected, rival)
    refused = refusal(protected.extend, by=channel_manager, days=30, reason="More")
    assert refused.code == "line_protected"
    assert "Boreal" in refused.message


def test_release_frees_the_lines_and_keeps_the_approval(protected, channel_manager, rival, hospital, product, owner):
    assert refusal(protected.release, by=channel_manager, reason=" ").field == "reason"
    protected.release(by=channel_manager, reason="Partner left the project", message="As agreed by phone.")
    assert (protected.review_status, protected.protection_status) == ("approved", "released")
    assert protected.protected_until == business_today()
    factories.approved(rival, decided_by=channel_manager, known_as=hospital, products=[product])
    run_errands()
    notice = Notification.objects.filter(user=owner.pk, kind="protection_ended").get()
    assert notice.words.subject == "We ended the protection of your deal with Hôpital du Lac"
    assert notice.words.lines[0] == "As agreed by phone."
    assert "Partner left" not in str(notice.words)
    for verb in (protected.extend, protected.release):
        assert refusal(verb, by=channel_manager, reason="Again").code == "not_protected"


def test_release_clears_the_conflict_it_stood_in(protected, channel_manager, rival, product):
    factories.submitted(
        rival, products=[product], customer_name="Hôpital du Lac", customer_domain="hopital-du-lac.example"
    )
    run_errands()
    found = Conflict.objects.get(status="open")
    protected.release(by=channel_manager, reason="Customer's wish")
    run_errands()
    found.refresh_from_db()
    assert found.status == "cleared"


def test_transfer_gives_the_rest_to_another_partner(protected, channel_manager, boreal, owner, rival, hospital):
    boss = factories.member(boreal, "partner_admin")
    end, spelled = protected.protected_until, DealRegistration.objects.filter(pk=protected.pk)
    spelled.update(customer_name="CH du Lac (our spelling)", description="Our offer")
    theirs = protected.transfer(boreal, by=channel_manager, reason="Customer's wish", message="Please call them.")
    protected.refresh_from_db()
    assert (protected.protection_status, theirs.protection_status) == ("released", "active")
    assert {row.status for row in protected.protections.all()} == {"released"}
    period = DateRange(business_today(), end)
    lines = {row.line_id for row in protected.protections.all()}
    assert {(row.line_id, row.period, row.status) for row in theirs.protections.all()} == {
        (line, period, "active") for line in lines
    }
    assert (theirs.partner, theirs.protected_until, theirs.approval.customer) == (boreal, end, hospital)
    assert (theirs.customer_name, theirs.description, theirs.amount) == (hospital.name, "", None)
    assert theirs.participant.opportunity_id != protected.participant.opportunity_id
    run_errands()
    told = {
        person: [row.words for row in Notification.objects.filter(user=person.pk).order_by("at", "id")]
        for person in (owner, boss)
    }
    assert told[owner][-1].subject == "We ended the protection of your deal with CH du Lac (our spelling)"
    assert told[boss][-1].subject == f"Your registration of {hospital.name} is approved"
    assert "Please call them." in told[boss][-1].lines
    neither = ((owner, boreal, theirs), (boss, protected.partner, protected))
    for person, other, row in neither:
        assert other.name not in str(told[person])
        with acting("partner", person.acting_for_id, person.pk):
            assert not DealRegistration.objects.filter(pk=row.pk).exists()
            assert not Protection.objects.filter(registration=row.pk).exists()
            for event in Event.objects.all():
                assert other.name not in str(event.payload)
                assert str(row.pk) not in str(event.payload)


def test_a_transfer_is_all_or_nothing(protected, channel_manager, alpine, boreal):
    stranger, halted = factories.partner(enrolled=False), factories.partner(status="suspended")
    for to in (alpine, stranger, halted):
        refused = refusal(protected.transfer, to=to, by=channel_manager, reason="Why not")
        assert (refused.code, refused.field) == ("not_eligible", "partner")
    assert refusal(protected.transfer, to=boreal, by=channel_manager, reason="").field == "reason"
    protected.refresh_from_db()
    assert protected.protection_status == "active"
    assert DealRegistration.objects.count() == 1


@pytest.mark.parametrize("verb", ["extension", "release", "transfer"])
def test_what_is_not_protected_is_refused(signed_in, channel_manager, submitted_deal, boreal, verb):
    client, address = signed_in(channel_manager), f"/registrations/{submitted_deal.pk}/{verb}/"
    assert client.get(address).status_code == 200
    sent = client.post(address, {"reason": "Why not", "days": "3", "partner": str(boreal.pk)})
    assert sent.status_code == 422
    assert "This deal is not protected today." in sent.content.decode()


def test_a_transfer_finds_no_conflict_between_the_two(protected, channel_manager, boreal):
    run_errands()
    protected.transfer(boreal, by=channel_manager, reason="Customer's wish")
    run_errands()
    assert not Conflict.objects.exists()


def test_a_transfer_keeps_the_site(channel_manager, owner, boreal, rival, hospital, product):
    deal = factories.submitted(owner, products=[product], scope="site", place_name="Annecy")
    deal.approval.confirm(hospital, by=channel_manager)
    deal.approve(by=channel_manager)
    factories.approved(
        owner, decided_by=channel_manager, known_as=hospital, products=[product], scope="site", place_name="Lyon"
    )
    theirs = deal.transfer(boreal, by=channel_manager, reason="Nearer")
    assert theirs.protections.get().place == deal.protections.get().place


# Whatever is asked, no two overlap ---------------------------------------------------------------------------------------------

LINES = st.integers(0, 1)
ROWS = st.lists(st.tuples(LINES, st.integers(-40, 200), st.integers(1, 90), st.booleans()), max_size=6)
ASKED = st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(1, 300))), max_size=8)


class Undo(Exception):
    pass


@given(rows=ROWS, asked=ASKED)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_extension_makes_two_overlap(owner, rival, channel_manager, hospital, rows, asked):
    try:
        with transaction.atomic():
            extend_at_random(owner, rival, channel_manager, hospital, rows, asked)
            raise Undo
    except Undo:
        pass


def extend_at_random(owner, rival, manager, hospital, rows, asked):
    today, made = business_today(), []
    lines = [factories.product("Backup").line, factories.product("Vault").line]
    for line, start, length, ours in rows:
        person, first = owner if ours else rival, today + timedelta(days=start)
        deal = factories.approved(person, decided_by=manager, known_as=factories.customer())
        period = DateRange(first, first + timedelta(days=length))
        if not Protection.objects.blocking(hospital, [lines[line]], deal.protections.get().place, period).exists():
            deal.protections.update(customer=hospital, line=lines[line], period=period)
            deal.put(protected_until=period.upper)
            deal.comment(by=person, text="News")
            made.append((person, deal))
    codes: set = set()
    for which, days in asked:
        if which >= len(made):
            continue
        person, deal = made[which]
        before = deal.protected_until
        given = {"by": person} if days is None else {"by": manager, "days": days, "reason": "Any"}
        try:
            with transaction.atomic():
                deal.extend(**given)
        except RuleViolation as error:
            deal.refresh_from_db()
            assert deal.protected_until == before
            codes.add((person if days is None else manager, error.code))
        else:
            assert deal.protected_until == before + timedelta(days=days or 30)
        assert_apart()
    assert not {(person, "line_protected") for person in (owner, rival)} & codes


def assert_apart():
    running = list(Protection.objects.running())
    for one, other in combinations(running, 2):
        same = (one.customer_id, one.line_id) == (other.customer_id, other.line_id)
        assert not same or one.period.upper <= other.period.lower or other.period.upper <= one.period.lower


# Screens and API -------------------------------------------------------------------------------------------------------------


def test_the_partner_extends_on_its_page(signed_in, owner, worked_on):
    client, address = signed_in(owner), f"/portal/deals/{worked_on.pk}/"
    page = client.get(address).content.decode()
    assert "Extend by 30 days" in page
    sent = client.post(f"{address}extension/", {"version": worked_on.version})
    assert sent.status_code == 302
    page = client.get(address).content.decode()
    assert "You have already extended this protection." in page
    assert "Extend by 30 days" not in page
    worked_on.refresh_from_db()
    assert worked_on.protection_status == "extended"


def test_a_refusal_is_said_on_the_page(signed_in, owner, worked_on, rival):
    in_the_way(worked_on, rival)
    client = signed_in(owner)
    sent = client.post(f"/portal/deals/{worked_on.pk}/extension/", {"version": worked_on.version})
    assert sent.status_code == 422
    assert ASK in sent.content.decode()
    assert "Boreal" not in sent.content.decode()


def test_what_is_missing_is_said_instead_of_a_button(signed_in, owner, protected):
    page = signed_in(owner).get(f"/portal/deals/{protected.pk}/").content.decode()
    assert "Nothing happened on this deal in the last 30 days." in page
    assert "Extend by" not in page


def test_a_released_protection_reads_as_ended(signed_in, owner, channel_manager, protected):
    protected.release(by=channel_manager, reason="Ours")
    page = signed_in(owner).get(f"/portal/deals/{protected.pk}/").content.decode()
    assert "We ended the protection on" in page
    assert "Ours" not in page


def test_pages_of_the_vendor(signed_in, channel_manager, protected, boreal):
    client, record = signed_in(channel_manager), f"/registrations/{protected.pk}/"
    assert f"{record}extension/" in client.get(record).content.decode()
    for verb in ("extension", "release", "transfer"):
        assert client.get(f"{record}{verb}/").status_code == 200
        assert client.post(f"{record}{verb}/", {}).status_code == 422
    sent = client.post(f"{record}extension/", {"version": protected.version, "days": 10, "reason": "Holidays"})
    assert sent.status_code == 302
    stale = client.post(f"{record}release/", {"version": protected.version, "reason": "Late"})
    assert stale.status_code == 422
    protected.refresh_from_db()
    given = {"version": protected.version, "partner": str(boreal.pk), "reason": "Customer's wish"}
    sent = client.post(f"{record}transfer/", given)
    theirs = DealRegistration.objects.get(partner=boreal)
    assert sent["Location"] == f"/registrations/{theirs.pk}/"
    page = client.get(record).content.decode()
    assert "Protection transferred to Boreal. Our reason: Customer&#x27;s wish" in page
    assert f"{record}extension/" not in page
    assert "taken over from Alpine" in client.get(f"/registrations/{theirs.pk}/").content.decode()


def test_who_may_not(signed_in, rival, viewer, protected):
    for person, address in ((rival, "/portal/deals/%s/extension/"), (viewer, "/registrations/%s/release/")):
        assert signed_in(person).post(address % protected.pk, {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("person", ["owner", "channel_manager"])
def test_pages_stay_within_their_statements(request, signed_in, worked_on, person):
    user = request.getfixturevalue(person)
    address = f"/portal/deals/{worked_on.pk}/" if user.is_partner else f"/registrations/{worked_on.pk}/"
    client = signed_in(user)
    client.get(address)
    seen = statements(client, address)
    assert len(seen) <= 12, "\n".join(q[:230] for q in seen)
