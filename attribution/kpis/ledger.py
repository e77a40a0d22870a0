"""Which facts each source gives: one SQL text for each kind of source, the same for one changed row and for all of them.

That the incremental ledger equals the full one rests on this: nothing is added to a fact, the facts of a changed source are
written anew from its rows. Arithmetic is exact (numeric and integers); amounts are split by largest remainder.
"""

from __future__ import annotations

import json
from typing import Any

from babel.numbers import get_currency_precision
from django.conf import settings

from prm.calendar import business_today
from prm.money import MOST_MINOR
from territories.coverage import DECIDED

COLUMNS = "source, source_id, measure, on_date, partner_id, territory_id, line_id, route, value, n, shared"

# Half to even, as Python's Decimal rounds money.
HALF_EVEN = "CASE WHEN abs({x} - trunc({x})) = 0.5 THEN 2 * round({x} / 2) ELSE round({x}) END"

# Which territory covers a set ``spot`` of one's own: customers (a country stands in where theirs is not known), days, product lines.
# Whatever has a territory finds it here, so that figures agree on where a customer lies.
COVERED = r"""
asked AS MATERIALIZED (  -- what the rules of territories look at, as ``coverage.facts_of`` says; reserved customers lie in none
    SELECT row_number() OVER ()::int AS i, s.customer_id, s.country AS given, own.country, coalesce(c.industry, '') AS industry,
        coalesce(c.segment, '') AS segment, upper(regexp_replace(coalesce(a.postcode, ''), '[\s-]', '', 'g')) AS postcode,
        coalesce(CASE WHEN a.region = '' OR own.country = '' OR starts_with(a.region, own.country || '-') THEN a.region
            ELSE own.country || '-' || a.region END, '') AS region,
        ARRAY(
            SELECT c.id UNION ALL SELECT p.to_customer_id FROM territories_customer_parents p WHERE p.from_customer_id = c.id
        )::text AS customers,
        s.line_id AS line, '{}' AS roles, s.day
    FROM spot s
    LEFT JOIN territories_customer c ON c.id = s.customer_id
    CROSS JOIN LATERAL (SELECT coalesce(nullif(c.country, ''), s.country) AS country) own
    LEFT JOIN LATERAL (
        SELECT a.postcode, upper(trim(a.region)) AS region FROM territories_customeraddress a
        WHERE a.customer_id = c.id AND coalesce(nullif(a.country, ''), own.country) = own.country ORDER BY a.id LIMIT 1
    ) a ON true
    WHERE CASE WHEN c.id IS NULL THEN s.country <> '' ELSE NOT c.house_account END
),
decided AS ([decided]),
covered AS MATERIALIZED (  -- a full join, because it is never looped over: the planner takes the few estimated answers for few
    SELECT a.customer_id, a.given, a.day, a.line, t.territory_id FROM asked a FULL JOIN decided t ON t.i = a.i
)
""".strip().replace("[decided]", DECIDED)

