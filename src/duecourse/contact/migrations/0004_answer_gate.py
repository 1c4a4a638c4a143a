"""Let the gate alone write permits and refusals of agencies, and answer a collector about the cases assigned to them only."""

from django.db import migrations, models
from django.db.models import Value

from duecourse.kit import tenancy
from duecourse.kit.tenancy import USER

FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_case bigint, p_performer bigint, p_request text, p_day date)",
    returns="""TABLE (person_id bigint, zone text, lender_class text, packs jsonb, product_class text, performer_kind text,
    is_performer_closed boolean, is_case_closed boolean, open_agency_id bigint, placement_id bigint, days jsonb, earlier_kind text,
    earlier_id bigint, earlier_hash text, earlier_explanation jsonb, valid_until_at timestamptz, next_allowed_at timestamptz)""",
    body="""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_collector bigint := CASE WHEN current_setting('role', true) = 'duecourse_collector'
        THEN coalesce(nullif(current_setting('app.user', true), '')::bigint, -1) END;
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
          AND (v_collector IS NULL OR EXISTS (SELECT 1 FROM placement_caseassignment x
              WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.user_id = v_collector AND x.until_at IS NULL))
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

# What decides is the service; what an agency's session may have stored is bounded here: its own name, its own case and debtor, no longer
# than a permit lives, and no permit while a stop of contact holds or for a closed case.
ANSWER = tenancy.gate_function(
    "contact_answer(p_creditor bigint, p_kind text, p_row jsonb, p_at timestamptz, p_details jsonb)",
    returns="bigint",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_user bigint := coalesce(nullif(current_setting('app.user', true), '')::bigint, 0);
    v_permit contact_permit;
    v_refusal contact_refusal;
    v_id bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint
       OR p_creditor IS DISTINCT FROM (p_row ->> 'creditor_id')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF v_agency IS NOT NULL THEN
        IF (p_row ->> 'performer_id')::bigint <> v_agency OR (p_row ->> 'user_id')::bigint <> v_user THEN
            RAISE EXCEPTION 'duecourse: agency % cannot answer for another', v_agency USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF NOT EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.id = (p_row ->> 'case_id')::bigint
            AND c.person_id = (p_row ->> 'person_id')::bigint AND c.open_agency_id = v_agency
            AND (current_setting('role', true) <> 'duecourse_collector' OR EXISTS (SELECT 1 FROM placement_caseassignment x
                WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.user_id = v_user AND x.until_at IS NULL))) THEN
            RAISE EXCEPTION 'duecourse: no such case is open with agency %', v_agency USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF p_kind = 'permit' THEN
        v_permit := jsonb_populate_record(NULL::contact_permit, p_row);
        IF v_agency IS NOT NULL AND (v_permit.valid_until_at > v_permit.contact_at + interval '10 minutes'
            OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.id = v_permit.case_id AND c.closed_on IS NOT NULL)
            OR EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = p_creditor AND h.person_id = v_permit.person_id
                AND h.stops_contact AND h.from_on <= v_permit.local_on AND (h.until_on IS NULL OR h.until_on > v_permit.local_on))) THEN
            RAISE EXCEPTION 'duecourse: this contact cannot be permitted' USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, channel, contact_at, local_on, decided_at, explanation, valid_until_at)
        VALUES (v_permit.creditor_id, v_permit.performer_id, v_permit.client_request_id, v_permit.request_hash, v_permit.person_id,
            v_permit.case_id, v_permit.contact_point_id, v_permit.placement_id, v_permit.user_id, v_permit.channel, v_permit.contact_at,
            v_permit.local_on, v_permit.decided_at, v_permit.explanation, v_permit.valid_until_at) RETURNING id INTO v_id;
    ELSIF p_kind = 'refusal' THEN
        v_refusal := jsonb_populate_record(NULL::contact_refusal, p_row);
        INSERT INTO contact_refusal (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, channel, contact_at, local_on, decided_at, explanation, next_allowed_at, codes)
        VALUES (v_refusal.creditor_id, v_refusal.performer_id, v_refusal.client_request_id, v_refusal.request_hash, v_refusal.person_id,
            v_refusal.case_id, v_refusal.contact_point_id, v_refusal.placement_id, v_refusal.user_id, v_refusal.channel,
            v_refusal.contact_at, v_refusal.local_on, v_refusal.decided_at, v_refusal.explanation, v_refusal.next_allowed_at,
            v_refusal.codes) RETURNING id INTO v_id;
    ELSE
        RAISE EXCEPTION 'duecourse: % is no answer', p_kind USING ERRCODE = 'check_violation';
    END IF;
    PERFORM gate.audit_append(p_creditor, p_at, p_kind || '_given', p_kind, v_id, p_details);
    RETURN v_id;
END
""",
)

