"""Second reviews through the API: asked by the partner's program, answered by somebody else's of the vendor."""

import pytest

from deals.models import Appeal
from prm.ids import uuid7


@pytest.fixture
def refused(submitted_deal, channel_manager):
    submitted_deal.reject(by=channel_manager, reason="duplicate")
    return submitted_deal


def test_appeal_and_decision(api, refused, owner, channel_manager, program_owner):
    ours = api(owner)
    here = f"/deal-registrations/{refused.pk}/"
    shown = ours.get(here)
    assert shown.json()["appeal_by"] is not None
    asked = ours.post(f"{here}appeal/", {"text": "We met in May."}, If_Match=shown["ETag"])
    assert asked.status_code == 201, asked.content
    place = f"/appeals/{asked.json()['id']}/"
    mine = ours.get(place)
    assert {name: mine.json()[name] for name in ("status", "answer", "decided_by", "notes")} == {
        "status": "open",
        "answer": "",
        "decided_by": None,
        "notes": None,
    }
    body = {"outcome": "overturned", "message": "You were right.", "notes": "Zqsecret"}
    first = api(channel_manager).post(f"{place}decision/", body, If_Match=mine["ETag"])
    assert (first.status_code, first.json()["code"]) == (409, "same_person")
    done = api(program_owner).post(f"{place}decision/", body, If_Match=mine["ETag"])
    assert done.status_code == 200, done.content
    assert (done.json()["decided_by"], done.json()["first_decided_by"]) == (program_owner.name, channel_manager.name)
    assert ours.get(here).json()["review_status"] == "pending"
    answered = ours.get(place)
    assert answered.json()["answer"] == "You were right."
    assert program_owner.name not in answered.content.decode()
    assert "Zqsecret" not in answered.content.decode()
    told = ours.get(f"/events/?subject_id={refused.pk}").content.decode()
    assert "appeal_overturned" in told
    assert program_owner.name not in told


def test_a_second_time_and_somebody_elses(api, refused, owner, rival):
    ours, here = api(owner), f"/deal-registrations/{refused.pk}/"
    tag = ours.get(here)["ETag"]
    assert ours.post(f"{here}appeal/", {"text": "Please."}, If_Match=tag).status_code == 201
    again = ours.post(f"{here}appeal/", {"text": "Please."}, If_Match=tag)
    assert (again.status_code, again.json()["code"]) == (409, "already_appealed")
    theirs = api(rival)
    for place in (f"/appeals/{Appeal.objects.get().pk}/", f"/appeals/{uuid7()}/"):
        assert theirs.get(place).status_code == 404
        assert theirs.post(f"{place}withdrawal/", If_Match=tag).status_code == 404
    assert theirs.get("/appeals/").json()["results"] == []
    assert theirs.post(f"{here}appeal/", {"text": "Mine."}, If_Match=tag).status_code == 404
    partner_decides = ours.post(
        f"/appeals/{Appeal.objects.get().pk}/decision/", {"outcome": "overturned"}, If_Match='"1"'
    )
    assert partner_decides.status_code == 404


def test_scope_of_decisions(api, refused, owner, program_owner):
    made = Appeal.lodge(refused, by=owner, text="Please.")
    writes = api(program_owner, "appeals:read", "appeals:write")
    answer = writes.post(f"/appeals/{made.pk}/decision/", {"outcome": "overturned"}, If_Match='"1"')
    assert answer.status_code == 403