# An opportunity's amount in minor units of the reporting currency, at the rate of its closing day or the latest, is split over
# its selling participants (by share; a team's part has no partner) and its product lines (by amount), largest remainder first.
OPPORTUNITIES = r"""
WITH deal AS MATERIALIZED (
    SELECT o.id, o.created_at, o.customer_id, o.stage, o.route, o.closed_on, coalesce(o.closed_on, %(today)s) AS day,
        o.stage IN ('won', 'lost') AS closed,
        least(o.opened_on, (o.created_at AT TIME ZONE %(zone)s)::date) AS began,
        o.amount IS NOT NULL AND coalesce(priced.minor > %(most)s, true) AS unconverted,
        CASE WHEN priced.minor <= %(most)s THEN priced.minor ELSE 0 END AS exact
    FROM deals_opportunity o
    LEFT JOIN LATERAL (
        SELECT r.rate FROM money_exchangerate r
        WHERE r.currency = o.currency AND r.base = %(base)s AND r.day <= coalesce(o.closed_on, %(today)s)
        ORDER BY r.day DESC LIMIT 1
    ) rate ON o.amount IS NOT NULL AND o.currency <> %(base)s
    CROSS JOIN LATERAL (
        SELECT o.amount * CASE WHEN o.currency = %(base)s THEN 1 ELSE rate.rate END * %(minor)s::numeric AS minor
    ) priced
    WHERE true {only}
),
seller AS (
    SELECT p.opportunity_id, p.partner_id, min(p.created_at) AS joined,
        CASE WHEN sum(sum(p.share)) OVER deals = 0 THEN 1 ELSE sum(p.share) END AS weight,
        row_number() OVER (PARTITION BY p.opportunity_id ORDER BY p.partner_id) AS place
    FROM deals_opportunityparticipant p WHERE p.role = 'selling' {parts}
    GROUP BY p.opportunity_id, p.partner_id
    WINDOW deals AS (PARTITION BY p.opportunity_id)
),
line AS (
    SELECT l.opportunity_id, l.line_id,
        CASE WHEN sum(sum(coalesce(l.amount, 0))) OVER deals = 0 THEN 1 ELSE sum(coalesce(l.amount, 0)) END AS weight,
        row_number() OVER (PARTITION BY l.opportunity_id ORDER BY l.line_id) AS place
    FROM deals_opportunityline l WHERE true {parts_of_line}
    GROUP BY l.opportunity_id, l.line_id
    WINDOW deals AS (PARTITION BY l.opportunity_id)
),
spot AS (SELECT DISTINCT d.customer_id, '' AS country, d.day, l.line_id FROM deal d LEFT JOIN line l ON l.opportunity_id = d.id),
{covered},
cell AS (
    SELECT d.id, s.partner_id, s.joined, l.line_id, v.territory_id, s.place AS seller_place, l.place AS line_place, {rounded} AS whole,
        coalesce(s.weight, 1) * coalesce(l.weight, 1) AS weight,
        sum(coalesce(s.weight, 1) * coalesce(l.weight, 1)) OVER (PARTITION BY d.id) AS weights
    FROM deal d LEFT JOIN seller s ON s.opportunity_id = d.id LEFT JOIN line l ON l.opportunity_id = d.id
    LEFT JOIN covered v ON v.customer_id = d.customer_id AND v.day = d.day AND v.line IS NOT DISTINCT FROM l.line_id
),
part AS (
    SELECT *, div(whole * weight, weights) AS least, whole * weight %% weights AS rest FROM cell
),
ranked AS (
    SELECT *, whole - sum(least) OVER (PARTITION BY id) AS left_over,
        row_number() OVER (PARTITION BY id ORDER BY rest DESC, seller_place, line_place) AS turn
    FROM part
),
piece AS (
    SELECT id, partner_id, joined, line_id, territory_id, (least + (turn <= left_over)::int)::bigint AS amount FROM ranked
),
step AS MATERIALIZED (
    SELECT c.opportunity_id AS id, c.old, c.new, (c.at AT TIME ZONE %(zone)s)::date AS day,
        row_number() OVER (PARTITION BY c.opportunity_id ORDER BY c.at, c.id) AS turn
    FROM deals_stagechange c WHERE true {parts_of_step}
),
reached AS (  -- the stages a deal has been in, each with a day; the one it began in has the day it began
    SELECT id, min(day) FILTER (WHERE stage <> 'prospect') AS contacted, min(day) FILTER (WHERE stage = 'qualified') AS qualified
    FROM (
        SELECT id, new AS stage, day FROM step
        UNION ALL
        SELECT d.id, coalesce(s.old, d.stage), d.began FROM deal d LEFT JOIN step s ON s.id = d.id AND s.turn = 1
    ) stages
    WHERE stage <> '' GROUP BY id
),
told AS (
    SELECT d.*, r.contacted, r.qualified FROM deal d LEFT JOIN reached r ON r.id = d.id
)
SELECT 'opportunity', t.id, fact.measure, fact.day, p.partner_id, p.territory_id, p.line_id, t.route, fact.value, fact.n,
    coalesce(fact.since >= (p.joined AT TIME ZONE %(zone)s)::date OR p.joined <= t.created_at + interval '10 minutes', true)
FROM told t JOIN piece p ON p.id = t.id
CROSS JOIN LATERAL (
    VALUES
        (CASE WHEN t.closed THEN t.stage END, t.closed_on, p.amount, 1, NULL::date),
        (CASE WHEN t.stage = 'won' AND t.unconverted THEN 'won_unconverted' END, t.closed_on, 0, 1, NULL),
        (CASE WHEN t.contacted IS NOT NULL THEN 'contacted' END, t.contacted, (t.stage = 'won')::int, 1, t.contacted),
        (CASE WHEN t.closed AND t.qualified <= t.closed_on THEN 'cycle' END, t.closed_on, t.closed_on - t.qualified, 1, t.qualified),
        (CASE WHEN NOT t.closed OR t.began < t.closed_on THEN 'pipeline' END, t.began, p.amount, 1, NULL),
        (CASE WHEN t.closed AND t.began < t.closed_on THEN 'pipeline' END, t.closed_on, -p.amount, -1, NULL),
        (CASE WHEN NOT t.closed THEN 'weighted' END, t.began, round(p.amount * coalesce((%(weights)s::jsonb ->> t.stage)::numeric, 0))::bigint, 1, NULL),
        (CASE WHEN NOT t.closed AND t.unconverted THEN 'pipeline_unconverted' END, t.began, 0, 1, NULL)
) AS fact (measure, day, value, n, since)  -- since: what a partner that joined later does not learn of
WHERE fact.measure IS NOT NULL
UNION ALL
SELECT DISTINCT 'opportunity', t.id, 'activity', s.day, p.partner_id, NULL::uuid, NULL::uuid, t.route, 1, 1, true
FROM step s JOIN told t ON t.id = s.id JOIN deals_opportunityparticipant p ON p.opportunity_id = s.id
WHERE p.partner_id IS NOT NULL
"""

