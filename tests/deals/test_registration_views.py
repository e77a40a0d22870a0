"""The vendor's list and record, and what direct sales may ask."""

from __future__ import annotations

import pytest
from django.urls import reverse

from prm.events.models import Event
from tests import factories
from tests.deals.counting import statements


def test_list(signed_in, viewer, submitted_deal, owner):
    factories.draft(owner, customer_name="Not sent")
    page = signed_in(viewer).get("/registrations/").content.decode()
    assert "Hôpital du Lac" in page
    assert "Not sent" not in page


@pytest.mark.parametrize(
    "query", ["q=lac", "review=pending", "protection=none", "country=FR", "sort=-amount", "submitted_from=2020-01-01"]
)
def test_filters(signed_in, viewer, submitted_deal, query):
    assert "Hôpital du Lac" in signed_in(viewer).get(f"/registrations/?{query}").content.decode()


def test_record_shows_the_vendors_story(signed_in, viewer, channel_manager, submitted_deal, hospital):
    submitted_deal.approval.confirm(hospital, by=channel_manager)
    page = signed_in(viewer).get(reverse("deals:registration", args=[submitted_deal.pk])).content.decode()
    assert "Customer confirmed: Hôpital du Lac" in page
    assert "Decide" not in page


def test_a_partner_is_sent_to_the_portal(signed_in, owner, submitted_deal):
    answer = signed_in(owner).get(reverse("deals:registration", args=[submitted_deal.pk]))
    assert answer.url == reverse("deals:portal_registration", args=[submitted_deal.pk])


def test_comment(signed_in, channel_manager, submitted_deal):
    client = signed_in(channel_manager)
    url = reverse("deals:comment", args=[submitted_deal.pk])
    assert client.post(url, {"text": ""}).status_code == 422
    client.post(url, {"text": "Thank you"})
    assert submitted_deal.comments.get().author == channel_manager


@pytest.mark.parametrize("text", ["Hôpital du Lac", "hopital du lac", "hopital-du-lac.example"])
def test_direct_sales_reads_reserved_and_nothing_else(signed_in, direct_seller, submitted_deal, text):
    from deals.conflicts.watch import watch

    watch(submitted_deal)
    page = signed_in(direct_seller).post("/reserved/", {"text": text}).content.decode()
    assert "Reserved, speak to the channel manager." in page
    assert "Alpine" not in page
    told = Event.objects.get(verb="looked_up")
    assert (told.subject_id, told.partner_id, told.actor_name) == (submitted_deal.pk, None, "Dirk Direct")


def test_look_up_is_in_the_vendors_timeline_and_not_in_the_partners(
    signed_in, direct_seller, channel_manager, owner, submitted_deal
):
    signed_in(direct_seller).post("/reserved/", {"text": "Hôpital du Lac"})
    words = "looked this customer up"
    assert (
        words
        in signed_in(channel_manager).get(reverse("deals:registration", args=[submitted_deal.pk])).content.decode()
    )
    assert (
        words
        not in signed_in(owner).get(reverse("deals:portal_registration", args=[submitted_deal.pk])).content.decode()
    )


def test_nothing_found_is_logged_too(signed_in, direct_seller, submitted_deal):
    page = signed_in(direct_seller).post("/reserved/", {"text": "Somebody Else"}).content.decode()
    assert "Nothing found." in page
    assert Event.objects.filter(verb="looked_up").count() == 1


@pytest.mark.parametrize("text", ["", "ab", "x" * 500, "a\x00b"])
def test_look_up_of_nonsense(signed_in, direct_seller, text):
    assert signed_in(direct_seller).post("/reserved/", {"text": text}).status_code == 422


def test_drafts_and_ended_registrations_do_not_reserve(signed_in, direct_seller, owner):
    factories.draft(owner, customer_name="Early Ltd")
    factories.submitted(owner, customer_name="Ended Ltd").withdraw(by=owner)
    client = signed_in(direct_seller)
    for text in ("Early Ltd", "Ended Ltd"):
        assert "Nothing found." in client.post("/reserved/", {"text": text}).content.decode()


@pytest.mark.parametrize("who", ["channel_manager", "owner", "viewer"])
def test_others_do_not_look_up(signed_in, request, who):
    assert signed_in(request.getfixturevalue(who)).get("/reserved/").status_code in (403, 404)


def test_pages_cost_the_same_whatever_the_rows(signed_in, viewer, owner, product):
    client = signed_in(viewer)
    urls = ("/registrations/", reverse("deals:registration", args=[factories.submitted(owner, products=[product]).pk]))
    one = [statements(client, url) for url in urls]
    for _ in range(3):
        factories.submitted(owner, products=[product])
    assert [statements(client, url) for url in urls] == one
    assert max(one) <= 12, one
