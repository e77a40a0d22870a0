"""How sure people are of a deal: set by people, kept, and by stage until they say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from deals.models import ForecastChange, Opportunity
from deals.models.forecast import category, forecast_as
from prm.errors import RuleViolation
from prm.events.models import Event
from tests import factories


@pytest.mark.parametrize(("stage", "set_to", "counts"), [
    ("prospect", "", "pipeline"), ("business_validation", "", "best_case"), ("committed", "", "commit"),
    ("prospect", "commit", "commit"), ("committed", "omitted", "omitted"), ("won", "commit", ""),
])  # fmt: skip
def test_what_counts(stage, set_to, counts, system):
    day = factories.business_today() if stage == "won" else None
    deal = factories.opportunity(stage=stage, forecast=set_to, closed_on=day)
    found = Opportunity.objects.annotate(found=category()).get(pk=deal.pk)
    assert (found.found, found.forecast_category) == (counts, counts)
    matches = [name for name in ("commit", "best_case", "pipeline", "omitted")
               if Opportunity.objects.filter(forecast_as([name])).exists()]  # fmt: skip
    assert matches == [counts] * bool(counts)


def test_set_by_people_and_kept(channel_manager, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    client, url = signed_in(channel_manager), f"/opportunities/{deal.pk}/forecast/"
    assert "By its stage: Pipeline" in client.get(url).content.decode()
    assert client.post(url, {"forecast": "commit", "version": "1"}).status_code == 302
    assert client.post(url, {"forecast": "best_case", "version": "2"}).status_code == 302
    assert client.post(url, {"forecast": "commit", "version": "2"}).status_code == 422  # somebody was faster
    assert list(ForecastChange.objects.values_list("old", "new", "by")) == [
        ("", "commit", channel_manager.pk),
        ("commit", "best_case", channel_manager.pk),
    ]
    page = client.get(deal.get_absolute_url()).content.decode()
    assert "Best case" in page
    assert f"{channel_manager.name}, " in page
    assert "before: Commit" in page
    assert "Forecast: Commit → Best case" in page
    assert client.post(url, {"forecast": "", "version": "3"}).status_code == 302
    assert "left to the stage by Camille Manager" in client.get(deal.get_absolute_url()).content.decode()


def test_a_closed_deal_is_not_forecast(channel_manager):
    deal = factories.opportunity(forecast="commit")
    deal.win(by=channel_manager)
    with pytest.raises(RuleViolation):
        deal.set_forecast("pipeline", by=channel_manager)
    with pytest.raises(RuleViolation):
        factories.opportunity().set_forecast("sure", by=channel_manager)


def test_the_partner_learns_nothing_of_it(channel_manager, alpine):
    deal = factories.opportunity(of=alpine)
    before = deal.participants.get().version
    deal.set_forecast("commit", by=channel_manager)
    assert deal.participants.get().version == before
    assert Event.objects.about(deal).get().partner_id is None


def test_sums_filter_column_and_sort(channel_manager, alpine, signed_in):
    factories.opportunity("Sure", of=alpine, amount=100, forecast="commit")
    factories.opportunity("Also sure", of=alpine, amount=50, stage="committed")
    factories.opportunity("Perhaps", of=alpine, amount=30, stage="business_validation")
    factories.opportunity("Some day", of=alpine, amount=7)
    client = signed_in(channel_manager)
    board = client.get("/pipeline/").context["board"]
    assert [(part.forecast.value, part.count, part.total) for part in board.forecast] == [
        ("commit", 2, Decimal(150)), ("best_case", 1, Decimal(30)), ("pipeline", 1, Decimal(7)),
        ("omitted", 0, Decimal(0)),
    ]  # fmt: skip
    assert client.get("/pipeline/?forecast=commit").context["board"].total == 150
    lines = client.get("/opportunities/?forecast=commit&forecast=best_case&sort=forecast").context["lines"]
    assert {line["title"] for line in lines} == {"Sure", "Also sure", "Perhaps"}
    assert lines[0]["title"] == "Perhaps"
    assert [cell.text for cell in lines[0]["cells"] if cell.column.name == "forecast"] == ["Best case"]


@pytest.mark.parametrize("who", ["viewer", "owner", "finance"])
def test_others_set_nothing(who, request, alpine, signed_in):
    deal = factories.opportunity(of=alpine)
    answer = signed_in(request.getfixturevalue(who)).post(f"/opportunities/{deal.pk}/forecast/", {"forecast": "commit"})
    assert answer.status_code == 404