# Registrations, one row for each product line. A registration lies where the customer confirmed for it does, until then in the
# country its partner named, by the rules of the day it was submitted.
REGISTERED = """
registration AS MATERIALIZED (
    SELECT r.id, r.partner_id, (r.submitted_at AT TIME ZONE %(zone)s)::date AS submitted,
        CASE WHEN a.outcome IN ('approved', 'rejected') THEN (r.decided_at AT TIME ZONE %(zone)s)::date END AS decided,
        a.outcome, r.decided_at <= r.decide_by AS on_time,
        floor(extract(epoch FROM r.decided_at - r.submitted_at) / 60)::bigint AS minutes,
        coalesce(a.customer_id, '00000000-0000-0000-0000-000000000000') AS customer_id, r.customer_country AS country
    FROM deals_dealregistration r
    LEFT JOIN deals_approval a ON a.registration_id = r.id AND a.submission = r.submission
    WHERE [which]
),
line AS (
    SELECT DISTINCT l.registration_id, p.line_id
    FROM deals_registrationline l JOIN catalogue_product p ON p.id = l.product_id JOIN registration r ON r.id = l.registration_id
),
spot AS (
    SELECT DISTINCT r.customer_id, r.country, r.submitted AS day, l.line_id
    FROM registration r LEFT JOIN line l ON l.registration_id = r.id
),
{covered},
registered AS (
    SELECT r.*, l.line_id, v.territory_id FROM registration r LEFT JOIN line l ON l.registration_id = r.id
    LEFT JOIN covered v ON v.customer_id = r.customer_id AND v.given = r.country AND v.day = r.submitted
        AND v.line IS NOT DISTINCT FROM l.line_id
)
""".strip()

REGISTRATIONS = """
WITH [registered]
SELECT 'registration', r.id, fact.measure, fact.day, r.partner_id, r.territory_id, r.line_id, 'partner', fact.value, 1, true
FROM registered r
CROSS JOIN LATERAL (
    VALUES
        ('submission', r.submitted, 1),
        ('approval', r.decided, (r.outcome = 'approved')::int),
        ('decision', r.decided, r.minutes),
        ('on_time', r.decided, r.on_time::int)
) AS fact (measure, day, value)
WHERE fact.day IS NOT NULL AND fact.value IS NOT NULL
UNION ALL
SELECT 'registration', id, 'activity', submitted, partner_id, NULL::uuid, NULL::uuid, 'partner', 1, 1, true FROM registration
""".replace(  # nosec B608 # made of constants of ours
    "[registered]",
    REGISTERED.replace("[which]", "r.submission_status = 'submitted' AND r.submitted_at IS NOT NULL {only}"),
)

