"""Findings at the decision: both sides' facts for the vendor, and the way to say that there is no conflict."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deals.conflicts.models import Conflict
from deals.conflicts.watch import watch
from tests import factories


@pytest.fixture
def conflict(submitted_deal, rival, product):
    other = factories.submitted(
        rival, products=[product], customer_name="Hopital du Lac SA", customer_domain="hopital-du-lac.example"
    )
    watch(submitted_deal)
    watch(other)
    return Conflict.objects.get()


def test_both_sides_are_compared(signed_in, channel_manager, conflict, submitted_deal):
    page = signed_in(channel_manager).get(reverse("deals:approval", args=[submitted_deal.pk]))
    panel = next(panel for panel in page.context["panels"] if "findings" in panel)
    verdicts = {str(row["fact"]): row["verdict"] for row in panel["findings"][0]["rows"] if "verdict" in row}
    assert verdicts["Customer name"] == "close"
    assert verdicts["Website"] == verdicts["Country"] == "same"
    assert "Existing, Boreal" in page.content.decode()
    assert [flagged for _row, flagged in page.context["rows"]] == [1, 1]


def test_dismissal_needs_a_reason(signed_in, channel_manager, conflict):
    client, url = signed_in(channel_manager), reverse("conflicts:dismiss", args=[conflict.pk])
    for reason in ("", "x" * 501, "a\u202eb"):
        client.post(url, {"reason": reason})
        conflict.refresh_from_db()
        assert conflict.status == "open"
    answer = client.post(url, {"reason": "Two different sites", "registration": conflict.other_id})
    assert answer.url == reverse("deals:approval", args=[conflict.other_id])
    conflict.refresh_from_db()
    assert (conflict.status, conflict.dismissed_reason) == ("dismissed", "Two different sites")


@pytest.mark.parametrize("who", ["viewer", "owner", "rival", "direct_seller"])
def test_others_cannot_dismiss(signed_in, request, conflict, who):
    client = signed_in(request.getfixturevalue(who))
    assert client.post(reverse("conflicts:dismiss", args=[conflict.pk]), {"reason": "No"}).status_code == 404


def test_partners_read_nothing_of_it(signed_in, owner, rival, conflict):
    for person, registration in ((owner, conflict.other), (rival, conflict.registration)):
        page = signed_in(person).get(reverse("deals:portal_registration", args=[registration.pk])).content.decode()
        other = "Boreal" if person is owner else "Alpine"
        assert other not in page
        assert "DUP-1" not in page
