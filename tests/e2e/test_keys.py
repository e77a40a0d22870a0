"""Hand and keys: a card of the board dragged, a card moved with Shift and an arrow, the list of shortcuts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from deals.models import Opportunity
from prm.calendar import business_today
from prm.db import acting
from tests import factories
from tests.e2e.conftest import PASSWORD


@pytest.fixture
def board(person, transactional_db):
    """The pipeline with one deal, and who may move it."""
    with acting("system"):
        manager = factories.vendor_user("channel_manager", "Camille Roy", password=PASSWORD)
        alpine = factories.partner("Alpine Conseil", channel_manager=manager)
        hospital = factories.customer("Hôpital du Lac")
        factories.opportunity(of=alpine, owner=manager, customer=hospital, expected_close_date=business_today())
    reader = person().sign_in(manager.email)
    reader.go("/pipeline/")
    return reader


def column(board, stage: str):
    return board.page.locator(f"[data-column={stage}]")


def stage() -> str:
    with acting("system"):
        return Opportunity.objects.get().stage


def test_a_card_is_dragged(board):
    card = board.page.locator("[data-card]")
    card.drag_to(column(board, "committed"))
    expect(column(board, "committed").locator("[data-card]:not([data-version='1'])")).to_be_visible()
    assert stage() == "committed"


def test_a_card_moves_with_shift_and_an_arrow(board):
    board.page.get_by_role("link", name="Hôpital du Lac").focus()
    board.page.keyboard.press("Shift+ArrowLeft")
    moved = column(board, "prospect").get_by_role("link")
    expect(moved).to_be_focused()  # so that the next press moves it on
    assert stage() == "prospect"
    board.page.keyboard.press("Shift+ArrowRight")
    expect(column(board, "qualified").get_by_role("link")).to_be_focused()
    assert stage() == "qualified"


def test_the_list_of_shortcuts(board):
    keys = board.page.get_by_role("dialog", name="Keyboard shortcuts")
    board.page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Next and previous row")
    board.page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    board.page.locator("[name=q]").first.press("?")  # typed, not asked for
    expect(keys).to_be_hidden()
