"""What deals have to say before two customers become one: their protections must not overlap."""

from __future__ import annotations

from django.db.models import F, Max
from django.utils.translation import gettext as _
from psycopg2.extras import NumericRange

from deals.models import Approval, Protection
from prm.errors import RuleViolation
from prm.registries import MergeGuard, merge_guards
from prm.ui.templatetags.ui import day
from territories.models import Customer

FAR = 1_000_000  # numbers of places no customer reaches


def overlapping(source: Customer, target: Customer) -> list[tuple[Protection, Protection]]:
    """Running protections of both on the same line, days and place; numbered places are the same when they are named alike."""
    both = Protection.objects.running().filter(customer__in=[source, target], shared=False)
    rows = list(both.select_related("line", "partner", "registration").order_by("created_at", "pk"))
    found = []
    for one in (row for row in rows if row.customer_id == source.pk):
        for two in (row for row in rows if row.customer_id == target.pk):
            places = [row.registration.place_name.casefold() if row.place.lower else "" for row in (one, two)]
            same_place = "" in places or places[0] == places[1]
            apart = (one.period.upper and one.period.upper <= two.period.lower) or (
                two.period.upper and two.period.upper <= one.period.lower
            )
            if one.line_id == two.line_id and same_place and not apart:
                found.append((one, two))
    return found


def check(source: Customer, target: Customer) -> None:
    if pairs := overlapping(source, target):
        one, two = pairs[0]
        raise RuleViolation(
            "protections_overlap",
            _(
                "%(line)s is protected for %(one)s at %(source)s until %(until)s and for %(two)s at %(target)s until %(day)s."
                " Release one of them first; the conflict is kept in view."
            )
            % {
                "line": one.line,
                "one": one.partner,
                "source": source,
                "until": day(one.last_day),
                "two": two.partner,
                "target": target,
                "day": day(two.last_day),
            },
            field="other",
        )


def number_places_anew(source: Customer, target: Customer) -> None:
    """Each customer numbers its sites and projects for itself: one named alike keeps the target's number, others follow on."""
    files = Approval.objects.filter(place_number__isnull=False)
    named = {
        name.casefold(): number
        for number, name in files.filter(customer=target).values_list("place_number", "registration__place_name")
    }
    last = files.filter(customer=target).aggregate(last=Max("place_number"))["last"] or 0
    numbers: dict[int, int] = {}
    for number, name in files.filter(customer=source).values_list("place_number", "registration__place_name"):
        if number not in numbers:
            if name.casefold() not in named:
                last += 1
                named[name.casefold()] = last
            numbers[number] = named[name.casefold()]
    own = Protection.objects.filter(customer=source)
    files.filter(customer=source).update(place_number=F("place_number") + FAR)
    for old, new in numbers.items():
        files.filter(customer=source, place_number=old + FAR).update(place_number=new)
        own.filter(place=NumericRange(old, old + 1)).update(place=NumericRange(old + FAR, old + FAR + 1))
    for old, new in numbers.items():
        own.filter(place=NumericRange(old + FAR, old + FAR + 1)).update(place=NumericRange(new, new + 1))


merge_guards.add(MergeGuard("customer", check, number_places_anew, "conflicts.merge_refused"))