# A conflict lies where its registration does.
CONFLICTS = """
WITH [registered]
SELECT 'conflict', c.id, 'conflict', fact.day, r.partner_id, r.territory_id, r.line_id, 'partner', 0, fact.n, false
FROM conflicts_conflict c JOIN registered r ON r.id = c.registration_id
CROSS JOIN LATERAL (
    VALUES
        ((c.created_at AT TIME ZONE %(zone)s)::date, 1),
        (CASE WHEN c.status <> 'open' THEN (coalesce(c.closed_at, c.updated_at) AT TIME ZONE %(zone)s)::date END, -1)
) AS fact (day, n)
WHERE fact.day IS NOT NULL {only}
""".replace(  # nosec B608 # made of constants of ours
    "[registered]",
    REGISTERED.replace("[which]", "r.id IN (SELECT c.registration_id FROM conflicts_conflict c WHERE true {only})"),
)

LEAD_OFFERS = """
SELECT 'lead_offer', o.id, 'offer',
    (CASE WHEN o.status = 'expired' THEN coalesce(o.decided_at, o.respond_by) ELSE o.decided_at END AT TIME ZONE %(zone)s)::date,
    o.partner_id, NULL::uuid, l.line_id, 'partner', (o.status = 'accepted')::int, 1, true
FROM attribution_leadoffer o LEFT JOIN LATERAL (SELECT DISTINCT unnest(o.line_ids) AS line_id) l ON true
WHERE o.status IN ('accepted', 'declined', 'expired')
    AND CASE WHEN o.status = 'expired' THEN coalesce(o.decided_at, o.respond_by) ELSE o.decided_at END IS NOT NULL {only}
"""

# Of a deal in which it does not take part a partner learns nothing, not even that its work was counted.
CREDITS = """
SELECT 'credit', c.opportunity_id, fact.measure, c.closed_on, c.partner_id, NULL::uuid, NULL::uuid, o.route, fact.value, 1,
    c.participant_id IS NOT NULL
FROM attribution_credit c JOIN deals_opportunity o ON o.id = c.opportunity_id
CROSS JOIN LATERAL (
    VALUES
        (c.model, coalesce(c.reporting_minor, 0)),
        (CASE WHEN c.reporting_minor IS NULL THEN c.model || '_unconverted' END, 0)
) AS fact (measure, value)
WHERE c.model IN ('sourced', 'influenced') AND c.partner_id IS NOT NULL AND fact.measure IS NOT NULL {only}
"""

TEXTS = {
    "opportunity": OPPORTUNITIES,
    "registration": REGISTRATIONS,
    "conflict": CONFLICTS,
    "lead_offer": LEAD_OFFERS,
    "credit": CREDITS,
}
# How the rows of a source are limited to the changed ones, where the text asks.
OF = {
    "opportunity": "o.id",
    "registration": "r.id",
    "conflict": "c.id",
    "lead_offer": "o.id",
    "credit": "c.opportunity_id",
}


def select(source: str, *, some: bool) -> str:
    """The facts of a kind of source: of the rows ``%(ids)s``, or of all."""
    own = "AND {column} = ANY(%(ids)s::uuid[])"
    return TEXTS[source].format(
        only=own.format(column=OF[source]) if some else "",
        covered=COVERED,
        parts=own.format(column="p.opportunity_id") if some else "",
        parts_of_line=own.format(column="l.opportunity_id") if some else "",
        parts_of_step=own.format(column="c.opportunity_id") if some else "",
        rounded=HALF_EVEN.format(x="d.exact"),
    )


def parameters(ids: list | None = None) -> dict[str, Any]:
    """What the texts need to know besides the rows."""
    return {
        "ids": [str(pk) for pk in ids or ()],
        "zone": settings.BUSINESS_TIME_ZONE,
        "today": business_today(),
        "base": settings.REPORTING_CURRENCY,
        "minor": 10 ** get_currency_precision(settings.REPORTING_CURRENCY),
        "most": MOST_MINOR,
        "weights": json.dumps(settings.STAGE_WEIGHTS),
    }
