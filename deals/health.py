"""Open deals that stand still or slip, and why: the board, the table, the records and the home pages all ask here.

Stale: nothing was heard of it for as many days as its stage allows (``StageRule``). Slipping: its expected close is past, or
was put off again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import LessThan
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from deals.axes import OPEN_STAGES
from deals.models import DealRegistration, OpportunityParticipant, StageRule
from deals.models.stage_rule import DEFAULTS
from partners.engagement.models import Activity
from prm.calendar import business_today
from prm.ui.templatetags import ui

PUT_OFF = 2  # times its close was put off, from which a deal slips

# What higher apps hear of an opportunity: each builds anew an expression, the instant of the latest it knows.
news_sources: list[Callable[[], Any]] = []


class Flag(TextChoices):
    STALE = "stale", pgettext_lazy("flag of a deal", "stale")
    SLIPPING = "slipping", pgettext_lazy("flag of a deal", "slipping")
    ANY = "any", pgettext_lazy("flag of a deal", "stale or slipping")


def last_news() -> Greatest:
    """When something last happened: a change of the deal or its stage, an activity about it, a touch."""
    parts = OpportunityParticipant.objects.filter(opportunity=OuterRef(OuterRef("pk"))).values("pk")
    registrations = DealRegistration.objects.filter(participant__opportunity=OuterRef(OuterRef("pk"))).values("pk")
    about = [Q(subject_id=OuterRef("pk")), Q(subject_id__in=parts), Q(subject_id__in=registrations)]
    return Greatest(F("updated_at"), *(latest_activity(which) for which in about), *(news() for news in news_sources))


def latest_activity(which: Q) -> Subquery:
    together = Activity.objects.filter(which).order_by().annotate(all=Value(1)).values("all")  # one group: all of them
    return Subquery(together.annotate(latest=Max(Greatest("created_at", "done_at"))).values("latest"))


def quiet_since() -> ExpressionWrapper:
    """The instant before which the last news of a deal in its stage makes it stale."""
    usual = Case(
        *(When(stage=str(stage), then=Value(rule.quiet_days)) for stage, rule in DEFAULTS.items() if rule.quiet_days),
        output_field=IntegerField(),
    )
    days = Coalesce(Subquery(StageRule.objects.filter(stage=OuterRef("stage")).values("quiet_days")), usual)
    length = ExpressionWrapper(days * Value(timedelta(days=1)), output_field=DurationField())
    return ExpressionWrapper(Value(timezone.now()) - length, output_field=DateTimeField())


def stale() -> Q:
    # The deal's own change is looked at first: it spares looking for activities wherever it is recent.
    return (
        Q(stage__in=OPEN_STAGES) & Q(LessThan(F("updated_at"), quiet_since())) & Q(LessThan(last_news(), quiet_since()))
    )


def slipping() -> Q:
    return Q(stage__in=OPEN_STAGES) & (Q(expected_close_date__lt=business_today()) | Q(put_off__gte=PUT_OFF))


CONDITIONS: dict[str, Callable[[], Q]] = {
    Flag.STALE: stale,
    Flag.SLIPPING: slipping,
    Flag.ANY: lambda: slipping() | stale(),
}


def flagged(rows: QuerySet, flag: str) -> QuerySet:
    """The opportunities with this flag."""
    return rows.filter(CONDITIONS[flag]())


def marks() -> dict[str, Any]:
    """Annotations that ``reasons`` reads: ``rows.annotate(**marks())``; no statement of their own."""
    return {"last_news": last_news(), "quiet_since": quiet_since()}


def answers() -> dict[str, Any]:
    """Annotations that say yes or no, for filters and sums."""
    return {
        "is_stale": Case(When(stale(), then=Value(True)), default=Value(False)),
        "is_slipping": Case(When(slipping(), then=Value(True)), default=Value(False)),
    }


def reasons(row: Any) -> list[dict[str, str]]:
    """Why a deal is flagged, in words, the most pressing first; staleness only of rows with ``marks``."""
    if row.is_closed:
        return []
    found = []
    if row.expected_close_date and row.expected_close_date < business_today():
        words = _("Close was %(day)s") % {"day": ui.day(row.expected_close_date)}
        found.append({"tone": "warn", "icon": "calendar-exclamation", "text": words})
    if row.put_off >= PUT_OFF:
        words = ngettext("Put off %(n)s time", "Put off %(n)s times", row.put_off) % {"n": ui.num(row.put_off)}
        found.append({"tone": "warn", "icon": "calendar-exclamation", "text": words})
    quiet = getattr(row, "quiet_since", None)
    if quiet and row.last_news < quiet:
        days = (timezone.now() - row.last_news).days
        words = ngettext("No news for %(n)s day", "No news for %(n)s days", days) % {"n": ui.num(days)}
        found.append({"tone": "warn", "icon": "message-off", "text": words})
    return found


def in_words(row: Any) -> str:
    """The reasons of a deal in one line, for a table or a file."""
    return " · ".join(reason["text"] for reason in reasons(row))
