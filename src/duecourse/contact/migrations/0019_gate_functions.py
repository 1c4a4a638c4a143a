"""Write the gate's two statements anew: what a permit depends on, and its storing."""

from django.db import migrations

from duecourse.kit import tenancy

REACHES = "CASE {channel} WHEN 'call' THEN 'phone' WHEN 'sms' THEN 'phone' WHEN 'email' THEN 'email' ELSE 'address' END"
COVERS = """s.creditor_id = p_creditor AND s.lifted_at IS NULL AND (s.scope = 'everything'
    OR s.scope = 'agency' AND s.agency_id = {performer} OR s.scope = 'collector' AND s.user_id IN ({user}, {maker})
    OR s.scope = 'channel' AND s.channel = {channel} OR s.scope = 'debtor' AND s.person_id = {person})"""
UNSAID = """EXISTS (SELECT 1 FROM contact_contactstop s JOIN parties_membership m ON m.creditor_id = s.creditor_id AND m.user_id = s.user_id
    WHERE s.creditor_id = p_creditor AND s.lifted_at IS NULL AND s.scope = 'collector' AND m.agency_id = {performer}
      AND (m.until_on IS NULL OR m.until_on > {day}))"""
"""That one of the performer's people is stopped, so that a program which names nobody may be dialling for that person."""
GRANTED = """EXISTS (SELECT 1 FROM parties_approval g WHERE g.creditor_id = p_creditor AND g.subject_kind = '{kind}'
    AND g.subject_id = {row}.id AND g.is_granted)"""
STOP_LOCK = "pg_advisory_xact_lock_shared(49410, hashint8(p_creditor))"
"""Taken by each request after the debtor's lock and, exclusively, by a stop: when a stop returns, no request that missed it is under way."""

REQUEST_LOCK = "pg_advisory_xact_lock(49413, hashtext(p_performer || ' ' || p_request))"
"""Taken by each request before the debtor's lock: two with one id, about two debtors on two local days, are decided one after the other."""
REACH_DAYS = 60
"""How far back an earlier answer to a request id is looked for, and, at first, the newest call or visit: two or three months' parts."""
OWN_CALLS = "m.creditor_id = p_creditor AND m.person_id = v_person AND m.performer_id = p_performer AND m.channel IN ('call', 'visit')"

SIGNATURE = "gate.permit_facts(bigint, bigint, bigint, text, date, text, bigint, text, integer, text)"
RULES_LENGTH_MAX = 1_000_000
BEFORE = "DROP FUNCTION IF EXISTS gate.permit_facts(bigint, bigint, bigint, text, date, text, bigint, text, integer)"
PLANNED_ONCE = f"""
ALTER FUNCTION {SIGNATURE} SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION {SIGNATURE} SET jit = off;
ALTER FUNCTION {SIGNATURE} SET enable_seqscan = off;
"""
"""Every part is a look into an index by keys, so one plan serves all requests; making it anew each time costs more than the answer.

A month begins empty, and a plan made then would read it whole when it is full: so indexes are used whatever the sizes.
"""

