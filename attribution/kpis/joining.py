"""From which day a partner may know of the figures of a deal it joined later."""

RUNNING = ("pipeline", "pipeline_unconverted", "weighted")  # measures of deals while they are open
# The day the partner of a fact ``f`` joined the deal; empty where it is in it from the beginning.
JOINED = """
(SELECT CASE WHEN min(p.created_at) > min(o.created_at) + interval '10 minutes' THEN (min(p.created_at) AT TIME ZONE %(zone)s)::date END
FROM deals_opportunityparticipant p JOIN deals_opportunity o ON o.id = p.opportunity_id
WHERE p.opportunity_id = f.source_id AND p.partner_id = f.partner_id)
"""
