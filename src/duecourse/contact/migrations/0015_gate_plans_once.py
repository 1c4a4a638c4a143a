"""Let the gate tell in one statement all that a permit depends on, calls dialled around it included, and keep the plan of that statement."""

from django.db import migrations

from duecourse.kit import tenancy

REACHES = "CASE {channel} WHEN 'call' THEN 'phone' WHEN 'sms' THEN 'phone' WHEN 'email' THEN 'email' ELSE 'address' END"
COVERS = """s.creditor_id = p_creditor AND s.lifted_at IS NULL AND (s.scope = 'everything'
    OR s.scope = 'agency' AND s.agency_id = {performer} OR s.scope = 'collector' AND s.user_id = {user}
    OR s.scope = 'channel' AND s.channel = {channel} OR s.scope = 'debtor' AND s.person_id = {person})"""
GRANTED = """EXISTS (SELECT 1 FROM parties_approval g WHERE g.creditor_id = p_creditor AND g.subject_kind = '{kind}'
    AND g.subject_id = {row}.id AND g.is_granted)"""
STOP_LOCK = "pg_advisory_xact_lock_shared(49410, hashint8(p_creditor))"
"""Taken by each request after the debtor's lock and, exclusively, by a stop: when a stop returns, no request that missed it is under way."""

SIGNATURE = "gate.permit_facts(bigint, bigint, bigint, text, date, text, bigint, text, integer)"
PLANNED_ONCE = f"""
ALTER FUNCTION {SIGNATURE} SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION {SIGNATURE} SET jit = off;
"""
"""Every part is a look into an index by keys, so one plan serves all requests; making it anew each time costs more than the answer."""

SMALLER = """
DO $$ BEGIN
    ALTER TABLE contact_permit ALTER COLUMN explanation SET COMPRESSION lz4;
    ALTER TABLE contact_refusal ALTER COLUMN explanation SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'duecourse: this server has no lz4, explanations stay compressed as they were';
END $$;
"""

FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_case bigint, p_performer bigint, p_request text, p_day date, p_channel text DEFAULT 'call',"
    " p_point bigint DEFAULT NULL, p_template text DEFAULT '', p_days integer DEFAULT 1)",
    returns="""TABLE (person_id bigint, zone text, lender_class text, packs jsonb, performer_kind text,
    is_performer_closed boolean, is_case_closed boolean, open_agency_id bigint, placement_id bigint, earlier_kind text,
    earlier_id bigint, earlier_hash text, earlier_explanation jsonb, valid_until_at timestamptz, next_allowed_at timestamptz, told json)""",
    body=f"""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_user bigint := coalesce(nullif(current_setting('app.user', true), '')::bigint, 0);
    v_collector bigint := CASE WHEN current_setting('role', true) = 'duecourse_collector'
        THEN coalesce(nullif(current_setting('app.user', true), '')::bigint, -1) END;
    v_person bigint;
    v_zone text;
    v_point json;
    v_third json;
    v_visits json;
    v_dialled json;
    v_templates json;
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
    PERFORM {STOP_LOCK};

    IF p_channel = 'visit' THEN
        v_visits := (SELECT json_agg(json_build_array(m.local_on, m.channel, m.contact_point_id, a.outcome, a.is_connected))
            FROM contact_permit m
            LEFT JOIN LATERAL (SELECT x.outcome, x.is_connected FROM contact_attempt x WHERE x.permit_id = m.id LIMIT 1) AS a ON true
            WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on < p_day - p_days AND m.channel = 'visit');
    END IF;
    IF EXISTS (SELECT 1 FROM contact_callrecordfile f WHERE f.creditor_id = p_creditor) THEN
        v_dialled := (SELECT json_agg(json_build_array(u.local_on, 'call', u.contact_point_id, 'connected', true))
            FROM gate.calls_unheld(p_creditor, v_person, p_day - p_days, p_day + 1) AS u);
    END IF;
    IF p_point IS NOT NULL THEN
        v_point := (SELECT json_build_array(k.kind, k.whose, k.valid_from_on, k.valid_until_on) FROM portfolio_contactpoint k
                WHERE k.creditor_id = p_creditor AND k.person_id = v_person AND k.id = p_point);
        v_third := (SELECT json_build_object(
                    'phones', (SELECT json_agg(json_build_array(o.valid_from_on, o.valid_until_on)) FROM portfolio_contactpoint o
                        WHERE o.creditor_id = p_creditor AND o.person_id = v_person AND o.kind = 'phone' AND o.whose = 'self'),
                    'failed_count', (SELECT count(*) FROM (
                        SELECT bool_or(a.is_connected) OVER (ORDER BY a.started_at DESC, a.id DESC) AS is_over FROM contact_permit m
                        CROSS JOIN LATERAL (SELECT x.id, x.is_connected, x.started_at FROM contact_attempt x
                            WHERE x.permit_id = m.id AND x.outcome <> 'not_made' LIMIT 1) AS a
                        WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.channel = 'call'
                          AND coalesce((SELECT o.whose FROM portfolio_contactpoint o WHERE o.creditor_id = p_creditor
                              AND o.id = m.contact_point_id), 'self') = 'self') AS tries WHERE NOT tries.is_over))
                FROM portfolio_contactpoint k
                WHERE k.creditor_id = p_creditor AND k.person_id = v_person AND k.id = p_point AND k.whose <> 'self');
    END IF;
    IF p_template <> '' THEN
        v_templates := (SELECT json_agg(json_build_object('id', y.id, 'number', y.number,
                    'channel', y.channel, 'from_on', y.valid_from_on, 'until_on', y.valid_until_on, 'is_end', y.is_end, 'parts', y.parts,
                    'is_approved', y.is_end OR {GRANTED.format(kind="message_template", row="y")}) ORDER BY y.number DESC)
                FROM contact_messagetemplate y WHERE y.creditor_id = p_creditor AND y.code = p_template);
    END IF;

    RETURN QUERY SELECT
        v_person, v_zone, cr.lender_class::text, cr.packs,
        pf.kind::text, pf.closed_on IS NOT NULL, c.closed_on IS NOT NULL, c.open_agency_id,
        (SELECT pl.id FROM placement_placement pl
            WHERE pl.creditor_id = p_creditor AND pl.case_id = c.id AND pl.agency_id = p_performer AND upper_inf(pl.during)),
        CASE WHEN e.id IS NOT NULL THEN 'permit' WHEN r.id IS NOT NULL THEN 'refusal' END,
        coalesce(e.id, r.id), coalesce(e.request_hash, r.request_hash)::text, coalesce(e.explanation, r.explanation),
        e.valid_until_at, r.next_allowed_at,
        json_build_object(
            'contacts', (SELECT json_agg(json_build_array(m.local_on, m.channel, m.contact_point_id, a.outcome, a.is_connected))
                FROM contact_permit m
                LEFT JOIN LATERAL (SELECT x.outcome, x.is_connected FROM contact_attempt x WHERE x.permit_id = m.id LIMIT 1) AS a ON true
                WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on BETWEEN p_day - p_days AND p_day + 2),
            'visits', v_visits,
            'dialled', v_dialled,
            'holds', (SELECT json_agg(json_build_array(h.kind, h.from_on, h.until_on, h.stops_contact))
                FROM portfolio_hold h WHERE h.creditor_id = p_creditor AND h.person_id = v_person
                  AND h.from_on <= p_day + 1 AND (h.until_on IS NULL OR h.until_on >= p_day)),
            'accounts', (SELECT json_agg(json_build_array(acc.product_class, t.balance_minor, t.paid_minor, t.is_cleared, t.debits))
                FROM portfolio_caseaccount ca JOIN portfolio_account acc ON acc.creditor_id = ca.creditor_id AND acc.id = ca.account_id
                CROSS JOIN LATERAL (SELECT last.balance_minor, acc.balance_authority = 'core' AND EXISTS (
                            SELECT 1 FROM portfolio_feedfact f WHERE f.creditor_id = p_creditor AND f.account_id = acc.id
                              AND f.kind IN ('paid', 'cured') AND f.feed_at >= last.feed_at) AS is_cleared,
                        CASE WHEN last.feed_at IS NOT NULL AND acc.balance_authority = 'core' THEN (
                            SELECT sum(q.amount_minor)::bigint FROM repayment_paymentmatch pm
                            JOIN repayment_payment q ON q.creditor_id = pm.creditor_id AND q.id = pm.payment_id
                            WHERE pm.creditor_id = p_creditor AND pm.account_id = acc.id
                              AND q.booked_on >= (last.feed_at AT TIME ZONE cr.zone)::date
                              AND NOT EXISTS (SELECT 1 FROM repayment_paymentmatch n WHERE n.creditor_id = pm.creditor_id
                                  AND n.payment_id = pm.payment_id AND n.id > pm.id)) END AS paid_minor,
                        (SELECT json_agg(json_build_array(d.sent_on, d.settles_on)) FROM repayment_directdebit d
                            WHERE d.creditor_id = p_creditor AND d.account_id = acc.id
                              AND d.sent_on <= p_day + 1 AND d.settles_on >= p_day) AS debits
                    FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT w.balance_minor, w.feed_at FROM portfolio_taperow w
                        JOIN portfolio_tape tp ON tp.creditor_id = w.creditor_id AND tp.id = w.tape_id AND tp.state = 'published'
                        WHERE w.creditor_id = p_creditor AND w.account_id = acc.id
                        ORDER BY w.feed_at DESC, w.balance_minor, w.tape_id DESC LIMIT 1) AS last ON true) AS t
                WHERE ca.creditor_id = p_creditor AND ca.case_id = c.id AND ca.until_on IS NULL),
            'stops', (SELECT json_agg(json_build_array(s.id, s.scope, s.reason_code)) FROM contact_contactstop s
                WHERE {COVERS.format(performer="p_performer", user="v_user", channel="p_channel", person="v_person")}),
            'owed', (SELECT CASE WHEN a.id IS NULL THEN o.id END FROM (
                    SELECT m.id FROM contact_permit m WHERE m.creditor_id = p_creditor AND m.person_id = v_person
                      AND m.performer_id = p_performer AND m.channel IN ('call', 'visit')
                    ORDER BY m.local_on DESC, m.id DESC LIMIT 1) AS o
                LEFT JOIN LATERAL (SELECT x.id FROM contact_attempt x WHERE x.permit_id = o.id LIMIT 1) AS a ON true),
            'qualifications', (SELECT json_agg(json_build_array(q.kind, q.valid_from_on, q.valid_until_on))
                FROM parties_qualification q WHERE q.creditor_id = p_creditor AND q.agency_id = p_performer),
            'terms', (SELECT json_agg(json_build_array(g.effective_on, g.paid_share_bp, g.paid_minor_min, g.qualification_kinds,
                    g.is_agency_list_kept, g.are_notices_kept))
                FROM (SELECT * FROM contact_gateterms g WHERE g.creditor_id = p_creditor AND g.effective_on <= p_day + 1
                    ORDER BY g.effective_on DESC LIMIT 3) AS g),
            'spans', (SELECT json_agg(json_build_array(k.valid_from_on, k.valid_until_on)) FROM portfolio_contactpoint k
                WHERE k.creditor_id = p_creditor AND k.person_id = v_person AND k.whose = 'self'
                  AND k.kind = {REACHES.format(channel="p_channel")}),
            'point', v_point,
            'listed', (SELECT json_agg(json_build_array(l.from_on, l.until_on)) FROM contact_publishedagency l
                WHERE l.creditor_id = p_creditor AND l.agency_id = p_performer),
            'noticed_on', (SELECT n.told_on FROM contact_outsourcingnotice n
                WHERE n.creditor_id = p_creditor AND n.person_id = v_person AND n.agency_id = p_performer),
            'wishes', (SELECT json_agg(json_build_array(w.id, w.kind, w.channel, w.contact_point_id, w.from_on, w.is_withdrawn))
                FROM contact_contactwish w WHERE w.creditor_id = p_creditor AND w.person_id = v_person),
            'third', v_third,
            'templates', v_templates,
            'papers', (SELECT json_agg(json_build_array(z.code, z.number, z.id, z.content_hash, z.effective_on, z.is_end))
                FROM contact_paper z WHERE z.creditor_id = p_creditor AND z.effective_on <= p_day + 1
                  AND (z.layer = 'creditor_policy' OR z.agency_id = p_performer OR z.person_id = v_person)
                      AND {GRANTED.format(kind="paper", row="z")}))
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

# Over the creditor and all its performers, as numbers: who called is nobody else's business. Calls that stand on no permit count too.
COUNTS = tenancy.gate_function(
    "contact_counts(p_creditor bigint, p_case bigint, p_day date)",
    returns="TABLE (held_count bigint, connected_count bigint)",
    body="""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_person bigint;
    v_dialled bigint := 0;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT c.person_id INTO v_person FROM portfolio_case c
    WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
      AND (current_setting('role', true) <> 'duecourse_collector' OR EXISTS (SELECT 1 FROM placement_caseassignment x
          WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.until_at IS NULL
            AND x.user_id = nullif(current_setting('app.user', true), '')::bigint));
    IF v_person IS NOT NULL AND EXISTS (SELECT 1 FROM contact_callrecordfile f WHERE f.creditor_id = p_creditor) THEN
        v_dialled := gate.calls_held(p_creditor, v_person, p_day);
    END IF;
    RETURN QUERY SELECT count(*) + v_dialled, count(*) FILTER (WHERE a.is_connected) + v_dialled FROM contact_permit m
        LEFT JOIN contact_attempt a ON a.permit_id = m.id
        WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on = p_day AND m.channel = 'call'
          AND coalesce(a.is_connected, true);
END
""",
)


class Migration(migrations.Migration):
    """What a request does not need is not looked for."""

    dependencies = [("contact", "0014_gate_tells_of_records")]

    operations = [
        migrations.RunSQL(["DROP FUNCTION gate.permit_facts(bigint, bigint, bigint, text, date)", FACTS, PLANNED_ONCE, COUNTS]),
        migrations.RunSQL(SMALLER),
    ]
