"""What the demo promises: every state, a story to show, nothing left to do, the same data each time."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from attribution.kpis.home import falling
from attribution.kpis.models import Dirty, Rollup
from attribution.models import Campaign, Lead, LeadOffer, LeadStatus, Touchpoint
from attribution.models.credit import Credit, CreditDirty
from attribution.models.lead import LegalBasis
from attribution.models.offer import EXPIRE
from deals.axes import ProtectionStatus, ReviewStatus, Stage, SubmissionStatus
from deals.conflicts.models import Conflict
from deals.home import silent
from deals.models import Approval, DealRegistration, Opportunity, Protection
from partners.engagement.models import Activity
from partners.models import Membership, Partner, User
from partners.models.partner import PartnerStatus
from prm.events.models import Errand, Event
from prm.home import THINGS, TILES, tiles
from prm.management.demo.clock import set_by_hand
from prm.management.demo.load import reckon
from prm.registries import attention, to_do
from prm.ui.models import SavedView
from territories.coverage import resolve
from territories.models import Customer, TerritoryAssignment
from tests.demo.conftest import NOW, content, undone

pytestmark = pytest.mark.usefixtures("demo")


def test_every_state_is_there():
    rows = DealRegistration.objects
    assert set(rows.values_list("submission_status", flat=True)) == set(SubmissionStatus.values)
    assert set(rows.values_list("review_status", flat=True)) == set(ReviewStatus.values)
    assert set(rows.values_list("protection_status", flat=True)) == set(ProtectionStatus.values)
    assert set(Partner.objects.values_list("status", flat=True)) == set(PartnerStatus.values)
    assert {"won", "lost", "qualified"} <= set(Opportunity.objects.values_list("stage", flat=True)) <= set(Stage.values)
    assert set(Conflict.objects.open().values_list("rule", flat=True)) == {
        "DUP-1",
        "PROT-1",
        "DIR-1",
        "HOUSE-1",
        "TERR-1",
    }
    assert set(Conflict.objects.values_list("status", flat=True)) >= {"open", "dismissed", "settled"}


def test_territories_are_open_shared_and_exclusive():
    states = {country: resolve(country=country, on=NOW.date()).answers[0].state for country in ("IT", "FR", "NO", "ES")}
    assert states == {"IT": "open", "FR": "shared", "NO": "exclusive", "ES": "open"}
    paris = Customer.objects.get(name="Garage Montjoie")
    assert [str(holder) for holder in resolve(customer=paris, on=NOW.date()).holders] == ["Cobalt Réseaux"]
    assert TerritoryAssignment.objects.filter(period__startswith__gt=NOW.date()).exists()
    assert TerritoryAssignment.objects.filter(period__endswith__lte=NOW.date()).exists()


def test_alpine_has_registered_outside_its_territory_and_another_breach_is_dismissed():
    breaches = Conflict.objects.filter(rule="TERR-1")
    mine = breaches.filter(registration__partner__name="Alpine Conseil", status="open")
    assert mine.filter(registration__customer_name="Garage Montjoie", severity=3).exists()
    assert breaches.get(status="dismissed").dismissed_reason


def test_nothing_is_left_to_do_but_what_is_due_later():
    assert not Errand.objects.filter(due_at__lte=NOW).exists()
    assert set(Errand.objects.values_list("task", flat=True)) == {EXPIRE}
    assert not CreditDirty.objects.exists()
    assert not Dirty.objects.exists()
    with set_by_hand(NOW):
        assert not Activity.objects.to_remind_of().filter(remind_on__lte=NOW.date()).exists()


def test_figures_and_credits_are_what_a_rebuild_makes_of_them():
    def sums():
        return (
            list(
                Rollup.objects.order_by("measure", "dimension", "key", "month").values_list("measure", "key", "value")
            ),
            list(
                Credit.objects.order_by("model", "touchpoint_id").values_list(
                    "model", "touchpoint_id", "reporting_minor"
                )
            ),
        )

    before = sums()
    assert all(before)
    with undone():
        reckon()
        assert sums() == before


def test_leads_are_in_every_state():
    assert set(Lead.objects.values_list("status", flat=True)) == set(LeadStatus.values)
    assert {"offered", "accepted", "declined", "expired"} <= set(LeadOffer.objects.values_list("status", flat=True))
    assert not LeadOffer.objects.filter(status="declined", decline_reason="").exists()
    assert set(Lead.objects.values_list("legal_basis", flat=True)) == set(LegalBasis.values)
    assert 4 <= Campaign.objects.count() <= 6
    won = Lead.objects.filter(converted_registration__participant__opportunity__stage="won")
    assert won.filter(campaign__isnull=False).exists()
    assert Credit.objects.filter(touchpoint__lead__isnull=False).exists()


def test_alpine_has_a_lead_to_answer_tomorrow_and_one_to_contact():
    offers = LeadOffer.objects.filter(partner__name="Alpine Conseil")
    assert offers.get(status="offered").respond_by.date() == NOW.date() + timedelta(days=1)
    assert offers.filter(status="accepted", follow_up="").exists()


def test_diaries_hold_what_was_and_what_is_to_do():
    assert {"meeting", "call", "note", "check_in", "task", "demo"} <= set(
        Activity.objects.values_list("kind", flat=True)
    )
    manager, today = User.objects.get(email="manager@vendor.example"), NOW.date()
    open_ones = Activity.objects.filter(done_at__isnull=True)
    mine = open_ones.filter(assignee=manager)
    assert mine.filter(due_on=today).exists()
    assert mine.filter(due_on__lt=today).exists()
    assert mine.filter(due_on__gt=today).exists()
    assert open_ones.filter(assignee__email__endswith="@alpine.example").count() >= 2
    assert Touchpoint.objects.filter(kind="meeting", registration__isnull=False).exists()


def test_the_managers_home_has_figures_and_reasons():
    manager = User.objects.get(email="manager@vendor.example")
    with set_by_hand(NOW):
        assert all(re.search(r"[1-9]", tile["value"]) for tile in tiles(manager, "vendor")[:TILES])
        assert len(tiles(manager, "vendor")) >= TILES
        assert [found for source in attention if (found := source.find(manager)) is not None]
        mine = Partner.objects.filter(channel_manager=manager)
        assert falling(mine).filter(name="Lac & Sommet").exists()
        assert silent(mine).exists()


def test_alpines_portal_has_three_things_to_do():
    member = Membership.objects.with_headed_companies().get(user__email="admin@alpine.example")
    with set_by_hand(NOW):
        person = member.user.act_for(member)
        assert sum(len(source.find(person, THINGS)) for source in to_do) >= THINGS
        assert any(re.search(r"[1-9]", tile["value"]) for tile in tiles(person, "portal"))


def test_there_is_a_view_of_ones_own_and_a_shared_one():
    assert set(SavedView.objects.values_list("shared", flat=True)) == {True, False}


def test_everybody_named_in_the_contract_signs_in():
    for email in ("admin", "manager", "finance", "viewer"):
        user = User.objects.get(email=f"{email}@vendor.example")
        assert user.role
        assert user.check_password("demo")
    for email, role in (("admin", "partner_admin"), ("sales", "partner_sales")):
        for company in ("alpine", "boreal"):
            assert Membership.objects.get(user__email=f"{email}@{company}.example").role == role


def test_one_hash_serves_all():
    assert len(set(User.objects.values_list("password", flat=True))) == 1


def test_alpine_has_a_draft_for_the_hospital_boreal_registered():
    draft = DealRegistration.objects.get(
        partner__name="Alpine Conseil", submission_status="draft", customer_name="Hôpital du Lac"
    )
    rival = DealRegistration.objects.get(partner__name="Boreal Cloud", customer_name="Hôpital du Lac")
    assert rival.review_status == "pending"
    assert not draft.missing()
    assert {row.product.line for row in draft.lines.all()} == {row.product.line for row in rival.lines.all()}


def test_alpine_sees_something_of_each_kind():
    rows = DealRegistration.objects.filter(partner__name="Alpine Conseil")
    assert {"pending", "action_required", "approved", "rejected", "none"} <= set(
        rows.values_list("review_status", flat=True)
    )
    assert rows.ending_in(6, NOW.date()).exists()


def test_decisions_are_due_today_and_late():
    waiting = DealRegistration.objects.awaiting_vendor()
    assert waiting.filter(decide_by__lt=NOW).exists()
    assert waiting.filter(decide_by__date=NOW.date()).count() >= 2


def test_nothing_happens_in_the_future():
    for model, column in (
        (Event, "at"),
        (DealRegistration, "updated_at"),
        (Approval, "received_at"),
        (Partner, "created_at"),
    ):
        assert not model.objects.filter(**{f"{column}__gt": NOW}).exists()


def test_who_came_first_has_the_lower_number():
    arrived = Approval.objects.order_by("sequence").values_list("received_at", flat=True)
    assert list(arrived) == sorted(arrived)


def test_protections_run_only_where_days_are_left():
    assert not Protection.objects.running().filter(period__endswith__lte=NOW.date()).exists()


def test_a_second_run_changes_nothing(capsys):
    before = content()
    call_command("seed_demo", "--size", "small")
    assert "nothing was changed" in capsys.readouterr().out
    assert content() == before


def test_it_keeps_away_from_other_data():
    with undone():
        User.objects.filter(email="admin@vendor.example").update(email="somebody@vendor.example")
        with pytest.raises(CommandError, match="empty"):
            call_command("seed_demo", "--size", "small")


def test_it_keeps_away_from_servers_of_ones_own(settings):
    settings.EMBEDDED = settings.DEMO = False
    with pytest.raises(CommandError, match="public"):
        call_command("seed_demo")


def test_an_unknown_size_is_refused(monkeypatch):
    monkeypatch.setenv("PRM_DEMO_SIZE", "huge")
    with pytest.raises(CommandError, match="small or standard"):
        call_command("seed_demo")
