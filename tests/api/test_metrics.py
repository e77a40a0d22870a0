"""Metrics and their values: everything on one page, wrong parameters named."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("who", ["admin", "owner"])
def test_metrics_and_their_values(api, request, who):
    ours = api(request.getfixturevalue(who))
    listed = ours.get("/metrics/?limit=5")
    assert listed.status_code == 200, listed.content
    for metric in listed.json()["results"]:
        assert ours.get(f"/metrics/{metric['key']}/").json() == metric
        values = ours.get(f"/metric-values/?metric={metric['key']}&period=12m")
        assert values.status_code == 200, values.content


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/metrics/?limit=true", "invalid_parameter"),
        ("/metrics/?limit=0", "invalid_parameter"),
        ("/metrics/?cursor=x", "invalid_cursor"),
        ("/metrics/?more=1", "unknown_parameter"),
        ("/metric-values/", "invalid_parameter"),
        ("/metric-values/?metric=nothing", "invalid_parameter"),
        ("/metric-values/?metric=bookings&limit=x", "invalid_parameter"),
        ("/metric-values/?metric=bookings&start=2026-02-01&end=2026-01-01", "invalid_parameter"),
        ("/metric-values/?metric=bookings&period=forever", "invalid_parameter"),
        ("/metric-values/?metric=bookings&partner=x", "invalid_parameter"),
    ],
)
def test_wrong_parameters_are_named(api, admin, address, code):
    answer = api(admin).get(address)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.content
