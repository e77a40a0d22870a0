"""What records share: ids that carry their time, versions, ids of other systems by owner, one request id from click to task."""

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from structlog.contextvars import bound_contextvars, get_contextvars

from prm.errors import StaleVersion
from prm.events.models import Errand, Event
from prm.events.record import task
from prm.events.tasks import run_errand
from prm.externals.models import ExternalId
from prm.ids import uuid7
from tests import factories


def test_ids_are_uuids_of_version_7_in_the_order_of_their_making():
    made = [uuid7() for _n in range(1000)]
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_a_version_grows_with_each_change_and_an_old_one_is_refused(alpine):
    alpine.lock(1).put(city="Lyon")
    assert alpine.version == 2
    with pytest.raises(StaleVersion):
        type(alpine).objects.get(pk=alpine.pk).lock(1)
    alpine.refresh_from_db()
    assert (alpine.city, alpine.version) == ("Lyon", 2)


def test_an_external_id_is_unique_for_its_owner_alone(alpine, boreal, hospital):
    for owner in (alpine, boreal):
        ExternalId.objects.link(hospital, "crm", "7", owner_id=owner.pk)
    ExternalId.objects.link(hospital, "crm", "7")
    for owner_id in (alpine.pk, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExternalId.objects.link(factories.customer(), "crm", "7", owner_id=owner_id)


def test_one_request_id_goes_from_the_click_to_event_and_task(signed_in, admin, alpine):
    seen = []
    task("tests.look")(lambda: seen.append(get_contextvars().get("request_id")))
    page = signed_in(admin).post(f"/partners/{alpine.pk}/status/", {"status": "suspended", "version": "1"})
    clicked = page["X-Request-ID"]
    assert (page.status_code, len(clicked)) == (302, 36)
    event = Event.objects.get(subject_id=alpine.pk, verb="status_changed")
    assert event.request_id == clicked
    assert set(Errand.objects.filter(event=event).values_list("request_id", flat=True)) <= {clicked}
    history = apps.get_model("partners", "PartnerEvent").objects.filter(pgh_obj_id=alpine.pk).latest("pgh_id")
    assert history.pgh_context.metadata["request"] == clicked

    with bound_contextvars():
        run_errand(str(Errand.objects.create(task="tests.look", request_id=event.request_id).pk))
    assert seen == [clicked]


def test_a_request_id_is_ours_not_the_callers(signed_in, admin):
    asked = signed_in(admin).get("/livez", headers={"X-Request-ID": "forged"})
    assert asked["X-Request-ID"] != "forged"
