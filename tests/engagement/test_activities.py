"""What an activity is about, who reads it, and what may be done with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from attribution.models import Lead
from deals.models import OpportunityParticipant
from partners.engagement.models import Activity
from prm.db import acting
from prm.errors import RuleViolation
from prm.events.models import Event
from tests import factories
from tests.statements import statements


def as_partner(user):
    return acting("partner", user.acting_for_id, user.pk, user.membership.headed_companies)


@pytest.fixture
def shared_deal(alpine, boreal):
    """An opportunity on which two rivals work."""
    opportunity = factories.opportunity("Zeta", of=alpine)
    OpportunityParticipant.objects.create(opportunity=opportunity, partner=boreal, customer_name="Zeta B")
    return opportunity


def test_what_the_vendor_keeps_for_itself_no_partner_reads(channel_manager, owner, rival, alpine):
    internal = Activity.log(by=channel_manager, about=alpine, kind="note", title="Watch them")
    told = Activity.log(by=channel_manager, about=alpine, kind="meeting", title="Review", shared=True)
    own = Activity.log(by=owner, about=alpine, kind="call", title="Called the buyer")
    assert set(Activity.objects.visible_to(channel_manager)) == {internal, told, own}
    assert set(Activity.objects.visible_to(owner)) == {told, own}
    assert set(Activity.objects.visible_to(rival)) == set()
    with as_partner(owner):
        assert set(Activity.objects.all()) == {told, own}  # the database says the same
    with as_partner(rival):
        assert not Activity.objects.exists()


def test_on_a_shared_deal_each_partner_reads_its_own_part_alone(shared_deal, channel_manager, owner, rival, alpine):
    """The vendor's activity with one participant is about that participation: the opportunity's id reaches nobody."""
    activity = Activity.log(
        by=channel_manager, about=shared_deal, partner=alpine, shared=True, kind="demo", title="Demo"
    )
    part = shared_deal.participants.get(partner=alpine)
    assert (activity.subject_type, activity.subject_id, activity.partner) == ("participant", part.pk, alpine)
    assert list(Activity.objects.visible_to(owner)) == [activity]
    assert not Activity.objects.visible_to(rival).exists()
    event = Event.objects.get(subject_id=activity.pk)
    assert event.partner_id == alpine.pk
    assert event.payload["subject_id"] == str(part.pk)
    assert str(shared_deal.pk) not in str(event.payload)


def test_records_of_the_vendor_alone_are_never_shared(channel_manager, hospital, shared_deal, alpine):
    with pytest.raises(RuleViolation, match="not shown to partners"):
        Activity.log(by=channel_manager, about=hospital, partner=alpine, shared=True, kind="note", title="x")
    internal = Activity.log(by=channel_manager, about=shared_deal, kind="note", title="x")
    with pytest.raises(RuleViolation):
        internal.change(by=channel_manager, shared=True)


def test_verbs_tell_their_events(channel_manager, owner, alpine):
    task = Activity.plan(by=owner, about=alpine, kind="task", title="Send the offer", due_on=timezone.localdate())
    assert task.assignee == owner
    assert task.complete(by=owner)
    assert not task.complete(by=owner)  # once is enough
    assert task.reopen(by=owner)
    task.change(by=owner, title="Send the new offer")
    Activity.log(by=channel_manager, about=alpine, kind="note", title="internal")
    told = [(event.name, event.partner_id) for event in Event.objects.filter(subject_type="activity").order_by("at")]
    mine = alpine.pk
    assert told == [
        ("activity.planned", mine), ("activity.done", mine), ("activity.reopened", mine), ("activity.changed", mine),
        ("activity.logged", None),
    ]  # fmt: skip
    task.remove(by=owner)
    assert not Activity.objects.filter(pk=task.pk).exists()


def test_a_task_for_a_partner_person_is_shared_with_their_company(channel_manager, owner, rival, alpine):
    with pytest.raises(RuleViolation, match="Share it"):
        Activity.plan(by=channel_manager, about=alpine, kind="task", title="x", assignee=owner)
    with pytest.raises(RuleViolation, match="does not belong"):
        Activity.plan(by=channel_manager, about=alpine, kind="task", title="x", assignee=rival, shared=True)
    task = Activity.plan(by=channel_manager, about=alpine, kind="task", title="x", assignee=owner, shared=True)
    assert task in Activity.objects.completable_by(owner)
    assert task not in Activity.objects.editable_by(owner)


def test_the_database_lets_a_partner_write_only_what_is_its_own(channel_manager, owner, rival, alpine, boreal):
    internal = Activity.log(by=channel_manager, about=alpine, kind="note", title="internal")
    with as_partner(owner):
        made = Activity.log(by=owner, about=alpine, kind="note", title="ours")
        made.change(by=owner, title="ours, corrected")
        assert Activity.objects.filter(pk=internal.pk).update(title="x") == 0
        for values in ({"partner": boreal, "shared": True}, {"partner": alpine, "shared": False}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Activity.objects.create(kind="note", title="x", side="partner", created_by=owner, **values)
        made.remove(by=owner)


def test_one_click_on_the_panel_and_back(signed_in, channel_manager, alpine):
    browser = signed_in(channel_manager)
    page = alpine.get_absolute_url()
    data = {"about": "partner", "id": alpine.pk, "next": page, "activity-kind": "task", "activity-title": "Call back",
            "activity-due_on": timezone.localdate().isoformat()}  # fmt: skip
    assert browser.post(reverse("engagement:new"), data)["Location"] == page
    task = Activity.objects.get()
    assert "Call back" in browser.get(page).content.decode()
    assert b"Call back" in browser.get(reverse("engagement:tasks")).content
    answer = browser.post(reverse("engagement:completion", args=[task.pk]), {"next": page}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert reverse("engagement:reopening", args=[task.pk]) in answer.content.decode()
    browser.post(f"{reverse('engagement:reopening', args=[task.pk])}?next={page}")
    task.refresh_from_db()
    assert not task.is_done


def test_a_line_that_lacks_something_comes_back_as_the_whole_form(signed_in, channel_manager, alpine):
    browser = signed_in(channel_manager)
    answer = browser.post(
        reverse("engagement:new"), {"about": "partner", "id": alpine.pk, "activity-kind": "call", "activity-title": ""}
    )
    assert answer.status_code == 422
    answer = browser.post(
        reverse("engagement:new"),
        {
            "about": "partner",
            "id": alpine.pk,
            "kind": "call",
            "title": "Talked",
            "shared": "on",
            "at": "2020-03-01T10:00",
            "next": alpine.get_absolute_url(),
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    made = Activity.objects.get()
    assert (made.title, made.shared, made.is_done, made.side) == ("Talked", True, True, "vendor")


def test_another_companys_deal_is_a_missing_one(signed_in, rival, submitted_deal):
    browser = signed_in(rival)
    for pk in (submitted_deal.pk, "0190a000-0000-7000-8000-000000000000"):
        data = {"about": "registration", "id": pk, "kind": "note", "title": "x"}
        assert browser.post(reverse("engagement:new"), data).status_code == 404
    assert not Activity.objects.exists()


def test_partner_logs_on_its_registration(signed_in, owner, submitted_deal):
    browser = signed_in(owner)
    page = reverse("deals:portal_registration", args=[submitted_deal.pk])
    data = {"about": "registration", "id": submitted_deal.pk, "next": page, "activity-kind": "meeting",
            "activity-title": "Met the hospital"}  # fmt: skip
    assert browser.post(reverse("engagement:new"), data)["Location"] == page
    assert "Met the hospital" in browser.get(page).content.decode()
    made = Activity.objects.get()
    assert (made.partner, made.shared, made.subject_type) == (owner.acting_for, True, "registration")


@pytest.mark.parametrize("count", [1, 5])
def test_panels_and_tasks_stay_within_their_statements(
    signed_in, channel_manager, owner, alpine, submitted_deal, shared_deal, hospital, count
):
    for n in range(count):
        for about in (alpine, submitted_deal, shared_deal, hospital):
            Activity.plan(
                by=channel_manager,
                about=about,
                kind="task",
                title=f"Task {n}",
                due_on=timezone.localdate() + timedelta(n),
            )
        Activity.plan(by=owner, about=submitted_deal, kind="task", title=f"Task {n}", due_on=timezone.localdate())
    browser = signed_in(channel_manager)
    pages = [reverse("engagement:tasks"), alpine.get_absolute_url(), hospital.get_absolute_url(),
             shared_deal.get_absolute_url(), reverse("deals:registration", args=[submitted_deal.pk])]  # fmt: skip
    for page in pages:
        browser.get(page)
        made = statements(browser, page)
        of_activities = [
            sql for sql in made if '"engagement_activity"."title"' in sql
        ]  # not: when it was last heard of
        assert len(of_activities) == 1, (page, of_activities)
        if page == reverse("engagement:tasks"):
            assert len(made) <= 12, made
    browser = signed_in(owner)
    assert len(statements(browser, reverse("engagement:tasks"))) <= 12


def test_someone_without_the_right_reads_nothing(viewer, finance, direct_seller, channel_manager, alpine):
    activity = Activity.log(by=channel_manager, about=alpine, kind="note", title="x")
    assert list(Activity.objects.visible_to(viewer)) == [activity]
    assert not Activity.objects.editable_by(viewer).exists()
    assert not Activity.objects.visible_to(finance).exists()
    assert not Activity.objects.visible_to(direct_seller).exists()


def test_vendor_person_of_one_country_reads_that_countrys_activities(channel_manager, alpine, shared_deal, hospital):
    seen = Activity.log(by=channel_manager, about=alpine, kind="note", title="x")
    general = Activity.log(by=channel_manager, about=hospital, kind="note", title="customer")
    for scope, expected in ((["FR"], {seen, general}), (["DE"], {general})):
        person = factories.vendor_user("channel_manager", scope_countries=scope)
        assert set(Activity.objects.visible_to(person)) == expected


def test_a_lead_is_its_offer_to_the_partner_that_took_it(signed_in, channel_manager, owner, rival, alpine):
    lead = Lead.create(by=channel_manager, company_name="Zeta Works", country="FR", legal_basis="consent")
    offer = lead.offer_to(alpine, by=channel_manager, respond_by=timezone.now() + timedelta(days=2))
    with pytest.raises(RuleViolation):  # it has not accepted yet
        Activity.log(by=channel_manager, about=lead, partner=alpine, shared=True, kind="call", title="x")
    offer.accept(by=owner)
    lead.refresh_from_db()
    told = Activity.log(by=channel_manager, about=lead, partner=alpine, shared=True, kind="call", title="Hello")
    assert (told.subject_type, told.subject_id) == ("lead_offer", offer.pk)
    page = reverse("attribution:offer", args=[offer.pk])
    data = {
        "about": "lead_offer",
        "id": offer.pk,
        "next": page,
        "activity-kind": "call",
        "activity-title": "Called them",
    }
    assert signed_in(owner).post(reverse("engagement:new"), data)["Location"] == page
    shown = signed_in(owner).get(page).content.decode()
    assert "Hello" in shown
    assert "Called them" in shown
    assert "Called them" in signed_in(channel_manager).get(lead.get_absolute_url()).content.decode()
    assert signed_in(rival).post(reverse("engagement:new"), data).status_code == 404
