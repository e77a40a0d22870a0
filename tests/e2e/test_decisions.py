"""Deciding, changing one's mind, and deciding on several at once."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from deals.models import DealRegistration
from prm.db import acting
from tests import factories
from tests.e2e.conftest import PASSWORD


@pytest.fixture
def waiting(transactional_db, settings):
    """Three registrations whose customer is confirmed, and one whose customer nobody knows."""
    settings.UNDO_SECONDS = 10
    with acting("system"):
        manager = factories.vendor_user("channel_manager", "Camille Roy", password=PASSWORD)
        sales = factories.member(factories.partner("Alpine Conseil", channel_manager=manager))
        for name in ("Clinic", "Harbour", "Museum", "Nobody knows"):
            row = factories.submitted(sales, customer_name=name)
            if name != "Nobody knows":
                row.approval.confirm(factories.customer(name), by=manager)
    return manager.email


def status(name: str) -> str:
    with acting("system"):
        return DealRegistration.objects.get(customer_name=name).review_status


def test_undo_and_several_at_once(person, waiting):
    camille = person().sign_in(waiting)
    page = camille.page
    camille.go("/approvals/")
    page.click(".split-list a:has-text('Clinic')")
    expect(page.locator("#detail h1")).to_have_text("Clinic")
    page.keyboard.press("a")
    page.click("#approve-dialog button.btn-primary")
    undo = page.locator("#toasts form button")
    expect(undo).to_be_visible()
    assert status("Clinic") == "approved"
    undo.click()
    expect(page.locator("#toasts")).to_contain_text("waits for a decision again")
    assert status("Clinic") == "pending"

    camille.go("/approvals/")
    for box in page.locator("[data-check-all-item]").all():
        box.check()
    if where := os.environ.get("PRM_LOOK"):
        page.screenshot(path=f"{where}/queue.png")
    page.click("text=Approve what nothing speaks against")
    expect(page.locator(".notice").filter(has_text=re.compile("Nobody knows"))).to_contain_text("3 approved")
    if where:
        page.screenshot(path=f"{where}/left.png")
    assert {status(name) for name in ("Clinic", "Harbour", "Museum")} == {"approved"}
    page.click(".notice button:has-text('Undo')")
    expect(page.locator("#toasts")).to_contain_text("3 taken back")
    assert status("Museum") == "pending"
