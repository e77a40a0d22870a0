"""Who brought or helped which won opportunity: the rules, as one SQL statement, and who runs it when.

``refresh(ids)`` computes the ledger of these opportunities anew, ``refresh_noted()`` those that changed since, ``rebuild()`` all of
them. The same statement does all three and writes only rows that differ, so repeating it changes nothing.

The journey of a won opportunity: touches linked to it, to a lead or a registration that led to it, and touches of its customer
that belong to no deal, by a partner, team or campaign, within the look-back. Touches after the end of the closing day (on
the vendor's clock) and touches of weight 0 do not count. Order: instant, then id.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from babel.numbers import get_currency_precision
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from attribution.models.credit import AttributionRun
from prm.money import CURRENCIES, MOST_MINOR

MODELS = ("first_touch", "last_touch", "linear")
VERSION = 1  # of the rules below; a row says by which it was made
BATCH = 1_000  # notes worked off in one transaction
LOCK = 728_001  # one writer of the ledger at a time

# Who gets which share of a journey. ``touch`` (deal, touch_id, at, weight) and ``deal`` (deal, whole) are given: an
# opportunity of the database, or a journey of a file. Shares are fractions numerator / denominator, so nothing is rounded yet.
SHARES = """
numbered AS (
    SELECT touch.*, row_number() OVER (PARTITION BY deal ORDER BY at, touch_id) AS position,
        count(*) OVER (PARTITION BY deal) AS of, sum(weight) OVER (PARTITION BY deal) AS total
    FROM touch
),
share AS (
    SELECT numbered.*, model, CASE model WHEN 'linear' THEN weight ELSE 1 END AS numerator,
        CASE model WHEN 'linear' THEN total ELSE 1 END AS denominator
    FROM numbered CROSS JOIN (VALUES ('first_touch'), ('last_touch'), ('linear')) AS rules (model)
    WHERE model = 'linear' OR position = CASE model WHEN 'first_touch' THEN 1 ELSE of END
)"""

JOURNEYS = """
won AS (
    SELECT id AS deal, customer_id, coalesce(amount, 0) AS amount, currency, closed_on,
        (closed_on + 1)::timestamp AT TIME ZONE %(zone)s AS closed_at
    FROM deals_opportunity WHERE stage = 'won' AND {scope}
),
unit AS MATERIALIZED (SELECT key AS currency, value::int AS digits FROM jsonb_each_text(%(digits)s)),
priced AS MATERIALIZED (
    SELECT won.*, greatest(coalesce(digits, 2), scale(trim_scale(amount))) AS fine,
        amount * 10::numeric ^ %(reporting_digits)s * CASE WHEN amount = 0 OR won.currency = %(reporting)s THEN 1 ELSE rate END AS minor
    FROM won LEFT JOIN unit USING (currency) LEFT JOIN LATERAL (
        SELECT rate FROM money_exchangerate WHERE currency = won.currency AND base = %(reporting)s AND day <= closed_on
        ORDER BY day DESC LIMIT 1
    ) AS last_rate ON won.currency <> %(reporting)s
),
deal AS MATERIALIZED (
    SELECT priced.*, round(amount * 10::numeric ^ fine) AS whole,
        CASE WHEN minor IS NULL THEN 'missing_rate' WHEN minor > %(most)s THEN 'too_large' ELSE '' END AS problem,
        CASE WHEN minor > %(most)s THEN NULL  -- else half to even, as prm.money rounds
            WHEN minor - floor(minor) = 0.5 THEN 2 * round(minor / 2) ELSE round(minor) END AS converted
    FROM priced
),
led AS (
    SELECT deal, registration.id AS registration
    FROM won JOIN deals_opportunityparticipant AS part ON part.opportunity_id = deal
    JOIN deals_dealregistration AS registration ON registration.participant_id = part.id
),
act AS NOT MATERIALIZED (
    SELECT id AS touch_id, at, kind, weight, partner_id, team_id, campaign_id, lead_id, opportunity_id, registration_id, customer_id
    FROM attribution_touchpoint WHERE weight > 0
),
linked AS (  -- a touch that is linked twice counts once
    SELECT deal, act.* FROM won JOIN act ON opportunity_id = deal
    UNION SELECT deal, act.* FROM led JOIN act ON registration_id = registration
    UNION SELECT deal, act.* FROM won JOIN attribution_lead AS lead ON converted_opportunity_id = deal JOIN act ON lead_id = lead.id
    UNION SELECT deal, act.* FROM led JOIN attribution_lead AS lead ON converted_registration_id = registration
        JOIN act ON lead_id = lead.id
    UNION ALL SELECT deal, act.* FROM won JOIN act ON act.customer_id = won.customer_id
        WHERE opportunity_id IS NULL AND lead_id IS NULL AND registration_id IS NULL
        AND num_nonnulls(partner_id, team_id, campaign_id) > 0 AND at >= closed_at - make_interval(hours => 24 * %(lookback)s)
),
touch AS (SELECT linked.* FROM linked JOIN won USING (deal) WHERE at <= closed_at)"""

# The ledger's rows: shares of touches, what nobody touched, the source, and who helped without being the source.
ROWS = """
part AS (
    SELECT opportunity_id AS deal, id, partner_id, team_id, role, created_at
    FROM deals_opportunityparticipant WHERE opportunity_id IN (SELECT deal FROM won)
),
sourcing AS (
    SELECT DISTINCT ON (deal) deal, partner_id, team_id FROM part WHERE role = 'sourcing' ORDER BY deal, created_at, id
),
source AS (
    SELECT won.deal, touch_id, at, kind, coalesce(position, 0) AS position, coalesce(of, 0) AS of,
        coalesce(first.partner_id, sourcing.partner_id) AS partner_id, coalesce(first.team_id, sourcing.team_id) AS team_id,
        first.campaign_id, CASE WHEN sourcing.deal IS NOT NULL THEN 'sourcing_participant' WHEN first.deal IS NOT NULL
            THEN 'touch' ELSE 'unattributed' END AS rule
    FROM won LEFT JOIN sourcing USING (deal)
    LEFT JOIN numbered AS first ON first.deal = won.deal AND first.position = 1 AND sourcing.deal IS NULL
),
helper AS (
    SELECT deal, partner_id, min(position) AS position, max(of) AS of FROM numbered WHERE partner_id IS NOT NULL GROUP BY 1, 2
    UNION ALL
    SELECT deal, partner_id, 0, 0 FROM part WHERE role = 'influencing' AND partner_id IS NOT NULL
),
entry AS (
    SELECT deal, model, touch_id, kind, at, partner_id, team_id, campaign_id, numerator, denominator, position, of,
        'touch' AS rule, touch_id::text AS key
    FROM share
    UNION ALL
    SELECT deal, model, NULL, '', NULL, NULL, NULL, NULL, 1, 1, 0, 0, 'unattributed', ''
    FROM won CROSS JOIN (VALUES ('first_touch'), ('last_touch'), ('linear')) AS rules (model)
    WHERE NOT EXISTS (SELECT FROM numbered WHERE numbered.deal = won.deal)
    UNION ALL
    SELECT deal, 'sourced', touch_id, coalesce(kind, ''), at, partner_id, team_id, campaign_id, 1, 1, position, of, rule, ''
    FROM source
    UNION ALL
    SELECT helper.deal, 'influenced', NULL, '', NULL, helper.partner_id, NULL, NULL, 1, 1,
        max(helper.position), max(helper.of), 'influencing', helper.partner_id::text
    FROM helper JOIN source USING (deal) WHERE helper.partner_id IS DISTINCT FROM source.partner_id
    GROUP BY helper.deal, helper.partner_id
),
-- Largest remainder: everybody gets its share rounded down, the missing units go to the largest remainders, in order of the touches.
floored AS (
    SELECT entry.*, deal.amount, deal.currency, deal.closed_on, deal.problem, fine, whole, converted,
        div(whole * numerator, denominator) AS got, mod(whole * numerator, denominator) AS rest,
        div(converted * numerator, denominator) AS got_reporting, mod(converted * numerator, denominator) AS rest_reporting
    FROM entry JOIN deal USING (deal)
),
ranked AS (
    SELECT floored.*, whole - sum(got) OVER models AS missing, converted - sum(got_reporting) OVER models AS missing_reporting,
        row_number() OVER (PARTITION BY deal, model ORDER BY rest DESC, position, key) AS turn,
        row_number() OVER (PARTITION BY deal, model ORDER BY rest_reporting DESC, position, key) AS turn_reporting
    FROM floored WINDOW models AS (PARTITION BY deal, model)
),
own_part AS (
    SELECT DISTINCT ON (deal, partner_id) deal, partner_id, id FROM part WHERE partner_id IS NOT NULL
    ORDER BY deal, partner_id, created_at, id
),
fresh AS (
    SELECT md5(concat_ws('/', ranked.deal, model, key))::uuid AS id, ranked.deal AS opportunity_id, model,
        ranked.touch_id AS touchpoint_id, ranked.kind, ranked.at, ranked.partner_id, ranked.team_id, ranked.campaign_id,
        own_part.id AS participant_id, round(numerator / denominator, 12)::numeric(13, 12) AS weight,
        ((got + (turn <= missing)::int) / 10::numeric ^ fine)::numeric(19, 4) AS amount, currency,
        (got_reporting + (turn_reporting <= missing_reporting)::int)::bigint AS reporting_minor, problem, closed_on,
        ranked.position, ranked.of,
        ranked.partner_id IS NOT NULL AND ranked.partner_id IS NOT DISTINCT FROM source.partner_id AS sourced,
        ranked.rule, %(version)s AS rule_version
    FROM ranked JOIN source USING (deal)
    LEFT JOIN own_part ON own_part.deal = ranked.deal AND own_part.partner_id = ranked.partner_id
)"""

COLUMNS = (
    "id opportunity_id model touchpoint_id kind at partner_id team_id campaign_id participant_id weight amount currency"
    " reporting_minor problem closed_on position of sourced rule rule_version"
).split()
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
OLD, NEW = (", ".join(f'{table}."{name}"' for name in COLUMNS) for table in ("kept", "excluded"))
SET = ", ".join(f'"{name}" = excluded."{name}"' for name in COLUMNS)

WRITE = f"""
WITH {JOURNEYS}, {SHARES}, {ROWS},
gone AS (
    DELETE FROM attribution_credit AS kept WHERE {{kept}} AND NOT EXISTS (SELECT FROM fresh WHERE fresh.id = kept.id) RETURNING 1
),
put AS (
    INSERT INTO attribution_credit AS kept ({NAMES}) SELECT {NAMES} FROM fresh
    ON CONFLICT (id) DO UPDATE SET {SET} WHERE ({OLD}) IS DISTINCT FROM ({NEW}) RETURNING 1
)
SELECT (SELECT count(*) FROM won), (SELECT count(*) FROM fresh), (SELECT count(*) FROM put) + (SELECT count(*) FROM gone)
"""  # noqa: S608 # nosec B608 # made of constants of ours; values are parameters
WRITE_SOME = WRITE.format(scope="id = ANY(%(ids)s::uuid[])", kept="opportunity_id = ANY(%(ids)s::uuid[])")
WRITE_ALL = WRITE.format(scope="true", kept="true")

TAKE = """
DELETE FROM attribution_creditdirty
WHERE id = ANY(array(SELECT id FROM attribution_creditdirty ORDER BY id LIMIT %(batch)s)) RETURNING subject, currency, since
"""
# Which won opportunities, or such that were, rest on what was noted.
RESOLVE = """
WITH found AS (
    SELECT unnest(%(subjects)s::uuid[]) AS id
    UNION SELECT opportunity_id FROM deals_opportunityparticipant WHERE id = ANY(%(subjects)s::uuid[])
    UNION SELECT opportunity_id FROM deals_dealregistration AS registration
        JOIN deals_opportunityparticipant AS part ON part.id = participant_id WHERE registration.id = ANY(%(subjects)s::uuid[])
    UNION SELECT opportunity_id FROM attribution_lead AS lead
        JOIN deals_dealregistration AS registration ON registration.id = converted_registration_id
        JOIN deals_opportunityparticipant AS part ON part.id = participant_id WHERE lead.id = ANY(%(subjects)s::uuid[])
    UNION SELECT converted_opportunity_id FROM attribution_lead WHERE id = ANY(%(subjects)s::uuid[])
    UNION SELECT id FROM deals_opportunity WHERE customer_id = ANY(%(subjects)s::uuid[]) AND stage = 'won'
    UNION SELECT unnest(%(of_rates)s::uuid[])
)
SELECT id FROM found WHERE EXISTS (SELECT FROM deals_opportunity AS deal WHERE deal.id = found.id AND stage = 'won')
OR EXISTS (SELECT FROM attribution_credit WHERE opportunity_id = found.id)
"""
OF_RATE = "SELECT id FROM deals_opportunity WHERE stage = 'won' AND currency = %s AND closed_on >= %s"


class Done(NamedTuple):
    """How many won opportunities were looked at, how many rows they have, how many of these changed."""

    opportunities: int
    credits: int
    changed: int


@cache
def odd_digits() -> str:
    """The currencies whose minor unit is not a hundredth, as JSON."""
    return json.dumps({code: digits for code in CURRENCIES if (digits := get_currency_precision(code)) != 2})


def _write(statement: str, **given: Any) -> Done:
    values: dict[str, Any] = {
        "zone": settings.BUSINESS_TIME_ZONE,
        "digits": odd_digits(),
        "reporting": settings.REPORTING_CURRENCY,
        "reporting_digits": get_currency_precision(settings.REPORTING_CURRENCY),
        "most": MOST_MINOR,
        "lookback": settings.CREDIT_LOOKBACK_DAYS,
        "version": VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, **given})
        return Done(*cursor.fetchone())


def _alone() -> None:
    """Writers of the ledger take turns, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@transaction.atomic
