"""What the demo promises: every state, a story to show, nothing left to do, the same data each time."""

import pytest
from django.core.management import CommandError, call_command

from deals.axes import ReviewStatus, Stage, SubmissionStatus
from deals.conflicts.models import Conflict
from deals.models import Approval, DealRegistration, Opportunity, Protection
from partners.models import Membership, Partner, User
from partners.models.partner import PartnerStatus
from prm.events.models import Errand, Event
from tests.demo.conftest import NOW, content, undone

pytestmark = pytest.mark.usefixtures("demo")


def test_every_state_is_there():
    rows = DealRegistration.objects
    assert set(rows.values_list("submission_status", flat=True)) == set(SubmissionStatus.values)
    assert set(rows.values_list("review_status", flat=True)) == set(ReviewStatus.values)
    assert set(rows.values_list("protection_status", flat=True)) == {"none", "active", "lapsed", "released"}
    assert set(Partner.objects.values_list("status", flat=True)) == set(PartnerStatus.values)
    assert {"won", "lost", "qualified"} <= set(Opportunity.objects.values_list("stage", flat=True)) <= set(Stage.values)
    assert set(Conflict.objects.open().values_list("rule", flat=True)) == {"DUP-1", "PROT-1", "DIR-1", "HOUSE-1"}


def test_no_errand_is_left():
    assert not Errand.objects.exists()


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
