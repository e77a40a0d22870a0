"""Deal registrations from files: each state with what belongs to it, in the order of their submission."""

from __future__ import annotations

from datetime import timedelta

import pytest

from attribution.models import Touchpoint
from deals.conflicts.models import Conflict
from deals.models import Approval, DealRegistration
from prm.calendar import business_today
from prm.notify.models import Notification
from territories.matching.keys import index_customers
from tests import factories
from tests.errands import run_errands
from tests.imports.conftest import counts, given, load, uploads  # noqa: F401  (fixtures)

HEAD = ["id", "partner", "customer_name", "customer_country", "customer_domain", "product", "amount", "currency"]
HEAD += ["expected_close_date", "submitted_at", "status", "customer_record", "rejection_reason", "protected_to"]
MAPPING = {"columns": {"external_id": "id", **{name: name for name in HEAD[1:]}}, "key": ["external_id"]}
LATER = (business_today() + timedelta(days=40)).isoformat()


def row(number, **values):
    cells = dict.fromkeys(HEAD, "") | {
        "id": number,
        "partner": "Alpine",
        "customer_name": "Hôpital du Lac",
        "customer_country": "FR",
        "customer_domain": "hopital-du-lac.example",
        "product": "Backup Pro",
        "amount": "12000",
        "currency": "EUR",
        "expected_close_date": LATER,
        "submitted_at": "2026-02-01",
        "status": "submitted",
    }
    return [(cells | values)[name] for name in HEAD]


def test_every_state(given, load, owner, product, hospital, channel_manager):  # noqa: F811
    report = load(
        "deal-registrations",
        given(
            [
                HEAD,
                row("R1", status="draft", submitted_at="", product=""),
                row("R2"),
                row("R3", status="approved", customer_record="Hôpital du Lac", protected_to=LATER),
                row("R4", status="rejected", rejection_reason="duplicate"),
                row("R5", status="approved", customer_record="Hôpital du Lac", protected_to="2026-04-30"),
                row("R6", status="withdrawn"),
            ]
        ),
        MAPPING,
    )
    assert (counts(report), report["errors"]) == ((6, 6, 0, 0, 0), [])
    found = {
        (r.submission_status, r.review_status, r.protection_status, r.public_reason)
        for r in DealRegistration.objects.all()
    }
    assert found == {
        ("draft", "none", "none", ""),
        ("submitted", "pending", "none", ""),
        ("submitted", "approved", "active", ""),
        ("submitted", "rejected", "none", "not_available"),
        ("submitted", "approved", "lapsed", ""),
        ("submitted", "cancelled", "none", ""),
    }
    running = DealRegistration.objects.get(protection_status="active")
    assert running.last_protected_day.isoformat() == LATER
    assert running.protections.get().is_running
    assert running.participant.partner == owner.acting_for
    assert running.approval.notes == "Imported from file."
    before = Notification.objects.count()
    run_errands()
    assert Notification.objects.count() == before
    assert Touchpoint.objects.filter(kind="registration").count() == 5
    pending = DealRegistration.objects.get(review_status="pending")
    pending.withdraw(by=owner)
    assert counts(load("deal-registrations", given([HEAD, row("R2")]), MAPPING)) == (1, 0, 0, 1, 0)


def test_the_first_to_come_is_first_whatever_the_order_of_the_file(given, load, owner, rival, product, hospital):  # noqa: F811
    index_customers([hospital.pk])
    live = factories.submitted(
        owner, products=[product], customer_name="Hôpital du Lac", customer_domain="hopital-du-lac.example"
    )
    load(
        "deal-registrations",
        given([HEAD, row("R1", submitted_at="2026-02-09"), row("R2", partner="Boreal", submitted_at="2026-02-03")]),
        MAPPING,
    )
    order = [
        file.registration for file in Approval.objects.order_by("sequence").select_related("registration__partner")
    ]
    assert [(r.partner.name, r.pk == live.pk) for r in order] == [
        ("Boreal", False),
        ("Alpine", False),
        ("Alpine", True),
    ]
    run_errands()
    earlier = {
        (c.other.partner.name, c.registration.partner.name) for c in Conflict.objects.filter(other__isnull=False)
    }
    assert ("Boreal", "Alpine") in earlier
    assert ("Alpine", "Boreal") not in earlier


@pytest.mark.parametrize(
    ("wrong", "column", "code"),
    [
        ({"partner": "Nobody"}, "partner", "unknown_reference"),
        ({"amount": ""}, "amount", "required"),
        ({"product": ""}, "product", "required"),
        ({"submitted_at": "2199-02-01"}, "submitted_at", "in_the_future"),
        ({"status": "approved"}, "customer_record", "required"),
        ({"status": "maybe"}, "status", "invalid_choice"),
    ],
)
def test_rows_that_are_refused(given, load, owner, product, hospital, wrong, column, code):  # noqa: F811
    report = load("deal-registrations", given([HEAD, row("R1", **wrong)]), MAPPING)
    assert counts(report) == (1, 0, 0, 0, 1)
    assert (column, code) in {(error["column"], error["code"]) for error in report["errors"]}
    assert DealRegistration.objects.count() == 0


def test_two_running_protections_of_one_line_are_refused(given, load, owner, rival, product, hospital):  # noqa: F811
    approved = {"status": "approved", "customer_record": "Hôpital du Lac", "protected_to": LATER}
    report = load(
        "deal-registrations", given([HEAD, row("R1", **approved), row("R2", partner="Boreal", **approved)]), MAPPING
    )
    assert counts(report) == (2, 1, 0, 0, 1)
    assert "protected_once" in report["errors"][0]["message"]