def refresh(ids: Collection[Any]) -> Done:
    """Compute the ledger of these opportunities anew; rows that are right stay untouched."""
    if not ids:
        return Done(0, 0, 0)
    _alone()
    return _write(WRITE_SOME, ids=[str(pk) for pk in ids])


@transaction.atomic
def refresh_noted(batch: int = BATCH) -> bool:
    """Compute what rests on the oldest notes, and drop these; answers whether more may be left."""
    _alone()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"batch": batch})
        notes = cursor.fetchall()
        subjects = {str(subject) for subject, _currency, _since in notes if subject}
        of_rates = set()
        for currency in {currency for _subject, currency, _since in notes if currency}:
            cursor.execute(OF_RATE, [currency, min(since for _subject, code, since in notes if code == currency)])
            of_rates |= {str(pk) for (pk,) in cursor.fetchall()}
        cursor.execute(RESOLVE, {"subjects": sorted(subjects), "of_rates": sorted(of_rates)})
        ids = [str(pk) for (pk,) in cursor.fetchall()]
        cursor.execute("SELECT set_config('prm.credit_woken', '', true)")  # notes made after this wake again
    if ids:
        _write(WRITE_SOME, ids=ids)
    return len(notes) == batch


@transaction.atomic
def rebuild() -> AttributionRun:
    """Compute the whole ledger, in one statement; answers with what differed."""
    _alone()
    begun = timezone.now()
    done = _write(WRITE_ALL)
    return AttributionRun.objects.create(
        rule_version=VERSION,
        lookback_days=settings.CREDIT_LOOKBACK_DAYS,
        currency=settings.REPORTING_CURRENCY,
        started_at=begun,
        ended_at=timezone.now(),
        **done._asdict(),
    )
