"""Count a debtor's contacts over the creditor and all its performers, under the debtor's lock."""

from django.db import migrations

from duecourse.kit import tenancy

LOCK = tenancy.gate_function(
    "debtor_lock(p_creditor bigint, p_case bigint)",
    returns="TABLE (person_id bigint, zone text)",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
        SELECT p.id, p.zone FROM portfolio_person p
        WHERE p.creditor_id = p_creditor AND p.id = (
            SELECT c.person_id FROM portfolio_case c
            WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
        )
        FOR NO KEY UPDATE OF p;
END
""",
)

# A permit without an attempt keeps its slot: an outcome that nobody reported counts as a connected call.
FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_person bigint, p_day date)",
    returns="TABLE (call_slots_held_count integer, hold_kinds text[])",
    body="""
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT
        (SELECT count(*)::integer FROM contact_permit m
            LEFT JOIN contact_attempt a ON a.permit_id = m.id
            WHERE m.creditor_id = p_creditor AND m.person_id = p_person AND m.local_on = p_day AND m.channel = 'call'
              AND coalesce(a.is_connected, true)),
        (SELECT coalesce(array_agg(DISTINCT h.kind ORDER BY h.kind), '{}') FROM portfolio_hold h
            WHERE h.creditor_id = p_creditor AND h.person_id = p_person AND h.stops_contact
              AND h.from_on <= p_day AND (h.until_on IS NULL OR h.until_on > p_day));
END
""",
)

RIGHTS = "GRANT UPDATE (erased_at) ON portfolio_person TO duecourse_gate;"


class Migration(migrations.Migration):
    """Add the functions that lock a debtor and gather a permit's facts over all agencies."""

    dependencies = [("contact", "0002_walls")]

    operations = [migrations.RunSQL(LOCK), migrations.RunSQL(FACTS), migrations.RunSQL(RIGHTS)]
