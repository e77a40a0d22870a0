"""Each figure of the demo equals what pandas reckons from the rows it leads to, exported as a person would export them."""

import io

import pandas as pd
import pytest
from django.test import Client

from attribution import kpis
from attribution.kpis.metrics import Unit
from partners.models import Membership, User
from prm.management.demo.clock import set_by_hand
from tests import factories
from tests.demo.conftest import NOW, undone

pytestmark = pytest.mark.usefixtures("demo")


def part(rows: pd.DataFrame, column: str, word: str) -> float:
    return (rows[column] == word).mean()


# What each says of the rows behind it; money is the sum of the column in the reporting currency.
RECKONED = {
    "won_deals": len,
    "average_deal": lambda rows: rows["Counts for"].mean(),
    "win_rate": lambda rows: part(rows, "Stage", "Won"),
    "conversion": lambda rows: part(rows, "Stage", "Won"),
    "cycle_time": lambda rows: rows["Days"].mean(),
    "open_deals": len,
    "submissions": len,
    "approval_rate": lambda rows: part(rows, "In that part", "yes"),  # a withdrawn one may have been approved before
    "decision_time": lambda rows: rows["Hours"].mean(),
    "decided_on_time": lambda rows: (
        pd.to_datetime(rows["Decided"], utc=True) <= pd.to_datetime(rows["Promised by"], utc=True)
    ).mean(),
    "active_partners": len,
    "open_conflicts": len,
    "lead_acceptance": lambda rows: part(rows, "Status", "accepted"),
}


def rows_behind(client: Client, figure: kpis.Figure) -> pd.DataFrame:
    response = client.get(f"{figure.url}&export=csv")
    assert response.status_code == 200, figure.url
    return pd.read_csv(io.BytesIO(b"".join(response.streaming_content)))


def read_by(person: User) -> Client:
    User.objects.filter(pk=person.pk).update(language="en")
    return factories.sign_in(Client(), person)


def agree(client: Client, figure: kpis.Figure) -> None:
    rows, key = rows_behind(client, figure), figure.metric.key
    if figure.value is None:
        assert rows.empty, figure.url
        return
    reckoned = RECKONED.get(key, lambda rows: rows["Counts for"].sum())(rows)
    # the file has days and hours to a tenth
    if figure.metric.unit == Unit.RATIO:
        assert part(rows, "In that part", "yes") == pytest.approx(reckoned)
    within = 0.051 if figure.metric.unit in (Unit.DAYS, Unit.HOURS) else 0.0051
    assert float(figure.value) == pytest.approx(reckoned, abs=within), figure.url


@pytest.mark.parametrize("period", ["12m", "last_quarter"])
def test_figures_of_the_vendor(period):
    with undone(), set_by_hand(NOW):
        admin = User.objects.get(email="admin@vendor.example")
        client, told = read_by(admin), kpis.Period.named(period)
        for metric in kpis.METRICS:
            if metric.key == "growth":
                continue
            figure = kpis.value(metric, told, user=admin)
            agree(client, figure)
            if "partner" in metric.dimensions:
                for one in kpis.values(metric, told, "partner", user=admin)[:2]:
                    agree(client, one)
        now, before = (kpis.value("bookings", one, user=admin) for one in (told, told.previous))
        sums = [rows_behind(client, one)["Counts for"].sum() for one in (now, before)]
        growth = kpis.value("growth", told, user=admin).value
        if sums[1]:
            assert float(growth) == pytest.approx((sums[0] - sums[1]) / sums[1], abs=0.0001)
        else:
            assert growth is None


def test_figures_of_a_partner():
    with undone(), set_by_hand(NOW):
        member = Membership.objects.with_headed_companies().get(user__email="admin@alpine.example")
        person = member.user.act_for(member)
        client = read_by(person)
        for metric in kpis.METRICS.visible_to(person):
            if metric.key != "growth":
                agree(client, kpis.value(metric, kpis.Period.named("12m"), user=person))