FACTS = tenancy.gate_function(
    "permit_facts(p_creditor bigint, p_case bigint, p_performer bigint, p_request text, p_day date, p_channel text DEFAULT 'call',"
    " p_point bigint DEFAULT NULL, p_template text DEFAULT '', p_days integer DEFAULT 1, p_collector text DEFAULT '')",
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
    v_maker bigint;
    v_making json;
    v_zone text;
    v_point json;
    v_third json;
    v_visits json;
    v_dialled json;
    v_templates json;
    v_last bigint;
    v_last_on date;
BEGIN
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF v_agency IS DISTINCT FROM p_performer AND v_agency IS NOT NULL THEN
        RAISE EXCEPTION 'duecourse: agency % cannot ask for performer %', v_agency, p_performer USING ERRCODE = 'insufficient_privilege';
    END IF;

    PERFORM {REQUEST_LOCK};
    SELECT p.id, p.zone INTO v_person, v_zone FROM portfolio_person p
    WHERE p.creditor_id = p_creditor AND p.id = (
        SELECT c.person_id FROM portfolio_case c
        WHERE c.creditor_id = p_creditor AND c.id = p_case AND (v_agency IS NULL OR c.open_agency_id = v_agency)
          AND (v_collector IS NULL OR EXISTS (SELECT 1 FROM placement_caseassignment x
              WHERE x.creditor_id = p_creditor AND x.case_id = c.id AND x.user_id = v_collector AND x.until_at IS NULL))
    )
    FOR NO KEY UPDATE OF p;
    PERFORM {STOP_LOCK};

    IF p_collector <> '' THEN
        v_maker := CASE WHEN p_collector ~ '^[0-9]{{1,18}}$' THEN p_collector::bigint
            ELSE (SELECT u.id FROM parties_user u WHERE u.email = p_collector) END;
        v_making := (SELECT json_build_object('is_active', bool_and(u.is_active), 'works', json_agg(json_build_array(m.from_on, m.until_on)))
            FROM parties_membership m JOIN parties_user u ON u.id = m.user_id
            WHERE m.creditor_id = p_creditor AND m.agency_id = p_performer AND m.user_id = v_maker
              AND (v_collector IS NULL OR m.user_id = v_collector) HAVING count(*) > 0);
        v_maker := CASE WHEN v_making IS NOT NULL THEN v_maker END;
    ELSIF v_user > 0 THEN
        v_maker := v_user;
    END IF;
    IF p_channel = 'visit' THEN
        v_visits := (SELECT json_agg(json_build_array(m.local_on, m.channel, m.contact_point_id, a.outcome, a.is_connected))
            FROM contact_permit m
            LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on AND a.local_on < p_day - p_days
            WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.local_on < p_day - p_days AND m.channel = 'visit');
    END IF;
    IF EXISTS (SELECT 1 FROM contact_callrecordfile f WHERE f.creditor_id = p_creditor) THEN
        v_dialled := (SELECT json_agg(json_build_array(u.local_on, 'call', u.contact_point_id, 'connected', true))
            FROM gate.calls_unheld(p_creditor, v_person, p_day - p_days, p_day + 1) AS u);
    END IF;
    IF p_point IS NOT NULL THEN
        v_point := (SELECT json_build_array(k.kind, k.whose, k.valid_from_on, k.valid_until_on) FROM portfolio_contactpoint k
                WHERE k.creditor_id = p_creditor AND k.person_id = v_person AND k.id = p_point);
    END IF;
    IF v_point ->> 1 <> 'self' THEN
        v_third := json_build_object(
            'phones', (SELECT json_agg(json_build_array(o.valid_from_on, o.valid_until_on)) FROM portfolio_contactpoint o
                WHERE o.creditor_id = p_creditor AND o.person_id = v_person AND o.kind = 'phone' AND o.whose = 'self'),
            'failed_count', (SELECT count(*) FROM (
                SELECT bool_or(a.is_connected) OVER (ORDER BY a.started_at DESC, a.id DESC) AS is_over FROM contact_permit m
                JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on AND a.outcome <> 'not_made'
                WHERE m.creditor_id = p_creditor AND m.person_id = v_person AND m.channel = 'call'
                  AND coalesce((SELECT o.whose FROM portfolio_contactpoint o WHERE o.creditor_id = p_creditor
                      AND o.id = m.contact_point_id), 'self') = 'self') AS tries WHERE NOT tries.is_over));
    END IF;
    IF p_template <> '' THEN
        v_templates := (SELECT json_agg(json_build_object('id', y.id, 'number', y.number,
                    'channel', y.channel, 'from_on', y.valid_from_on, 'until_on', y.valid_until_on, 'is_end', y.is_end, 'parts', y.parts,
                    'is_approved', y.is_end OR {GRANTED.format(kind="message_template", row="y")}) ORDER BY y.number DESC)
                FROM contact_messagetemplate y WHERE y.creditor_id = p_creditor AND y.code = p_template);
    END IF;

    SELECT m.id, m.local_on INTO v_last, v_last_on FROM contact_permit m
    WHERE {OWN_CALLS} AND m.local_on BETWEEN p_day - {REACH_DAYS} AND p_day + 2 ORDER BY m.local_on DESC, m.id DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT m.id, m.local_on INTO v_last, v_last_on FROM contact_permit m
        WHERE {OWN_CALLS} AND m.local_on < p_day - {REACH_DAYS} ORDER BY m.local_on DESC, m.id DESC LIMIT 1;
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
                LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on
                    AND a.local_on BETWEEN p_day - p_days AND p_day + 2
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
                WHERE {COVERS.format(performer="p_performer", user="v_user", maker="v_maker", channel="p_channel", person="v_person")}),
            'maker', v_maker,
            'making', v_making,
            'is_unsaid', v_maker IS NULL AND p_channel IN ('call', 'visit') AND {UNSAID.format(performer="p_performer", day="p_day - 1")},
            'evidence', CASE WHEN v_maker IS NOT NULL AND p_channel IN ('call', 'visit') THEN (
                SELECT json_agg(json_build_array(q.kind, q.valid_from_on, q.valid_until_on)) FROM parties_collectorqualification q
                WHERE q.creditor_id = p_creditor AND q.user_id = v_maker AND q.agency_id = p_performer
                  AND q.is_confirmed AND q.withdrawn_at IS NULL) END,
            'owed', CASE WHEN NOT EXISTS (SELECT 1 FROM contact_attempt x WHERE x.permit_id = v_last AND x.local_on = v_last_on)
                THEN v_last END,
            'qualifications', (SELECT json_agg(json_build_array(q.kind, q.valid_from_on, q.valid_until_on))
                FROM parties_qualification q WHERE q.creditor_id = p_creditor AND q.agency_id = p_performer),
            'terms', (SELECT json_agg(json_build_array(g.effective_on, g.paid_share_bp, g.paid_minor_min, g.qualification_kinds,
                    g.is_agency_list_kept, g.are_notices_kept, g.person_qualification_kinds))
                FROM (SELECT DISTINCT ON (t.effective_on) t.* FROM contact_gateterms t
                    WHERE t.creditor_id = p_creditor AND t.effective_on <= p_day + 1
                      AND (NOT t.needs_approval OR {GRANTED.format(kind="gate_terms", row="t")})
                    ORDER BY t.effective_on DESC, t.id DESC LIMIT 3) AS g),
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
        AND e.local_on BETWEEN p_day - {REACH_DAYS} AND p_day + 2
    LEFT JOIN contact_refusal r ON r.creditor_id = p_creditor AND r.performer_id = p_performer AND r.client_request_id = p_request
    WHERE c.creditor_id = p_creditor AND c.id = p_case AND c.person_id = v_person
      AND (v_agency IS NULL OR c.open_agency_id = v_agency);
