"""Figures: declared metrics, a ledger kept equal to the rows, and the questions one may ask of it."""

from attribution.kpis.figure import Figure, UnknownQuestion, change
from attribution.kpis.figures import series, tiles, value, values
from attribution.kpis.links import metric_url, rows_url
from attribution.kpis.metrics import METRICS, Metric
from prm.periods import Period

__all__ = [
    "METRICS",
    "Figure",
    "Metric",
    "Period",
    "UnknownQuestion",
    "change",
    "metric_url",
    "rows_url",
    "series",
    "tiles",
    "value",
    "values",
]
