"""How sure people are of a deal: the forecast category they set, and what stands for it until they do."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from deals.axes import CLOSED_STAGES, OPEN_STAGES, Stage
from prm.records import Part


class Forecast(models.TextChoices):
    COMMIT = "commit", pgettext_lazy("forecast", "Commit")
    BEST_CASE = "best_case", pgettext_lazy("forecast", "Best case")
    PIPELINE = "pipeline", pgettext_lazy("forecast", "Pipeline")
    OMITTED = "omitted", pgettext_lazy("forecast", "Left out")


# Until somebody says otherwise a deal is forecast by its stage.
BY_STAGE: dict[str, str] = {
    Stage.PROSPECT: Forecast.PIPELINE,
    Stage.QUALIFIED: Forecast.PIPELINE,
    Stage.TECHNICAL: Forecast.PIPELINE,
    Stage.BUSINESS: Forecast.BEST_CASE,
    Stage.COMMITTED: Forecast.COMMIT,
}


def category(deal: str = "") -> Case:
    """The category that counts, as an expression; ``deal`` is the path to the opportunity. A closed deal has none."""
    return Case(
        When(**{f"{deal}stage__in": CLOSED_STAGES}, then=Value("")),
        When(**{f"{deal}forecast": ""}, then=Case(*whens(deal), default=Value(""))),
        default=F(f"{deal}forecast"),
        output_field=models.CharField(),
    )


def forecast_as(names: Iterable[str]) -> Q:
    """Open deals of one of these categories."""
    by_stage = [str(stage) for stage, name in BY_STAGE.items() if name in set(names)]
    return Q(stage__in=OPEN_STAGES) & (Q(forecast__in=list(names)) | Q(forecast="", stage__in=by_stage))


def whens(deal: str) -> list[When]:
    return [When(**{f"{deal}stage": str(stage)}, then=Value(str(name))) for stage, name in BY_STAGE.items()]


class ForecastChange(Part):
    """One step of an opportunity's forecast: who set which category, and when; empty: left to the stage again."""

    opportunity = models.ForeignKey("deals.Opportunity", models.CASCADE, related_name="forecast_changes")
    old = models.CharField(max_length=9, choices=Forecast.choices, blank=True)
    new = models.CharField(max_length=9, choices=Forecast.choices, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