END
""",
)

AT_STORING = COVERS.format(performer="v_agency", user="v_user", maker="v_maker", channel="v_permit.channel", person="v_permit.person_id")

PLAUSIBLE = """coalesce(v_at BETWEEN v_decided_at - interval '1 hour' AND v_decided_at + interval '25 hours'
    AND v_at >= '2000-01-01 00:00+00' AND v_at < '2100-01-01 00:00+00' AND p_at >= '2000-01-01 00:00+00' AND p_at < '2100-01-01 00:00+00'
    AND coalesce((p_row ->> 'local_on')::date BETWEEN (v_at AT TIME ZONE 'UTC')::date - 1 AND (v_at AT TIME ZONE 'UTC')::date + 1,
        p_kind = 'refusal')
    AND coalesce((p_row ->> 'valid_until_at')::timestamptz >= v_at, true)
    AND coalesce((p_row ->> 'next_allowed_at')::timestamptz BETWEEN v_at AND v_at + interval '12000 hours', true)
    AND (p_kind = 'permit' OR jsonb_typeof(p_row -> 'codes') = 'array')
    AND jsonb_typeof(v_told -> 'reasons') = 'array' AND jsonb_typeof(v_told -> 'grounds') = 'array'
    AND jsonb_typeof(v_told -> 'warnings') = 'array' AND jsonb_typeof(v_told -> 'facts') = 'object' AND NOT jsonb_exists(v_told, 'checked'), false)"""
"""That instants and day belong together and to a contact about now, and that evidence has the form that whoever reads all answers relies on.

