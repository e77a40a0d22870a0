"""Figures on the homes equal the rows, and the partners whose bookings fall are named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from attribution.kpis.home import falling
from deals.models import Stage
from partners.models import Partner
from prm.calendar import business_today
from prm.periods import add_months, month_start
from tests import factories
from tests.errands import run_errands


def won(partner, amount: int, months_ago: int):
    day = add_months(month_start(business_today()), -months_ago)
    return factories.opportunity(of=partner, stage=Stage.WON, closed_on=day, amount=Decimal(amount), route="partner")


@pytest.mark.parametrize(("now", "before", "fell"), [(49, 100, True), (50, 100, False), (0, 100, True), (0, 0, False)])
def test_falling(alpine, now, before, fell):
    if now:
        won(alpine, now, 1)
    if before:
        won(alpine, before, 4)
    won(alpine, 1000, 0)  # the month that has not ended says nothing yet
    won(alpine, 1000, 7)
    run_errands()
    assert falling(Partner.objects.all()).exists() is fell


def test_tiles_and_chart_tell_what_was_won(signed_in, channel_manager, alpine, owner):
    won(alpine, 1200, 0)
    run_errands()
    page = signed_in(channel_manager).get("/home/")
    tiles = {tile["label"]: tile for tile in page.context["tiles"]}
    assert len(tiles) == 4
    assert tiles["Bookings"]["figure"].value == 1200
    rows = signed_in(channel_manager).get(tiles["Bookings"]["href"])
    assert rows.status_code == 200
    (chart,) = [panel for panel in page.context["main_panels"] if panel.get("chart")]
    assert len(chart["labels"]) == 12
    portal = signed_in(owner).get("/portal/")
    assert {tile["label"]: tile["figure"].value for tile in portal.context["tiles"]}["Bookings"] == 1200


def test_a_rival_reads_its_own_figures(signed_in, alpine, rival):
    won(alpine, 1200, 0)
    run_errands()
    portal = signed_in(rival).get("/portal/")
    assert {tile["label"]: tile["figure"].value for tile in portal.context["tiles"]}["Bookings"] == 0
    assert "1,200" not in portal.content.decode()