# Over the creditor and all its performers, as numbers: who called is nobody else's business.
COUNTS = tenancy.gate_function(
    "contact_counts(p_creditor bigint, p_case bigint, p_day date)",
    returns="TABLE (held_count bigint, connected_count bigint)",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_person bigint;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT c.person_id INTO v_person FROM portfolio_case c
    WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
      AND (current_setting('role', true) <> 'duecourse_collector' OR EXISTS (SELECT 1 FROM placement_caseassignment x
          WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.until_at IS NULL
            AND x.user_id = nullif(current_setting('app.user', true), '')::bigint));
    RETURN QUERY SELECT count(*), count(*) FILTER (WHERE a.is_connected) FROM contact_permit m
        LEFT JOIN contact_attempt a ON a.permit_id = m.id
        WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on = p_day AND m.channel = 'call'
          AND coalesce(a.is_connected, true);
END
""",
)

# The creditor's expectation of a case is its own; an agency gets the order of its cases and no number behind it.
RANKS = tenancy.gate_function(
    "expected_ranks(p_creditor bigint)",
    returns="TABLE (case_id bigint, place bigint)",
    body="""
#variable_conflict use_column
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT x.case_id, rank() OVER (ORDER BY s.expected_recovered_minor DESC NULLS LAST)
    FROM placement_caseassignment x
    LEFT JOIN LATERAL (SELECT n.expected_recovered_minor FROM portfolio_score n
        WHERE n.creditor_id = x.creditor_id AND n.case_id = x.case_id ORDER BY n.id DESC LIMIT 1) s ON true
    WHERE x.creditor_id = p_creditor AND x.until_at IS NULL AND x.user_id = nullif(current_setting('app.user', true), '')::bigint
      AND x.agency_id = nullif(current_setting('app.agency', true), '')::bigint;
END
""",
)

RIGHTS = """
REVOKE INSERT ON contact_permit, contact_refusal FROM duecourse_agency;
REVOKE USAGE ON SEQUENCE contact_permit_id_seq, contact_refusal_id_seq FROM duecourse_agency;
GRANT INSERT ON contact_permit, contact_refusal TO duecourse_gate;
GRANT USAGE ON SEQUENCE contact_permit_id_seq, contact_refusal_id_seq TO duecourse_gate;
"""

# A collector keeps their own permits when the case goes to somebody else, for the outcome is still owed.
OWN_OR_ASSIGNED = (
    "user_id = {user} OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = {table}.creditor_id AND c.id = {table}.case_id)"
)
COLLECTOR = [
    *(tenancy.collector_wall(table, OWN_OR_ASSIGNED.format(user=USER, table=table)) for table in ("contact_permit", "contact_refusal")),
    tenancy.collector_wall(
        "contact_attempt",
        "EXISTS (SELECT 1 FROM contact_permit p WHERE p.creditor_id = contact_attempt.creditor_id AND p.id = contact_attempt.permit_id)",
    ),
]


class Migration(migrations.Migration):
    """Take INSERT on permits and refusals from agencies; attempts may carry codes of what was said."""

    dependencies = [("contact", "0003_permit_gate"), ("placement", "0009_collector_walls")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="note_codes",
            field=models.JSONField(db_default=Value([], models.JSONField()), default=list),
        ),
        migrations.RunSQL(["DROP FUNCTION gate.permit_facts(bigint, bigint, bigint, text, date)", FACTS, ANSWER, COUNTS, RANKS]),
        migrations.RunSQL(RIGHTS),
        migrations.RunSQL(COLLECTOR),
    ]
