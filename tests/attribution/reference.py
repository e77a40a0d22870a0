"""The rules of credit once more, in exact fractions and plain Python: what the ledger must equal.

Written from the definitions, not from the SQL: a journey is gathered touch by touch from the models.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.conf import settings

from attribution.models import Lead, Touchpoint
from deals.models import DealRegistration, Opportunity, OpportunityParticipant
from prm.errors import RuleViolation
from prm.money import minor_units, split
from prm.money.models import ExchangeRate


def closing_instant(deal):
    return datetime.combine(deal.closed_on + timedelta(days=1), time(), ZoneInfo(settings.BUSINESS_TIME_ZONE))


def journey(deal, touches, leads, registrations, deal_of_participant):
    """The countable touches of a won opportunity, in order."""
    close = closing_instant(deal)
    found = []
    for touch in touches:
        lead, registration = leads.get(touch.lead_id), registrations.get(touch.registration_id)
        deals = {touch.opportunity_id}
        if lead:
            deals.add(lead.converted_opportunity_id)
            through = registrations.get(lead.converted_registration_id)
            deals.add(deal_of_participant.get(through.participant_id) if through else None)
        if registration:
            deals.add(deal_of_participant.get(registration.participant_id))
        loose = not (touch.opportunity_id or touch.lead_id or touch.registration_id)
        near = (
            loose
            and deal.customer_id is not None
            and touch.customer_id == deal.customer_id
            and (touch.partner_id or touch.team_id or touch.campaign_id)
            and touch.at >= close - timedelta(days=settings.CREDIT_LOOKBACK_DAYS)
        )
        if (deal.pk in deals or near) and touch.at <= close and touch.weight > 0:
            found.append(touch)
    return sorted(found, key=lambda touch: (touch.at, touch.pk))


def shares(touches):
    """Model → a share for each touch of the journey."""
    n = len(touches)
    total = sum(Fraction(touch.weight) for touch in touches)
    return {
        "first_touch": [Fraction(i == 0) for i in range(n)],
        "last_touch": [Fraction(i == n - 1) for i in range(n)],
        "linear": [Fraction(touch.weight) / total for touch in touches],
    }


def reporting(deal):
    """The amount in the reporting currency, or why there is none."""
    amount = deal.amount or Decimal(0)
    if not amount:
        return Decimal(0), ""
    try:
        return ExchangeRate.objects.convert(amount, deal.currency, deal.closed_on).quantize(
            Decimal("0.01"), ROUND_HALF_EVEN
        ), ""
    except RuleViolation:
        return None, "missing_rate"


def parts(deal, weights):
    """Amounts in both currencies by largest remainder."""
    amount = deal.amount or Decimal(0)
    whole, problem = reporting(deal)
    own = split(amount, deal.currency or "EUR", weights)
    converted = [None] * len(own) if problem else split(whole, settings.REPORTING_CURRENCY, weights)
    return own, [value if value is None else minor_units(value, settings.REPORTING_CURRENCY) for value in converted]


def ledger():
    """Every row the ledger must have, as tuples: see ``stored``."""
    touches = list(Touchpoint.objects.all())
    leads = {lead.pk: lead for lead in Lead.objects.all()}
    registrations = {row.pk: row for row in DealRegistration.objects.all()}
    participants = sorted(OpportunityParticipant.objects.all(), key=lambda row: (row.created_at, row.pk))
    deal_of_participant = {row.pk: row.opportunity_id for row in participants}
    taking_part = defaultdict(list)
    for row in participants:
        taking_part[row.opportunity_id].append(row)
    rows = set()
    for deal in Opportunity.objects.filter(stage="won"):
        rows |= set(
            rows_of(deal, journey(deal, touches, leads, registrations, deal_of_participant), taking_part[deal.pk])
        )
    return rows


def rows_of(deal, touches, participants):
    own_part = {}
    for row in reversed(participants):
        own_part[row.partner_id] = row.pk
    sourcing = next((row for row in participants if row.role == "sourcing"), None)
    first = touches[0] if touches else None
    source = sourcing or first
    source_partner = source.partner_id if source else None

    def row(model, weight, own, converted, who, touch=None, position=0, rule="touch", helped=0):
        partner = who.partner_id if who else None
        return (
            deal.pk,
            model,
            touch.pk if touch else None,
            partner,
            who.team_id if who else None,
            getattr(who, "campaign_id", None) if who else None,
            own_part.get(partner) if partner else None,
            round(Decimal(weight.numerator) / Decimal(weight.denominator), 12),
            own,
            converted,
            position,
            len(touches) if touch else helped,
            partner is not None and partner == source_partner,
            rule,
        )

    whole_own, whole_converted = (values[0] for values in parts(deal, [Fraction(1)]))
    for model, weights in shares(touches).items():
        if not touches:
            yield row(model, Fraction(1), whole_own, whole_converted, None, rule="unattributed")
            continue
        own, converted = parts(deal, weights)
        for i, touch in enumerate(touches):
            if weights[i]:
                yield row(model, weights[i], own[i], converted[i], touch, touch, i + 1)
    rule = "sourcing_participant" if sourcing else "touch" if first else "unattributed"
    named = first if rule == "touch" else None
    yield row("sourced", Fraction(1), whole_own, whole_converted, source, named, 1 if named else 0, rule)
    helpers = {}
    for i, touch in enumerate(touches):
        if touch.partner_id and touch.partner_id not in helpers:
            helpers[touch.partner_id] = i + 1
    influencing = {row.partner_id for row in participants if row.role == "influencing" and row.partner_id}
    for partner in {*helpers, *influencing} - {source_partner}:
        who = type("Who", (), {"partner_id": partner, "team_id": None})
        position = helpers.get(partner, 0)
        yield row(
            "influenced",
            Fraction(1),
            whole_own,
            whole_converted,
            who,
            None,
            position,
            "influencing",
            len(touches) if position else 0,
        )


def stored(rows):
    """The ledger's rows as the reference writes them."""
    return {
        (
            row.opportunity_id,
            row.model,
            row.touchpoint_id,
            row.partner_id,
            row.team_id,
            row.campaign_id,
            row.participant_id,
            row.weight,
            row.amount,
            row.reporting_minor,
            row.position,
            row.of,
            row.sourced,
            row.rule,
        )
        for row in rows
    }
