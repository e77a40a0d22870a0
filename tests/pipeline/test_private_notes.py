"""A partner's people note on their deal what nobody else reads."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from deals.models import OpportunityParticipant, PrivateNote
from prm.db import acting
from prm.events.models import Event
from tests import factories
from tests.statements import statements


@pytest.fixture
def part(alpine):
    return factories.opportunity("Joint", of=alpine).participants.get()


def address(part, more=""):
    return f"/portal/deals/opportunities/{part.pk}/{more}"


def test_colleagues_read_it_the_vendor_and_rivals_do_not(
    owner, teammate, rival, channel_manager, boreal, part, signed_in
):
    theirs = OpportunityParticipant.objects.create(opportunity=part.opportunity, partner=boreal, customer_name="Joint")
    answer = signed_in(owner).post(address(part, "notes/"), {"text": "Ask for\nthe budget"})
    assert answer.url == address(part) + "#private-notes"
    page = signed_in(teammate).get(address(part)).content.decode()
    assert "Ask for<br>the budget" in page
    assert owner.name in page
    assert "Ask for" not in signed_in(rival).get(address(theirs)).content.decode()
    assert "Ask for" not in signed_in(channel_manager).get(part.opportunity.get_absolute_url()).content.decode()
    assert not PrivateNote.objects.visible_to(channel_manager).exists()
    assert not Event.objects.about(part, part.opportunity, PrivateNote.objects.get()).exists()


def test_the_database_keeps_it_too(owner, rival, boreal, alpine, part):
    note = PrivateNote.write(part, "Secret", by=owner)
    with acting("partner", boreal.pk, rival.pk):
        assert list(PrivateNote.objects.all()) == []
        with pytest.raises(DatabaseError), transaction.atomic():
            PrivateNote(participant=part, partner=alpine, author=rival, author_name="x", text="x").save()
    with acting("partner", alpine.pk, owner.pk):
        assert list(PrivateNote.objects.all()) == [note]


def test_one_takes_back_what_one_wrote(owner, teammate, rival, part, signed_in):
    note = PrivateNote.write(part, "Not so", by=owner)
    url = f"/portal/deals/notes/{note.pk}/removal/"
    assert signed_in(teammate).post(url).status_code == 404
    assert signed_in(rival).post(url).status_code == 404
    assert signed_in(owner).post(url).status_code == 302
    assert not PrivateNote.objects.exists()


def test_who_writes(owner, rival, channel_manager, part, signed_in):
    assert signed_in(owner).post(address(part, "notes/"), {"text": " "}).status_code == 422
    for person in (rival, channel_manager):
        assert signed_in(person).post(address(part, "notes/"), {"text": "x"}).status_code == 404
    assert not PrivateNote.objects.exists()


def test_statements(owner, part, signed_in):
    client = signed_in(owner)
    PrivateNote.write(part, "One", by=owner)
    client.get(address(part))
    few = len(statements(client, address(part)))
    for _n in range(4):
        PrivateNote.write(part, "More", by=owner)
    assert len(statements(client, address(part))) == few <= 12