A day at the end of the calendar would be a month that nobody can make, and one odd document would break the creditor's lists.
"""

# What decides is the service; what an agency's session may have stored is bounded here: its own name, its own people, its own case, that
# one's debtor, number and placement, no longer than a permit lives, and no permit while a stop of contact holds or for a closed case. Death
# and incapacity stop contact with the debtor; whether a third party may be asked then is for the rules. NULL says that the rule set is not
# known yet: nothing was stored.
ANSWER = tenancy.gate_function(
    "contact_answer(p_creditor bigint, p_kind text, p_row jsonb, p_at timestamptz, p_details jsonb, p_rules text DEFAULT NULL)",
    returns="bigint",
    body=f"""
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
    v_user bigint := coalesce(nullif(current_setting('app.user', true), '')::bigint, 0);
    v_maker bigint := (p_row ->> 'made_by')::bigint;
    v_told jsonb := p_row -> 'explanation';
    v_at timestamptz := (p_row ->> 'contact_at')::timestamptz;
    v_decided_at timestamptz := (p_row ->> 'decided_at')::timestamptz;
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
        IF v_maker IS NOT NULL AND (v_maker <> v_user OR v_user <= 0) AND (current_setting('role', true) = 'duecourse_collector'
            OR NOT EXISTS (SELECT 1 FROM parties_membership m
                WHERE m.creditor_id = p_creditor AND m.agency_id = v_agency AND m.user_id = v_maker)) THEN
            RAISE EXCEPTION 'duecourse: % does not work for agency %', v_maker, v_agency USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF EXISTS (SELECT 1 FROM portfolio_contactpoint k WHERE k.creditor_id = p_creditor AND k.id = (p_row ->> 'contact_point_id')::bigint
                AND k.person_id <> (p_row ->> 'person_id')::bigint)
            OR EXISTS (SELECT 1 FROM placement_placement pl WHERE pl.creditor_id = p_creditor AND pl.id = (p_row ->> 'placement_id')::bigint
                AND (pl.case_id, pl.agency_id) IS DISTINCT FROM ((p_row ->> 'case_id')::bigint, v_agency)) THEN
            RAISE EXCEPTION 'duecourse: number or placement belong to something else' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF NOT ({PLAUSIBLE}) THEN
            RAISE EXCEPTION 'duecourse: this is no answer to a contact about now' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF length(p_rules) <= {RULES_LENGTH_MAX} AND encode(sha256(convert_to(p_rules, 'UTF8')), 'hex') = p_row #>> '{{explanation,rule_set}}' THEN
        INSERT INTO contact_ruleset (creditor_id, hash, content, known_at)
        VALUES (p_creditor, encode(sha256(convert_to(p_rules, 'UTF8')), 'hex'), p_rules, p_at) ON CONFLICT DO NOTHING;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM contact_ruleset s
        WHERE s.creditor_id = p_creditor AND s.hash = p_row #>> '{{explanation,rule_set}}') THEN
        RETURN NULL;
    END IF;
    IF p_kind = 'permit' THEN
        v_permit := jsonb_populate_record(NULL::contact_permit, p_row);
        IF v_agency IS NOT NULL AND (v_permit.valid_until_at > v_permit.contact_at + interval '10 minutes'
            OR EXISTS (SELECT 1 FROM portfolio_case c WHERE c.creditor_id = p_creditor AND c.id = v_permit.case_id AND c.closed_on IS NOT NULL)
            OR EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = p_creditor AND h.person_id = v_permit.person_id
                AND h.stops_contact AND h.from_on <= v_permit.local_on AND (h.until_on IS NULL OR h.until_on > v_permit.local_on)
                AND NOT EXISTS (SELECT 1 FROM portfolio_contactpoint k
                    WHERE k.creditor_id = p_creditor AND k.id = v_permit.contact_point_id AND k.person_id = v_permit.person_id
                      AND (h.kind IN ('deceased', 'no_capacity') AND k.whose NOT IN ('self', 'co_borrower', 'guarantor')
                        OR h.kind IN ('represented', 'cease_request') AND k.whose = 'attorney')))
            OR EXISTS (SELECT 1 FROM contact_contactstop s WHERE
                {AT_STORING})
            OR v_maker IS NULL AND v_user <= 0 AND v_permit.channel IN ('call', 'visit')
                AND {UNSAID.format(performer="v_agency", day="v_permit.local_on")}
                AND NOT EXISTS (SELECT 1 FROM parties_agency g
                    WHERE g.creditor_id = p_creditor AND g.id = v_agency AND g.kind = 'robot')) THEN
            RAISE EXCEPTION 'duecourse: this contact cannot be permitted' USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO contact_permit (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, made_by, channel, contact_at, local_on, decided_at, explanation, valid_until_at)
        VALUES (v_permit.creditor_id, v_permit.performer_id, v_permit.client_request_id, v_permit.request_hash, v_permit.person_id,
            v_permit.case_id, v_permit.contact_point_id, v_permit.placement_id, v_permit.user_id, v_maker, v_permit.channel,
            v_permit.contact_at, v_permit.local_on, v_permit.decided_at, v_permit.explanation, v_permit.valid_until_at) RETURNING id INTO v_id;
    ELSIF p_kind = 'refusal' THEN
        v_refusal := jsonb_populate_record(NULL::contact_refusal, p_row);
        INSERT INTO contact_refusal (creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id,
            placement_id, user_id, made_by, channel, contact_at, local_on, decided_at, explanation, next_allowed_at, codes)
        VALUES (v_refusal.creditor_id, v_refusal.performer_id, v_refusal.client_request_id, v_refusal.request_hash, v_refusal.person_id,
            v_refusal.case_id, v_refusal.contact_point_id, v_refusal.placement_id, v_refusal.user_id, v_maker, v_refusal.channel,
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


class Migration(migrations.Migration):
    """Both functions whole, as they stand."""

    dependencies = [("contact", "0019_rule_sets")]

    operations = [
        migrations.RunSQL(
            [BEFORE, FACTS, PLANNED_ONCE, "DROP FUNCTION gate.contact_answer(bigint, text, jsonb, timestamptz, jsonb)", ANSWER]
        )
    ]
