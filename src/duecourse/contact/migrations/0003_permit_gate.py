"""Lock a debtor and gather all a permit depends on, over the creditor and all its performers."""

from django.db import migrations

from duecourse.kit import tenancy

# VOLATILE on purpose, as functions are unless they say otherwise: under READ COMMITTED each statement of such a function has a
# snapshot of its own, so what stands below the lock is counted after it was granted. STABLE would count before.
# A permit without an attempt keeps its slot: an outcome that nobody reported counts as a connected call.
FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_case bigint, p_performer bigint, p_request text, p_day date)",
    returns="""TABLE (person_id bigint, zone text, lender_class text, packs jsonb, product_class text, performer_kind text,
    is_performer_closed boolean, is_case_closed boolean, open_agency_id bigint, placement_id bigint, days jsonb, earlier_kind text,
    earlier_id bigint, earlier_hash text, earlier_explanation jsonb, valid_until_at timestamptz, next_allowed_at timestamptz)""",
    body="""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_person bigint;
    v_zone text;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF v_agency IS DISTINCT FROM p_performer AND v_agency IS NOT NULL THEN
        RAISE EXCEPTION 'duecourse: agency % cannot ask for performer %', v_agency, p_performer USING ERRCODE = 'insufficient_privilege';
    END IF;

    SELECT p.id, p.zone INTO v_person, v_zone FROM portfolio_person p
    WHERE p.creditor_id = p_creditor AND p.id = (
        SELECT c.person_id FROM portfolio_case c
        WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
    )
    FOR NO KEY UPDATE OF p;

    RETURN QUERY SELECT
        v_person, v_zone, cr.lender_class::text, cr.packs,
        (SELECT coalesce(min(acc.product_class), '') FROM portfolio_caseaccount ca
            JOIN portfolio_account acc ON acc.creditor_id = ca.creditor_id AND acc.id = ca.account_id
            WHERE ca.creditor_id = p_creditor AND ca.case_id = c.id AND ca.until_on IS NULL),
        pf.kind::text, pf.closed_on IS NOT NULL, c.closed_on IS NOT NULL, c.open_agency_id,
        (SELECT pl.id FROM placement_placement pl
            WHERE pl.creditor_id = p_creditor AND pl.case_id = c.id AND pl.agency_id = p_performer AND upper_inf(pl.during)),
        (SELECT jsonb_object_agg(to_char(d.day, 'YYYY-MM-DD'), jsonb_build_object(
            'held_count', (SELECT count(*) FROM contact_permit m
                LEFT JOIN contact_attempt a ON a.permit_id = m.id
                WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on = d.day AND m.channel = 'call'
                  AND coalesce(a.is_connected, true)),
            'hold_kinds', (SELECT coalesce(jsonb_agg(DISTINCT h.kind ORDER BY h.kind), '[]') FROM portfolio_hold h
                WHERE h.creditor_id = p_creditor AND h.person_id = v_person AND h.stops_contact
                  AND h.from_on <= d.day AND (h.until_on IS NULL OR h.until_on > d.day))))
            FROM (VALUES (p_day - 1), (p_day), (p_day + 1)) AS d (day)),
        CASE WHEN e.id IS NOT NULL THEN 'permit' WHEN r.id IS NOT NULL THEN 'refusal' END,
        coalesce(e.id, r.id), coalesce(e.request_hash, r.request_hash)::text, coalesce(e.explanation, r.explanation),
        e.valid_until_at, r.next_allowed_at
    FROM portfolio_case c
    JOIN parties_creditor cr ON cr.id = c.creditor_id
    LEFT JOIN parties_agency pf ON pf.creditor_id = p_creditor AND pf.id = p_performer
    LEFT JOIN contact_permit e ON e.creditor_id = p_creditor AND e.performer_id = p_performer AND e.client_request_id = p_request
    LEFT JOIN contact_refusal r ON r.creditor_id = p_creditor AND r.performer_id = p_performer AND r.client_request_id = p_request
    WHERE c.creditor_id = p_creditor AND c.id = p_case AND c.person_id = v_person
      AND (v_agency IS NULL OR c.open_agency_id = v_agency);
END
""",
)

RIGHTS = "GRANT UPDATE (erased_at) ON portfolio_person TO duecourse_gate;"


class Migration(migrations.Migration):
    """Add the function that locks a debtor and gathers a permit's facts over all agencies."""

    dependencies = [("contact", "0002_walls")]

    operations = [migrations.RunSQL(FACTS), migrations.RunSQL(RIGHTS)]
