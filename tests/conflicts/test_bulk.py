"""Several conflicts dismissed at once, for one reason."""

from __future__ import annotations

import pytest

from deals.conflicts.models import Conflict
from tests import factories


@pytest.fixture
def another(conflict, rival, product):
    return Conflict.objects.create(
        kind="duplicate_registration",
        rule="DUP-1",
        rule_version=1,
        severity=3,
        score=1,
        registration=factories.submitted(rival, products=[product]),
        other=conflict.other,
    )


def dismiss(client, *conflicts, reason="Two sites"):
    given = {"action": "dismiss", "dismiss-reason": reason, "selected": [str(row.pk) for row in conflicts]}
    return client.post("/conflicts/", given, follow=True).content.decode()


def statuses(*conflicts):
    return [Conflict.objects.get(pk=row.pk).status for row in conflicts]


def test_one_reason_for_all(signed_in, channel_manager, conflict, another):
    client = signed_in(channel_manager)
    assert "2 changed." in dismiss(client, conflict, another)
    assert statuses(conflict, another) == ["dismissed", "dismissed"]
    assert set(Conflict.objects.values_list("dismissed_reason", "closed_by")) == {("Two sites", channel_manager.pk)}
    assert "2 were so already." in dismiss(client, conflict, another)


def test_the_refused_is_named(signed_in, channel_manager, conflict, another):
    conflict.settle(by=channel_manager, ruling="uphold_first", reason="Alpine was first")
    words = dismiss(signed_in(channel_manager), conflict, another)
    assert "1 changed." in words
    assert f"{conflict}: This conflict is no longer open." in words
    assert statuses(conflict, another) == ["settled", "dismissed"]


def test_without_a_reason_nothing_changes(signed_in, channel_manager, conflict):
    assert "Why this is no conflict: This field is required." in dismiss(
        signed_in(channel_manager), conflict, reason=" "
    )
    assert statuses(conflict) == ["open"]


@pytest.mark.parametrize("who", ["viewer", "finance"])
def test_who_only_reads_does_not_dismiss(who, request, signed_in, conflict):
    client = signed_in(request.getfixturevalue(who))
    assert "bulk-dismiss" not in client.get("/conflicts/").content.decode()
    dismiss(client, conflict)
    assert statuses(conflict) == ["open"]
