"""Count a debtor's contacts over the creditor and all its performers, under the debtor's lock."""

from django.db import migrations

from duecourse.kit import tenancy

# A permit without an attempt keeps its slot: an outcome that nobody reported counts as a connected call.
FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_case bigint, p_day date, p_on date)",
    returns="TABLE (person_id bigint, call_slots_held_count integer, hold_kinds text[])",
    body="""
DECLARE
    v_person bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT c.person_id INTO v_person FROM portfolio_case c
        WHERE c.creditor_id = p_creditor AND c.id = p_case
          AND (nullif(current_setting('app.agency', true), '') IS NULL
               OR c.open_agency_id = current_setting('app.agency', true)::bigint);
    IF v_person IS NULL THEN
        RETURN;
    END IF;
    PERFORM 1 FROM portfolio_person p WHERE p.creditor_id = p_creditor AND p.id = v_person FOR NO KEY UPDATE;
    RETURN QUERY SELECT
        v_person,
        (SELECT count(*)::integer FROM contact_permit m
            LEFT JOIN contact_attempt a ON a.creditor_id = m.creditor_id AND a.permit_id = m.id
            WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on = p_day AND m.channel = 'call'
              AND coalesce(a.is_connected, true)),
        (SELECT coalesce(array_agg(DISTINCT h.kind), '{}') FROM portfolio_hold h
            WHERE h.creditor_id = p_creditor AND h.person_id = v_person AND h.stops_contact
              AND h.from_on <= p_on AND (h.until_on IS NULL OR h.until_on > p_on));
END
""",
)

RIGHTS = """
GRANT UPDATE (erased_at) ON portfolio_person TO duecourse_gate;
"""


class Migration(migrations.Migration):
    """Add the function that gathers a permit's facts over all agencies."""

    dependencies = [("contact", "0002_walls")]

    operations = [migrations.RunSQL(FACTS), migrations.RunSQL(RIGHTS)]
