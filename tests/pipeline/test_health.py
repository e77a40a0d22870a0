"""Which open deals are stale or slipping, and what the pages say of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attribution.models import Touchpoint
from deals import health
from deals.home import drifting
from deals.models import DealRegistration, Opportunity, StageRule
from partners.engagement.models import Activity
from prm.calendar import business_today
from prm.db import acting
from tests import factories
from tests.statements import statements

TODAY = business_today()


def quiet(deal, days=50):
    """Nothing happened to it for so many days."""
    Opportunity.objects.filter(pk=deal.pk).update(updated_at=timezone.now() - timedelta(days=days, hours=1))
    return deal


def marked(deal):
    return Opportunity.objects.annotate(**health.marks(), **health.answers()).get(pk=deal.pk)


def flags(deal) -> set[str]:
    rows = Opportunity.objects.filter(pk=deal.pk)
    return {flag.value for flag in health.Flag if health.flagged(rows, flag).exists()}


@pytest.mark.parametrize(("stage", "days", "is_stale"), [
    ("prospect", 59, False), ("prospect", 60, True), ("qualified", 44, False), ("qualified", 45, True),
    ("committed", 14, True), ("won", 400, False),
])  # fmt: skip
def test_stale_by_stage(stage, days, is_stale, system):
    deal = quiet(factories.opportunity(stage=stage, closed_on=TODAY if stage == "won" else None), days)
    assert marked(deal).is_stale == is_stale
    assert flags(deal) == ({"stale", "any"} if is_stale else set())
    assert [reason["text"] for reason in health.reasons(marked(deal))] == [f"No news for {days} days"] * is_stale


def test_the_rule_of_a_program_owner_counts(program_owner):
    deal = quiet(factories.opportunity(), 10)
    assert flags(deal) == set()
    StageRule.objects.adjust("qualified", by=program_owner, required=[], quiet_days=9)
    assert flags(deal) == {"stale", "any"}
    StageRule.objects.adjust("qualified", by=program_owner, required=[], quiet_days=90)
    assert flags(quiet(deal, 80)) == set()


@pytest.mark.parametrize("about", ["deal", "part", "registration", "touch"])
def test_what_is_news(about, channel_manager, owner, product, hospital):
    registration = factories.approved(owner, decided_by=channel_manager, known_as=hospital, products=[product])
    part = DealRegistration.objects.get(pk=registration.pk).participant
    deal, other = quiet(part.opportunity), quiet(factories.opportunity(of=owner.acting_for))
    assert flags(deal) == {"stale", "any"}
    if about == "touch":
        Touchpoint.record(
            kind="demo", at=timezone.now(), partner=owner.acting_for, opportunity=deal, by=channel_manager
        )
    else:
        subject = {"deal": deal, "part": part, "registration": registration}[about]
        Activity.log(by=channel_manager, about=subject, kind="call", title="They called")
    assert flags(deal) == set()
    assert marked(deal).last_news > timezone.now() - timedelta(minutes=5)
    assert flags(other) == {"stale", "any"}


def test_slipping_past_its_date_or_put_off_twice(channel_manager):
    late = factories.opportunity(expected_close_date=TODAY - timedelta(days=1))
    assert flags(late) == {"slipping", "any"}
    assert flags(factories.opportunity(expected_close_date=TODAY)) == set()
    moved = factories.opportunity(expected_close_date=TODAY)
    for days in (30, 20, 60):  # out, in, out
        assert flags(moved) == set()
        moved.change(by=channel_manager, expected_close_date=TODAY + timedelta(days=days))
    moved.refresh_from_db()
    assert (moved.put_off, flags(moved)) == (2, {"slipping", "any"})
    assert health.in_words(moved) == "Put off 2 times"
    moved.win(by=channel_manager)
    assert (flags(moved), health.reasons(moved)) == (set(), [])


def test_a_first_date_is_not_put_off_and_the_portal_counts_too(owner, alpine):
    deal = factories.opportunity(of=alpine, expected_close_date=None)
    part = deal.participants.get()
    with acting("partner", alpine.pk, owner.pk):
        part.move_to("technical_validation", by=owner, facts={"expected_close_date": TODAY})
    deal.refresh_from_db()
    assert (deal.expected_close_date, deal.put_off) == (TODAY, 0)
    Opportunity.objects.filter(pk=deal.pk).update(expected_close_date=TODAY + timedelta(days=9))  # as imports write
    deal.refresh_from_db()
    assert deal.put_off == 1


def test_shown_and_filtered_everywhere(channel_manager, alpine, signed_in):
    late = factories.opportunity("Late one", of=alpine, expected_close_date=TODAY - timedelta(days=3))
    silent = quiet(factories.opportunity("Silent one", of=alpine), 50)
    factories.opportunity("Sound one", of=alpine)
    client = signed_in(channel_manager)
    reason = f"Close was {health.ui.day(late.expected_close_date)}"
    for url in ("/pipeline/", "/opportunities/", alpine.get_absolute_url()):
        page = client.get(url).content.decode()
        assert (reason in page, "No news for 50 days" in page) == (True, True), url
    assert reason in client.get(late.get_absolute_url()).content.decode()
    assert "No news for 50 days" in client.get(silent.get_absolute_url()).content.decode()
    for flag, names in (("stale", ["Silent one"]), ("slipping", ["Late one"]), ("any", ["Late one", "Silent one"])):
        lines = client.get(f"/opportunities/?flag={flag}&sort=name").context["lines"]
        assert [line["title"] for line in lines] == names
        assert client.get(f"/pipeline/?flag={flag}").context["board"].count == len(names)


def test_a_partner_is_asked_how_a_late_deal_goes(owner, alpine, signed_in):
    late = quiet(factories.opportunity(of=alpine, expected_close_date=TODAY - timedelta(days=3)))
    client, part = signed_in(owner), late.participants.get()
    for url in ("/portal/deals/opportunities/", f"/portal/deals/opportunities/{part.pk}/"):
        page = client.get(url).content.decode()
        assert "Close was" in page
        assert "No news" not in page  # the vendor's own activities count for that: not the partner's to know
    assert "Tell us how it goes" in page


def test_the_managers_home_says_so(channel_manager, direct_seller, viewer, alpine, signed_in):
    assert drifting(channel_manager) is None
    both = factories.opportunity(of=alpine, expected_close_date=TODAY - timedelta(days=3))
    quiet(both)
    factories.opportunity(of=factories.partner(), expected_close_date=TODAY - timedelta(days=3))  # in nobody's care
    factories.opportunity(route="direct", owner=direct_seller, expected_close_date=TODAY - timedelta(days=3))
    found = drifting(channel_manager)
    assert (found["title"], found["detail"]) == ("1 deal needs a look", "1 slipping · 1 without news")
    lines = signed_in(channel_manager).get(found["url"]).context["lines"]
    assert [line["row"].pk for line in lines] == [both.pk]
    assert drifting(direct_seller)["detail"] == "1 slipping"
    assert drifting(viewer) is None
    assert "1 deal needs a look" in signed_in(channel_manager).get("/home/").content.decode()


def test_pages_keep_their_budget(channel_manager, alpine, signed_in):
    deals = [quiet(factories.opportunity(of=alpine)) for _n in range(4)]
    client = signed_in(channel_manager)
    for url in (
        "/pipeline/?flag=any",
        "/opportunities/?flag=any",
        deals[0].get_absolute_url(),
        alpine.get_absolute_url(),
    ):
        client.get(url)
        assert len(statements(client, url)) <= 12, url
    assert len(statements(client, "/home/")) <= 20
