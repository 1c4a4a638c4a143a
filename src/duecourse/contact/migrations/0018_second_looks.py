"""Look again at permits that were given, and let a second person decide on terms and definitions that may loosen."""

from django.db import migrations, models

from duecourse.kit import tenancy

# What ends a permit before its time, each with the instant from which it did. `m` holds permits and when each is looked at: 'infinity' is
# now, whatever the clock says; else the instant at which the contact was begun. Where no instant is known it only counts for now.
# Death and incapacity end contact with the debtor, not with a third party, as in gate.contact_answer.
REVOKED = """
    SELECT m.id, 'contact_stopped' AS code, s.from_at AS at FROM m JOIN contact_contactstop s ON s.creditor_id = m.creditor_id
        AND s.from_at < m.seen_at AND (s.lifted_at IS NULL OR s.lifted_at > m.seen_at) AND (s.scope = 'everything'
        OR s.scope = 'agency' AND s.agency_id = m.performer_id OR s.scope = 'collector' AND s.user_id IN (m.user_id, m.made_by)
        OR s.scope = 'channel' AND s.channel = m.channel OR s.scope = 'debtor' AND s.person_id = m.person_id)
    UNION ALL
    SELECT m.id, 'maker_unsaid', s.from_at FROM m JOIN contact_contactstop s ON s.creditor_id = m.creditor_id AND s.scope = 'collector'
        AND s.from_at < m.seen_at AND (s.lifted_at IS NULL OR s.lifted_at > m.seen_at)
    JOIN parties_membership r ON r.creditor_id = m.creditor_id AND r.user_id = s.user_id AND r.agency_id = m.performer_id
        AND (r.until_on IS NULL OR r.until_on > m.local_on)
    JOIN parties_agency g ON g.creditor_id = m.creditor_id AND g.id = m.performer_id AND g.kind <> 'robot'
    WHERE m.made_by IS NULL AND m.user_id <= 0 AND m.channel IN ('call', 'visit')
    UNION ALL
    SELECT m.id, 'hold_' || h.kind, h.known_at FROM m JOIN portfolio_hold h ON h.creditor_id = m.creditor_id AND h.person_id = m.person_id
    WHERE h.stops_contact AND h.from_on <= m.local_on AND (h.until_on IS NULL OR h.until_on > m.local_on) AND h.known_at < m.seen_at
      AND NOT EXISTS (SELECT 1 FROM portfolio_contactpoint k WHERE k.creditor_id = m.creditor_id AND k.id = m.contact_point_id
          AND (h.kind IN ('deceased', 'no_capacity') AND k.whose NOT IN ('self', 'co_borrower', 'guarantor')
            OR h.kind IN ('represented', 'cease_request') AND k.whose = 'attorney'))
    UNION ALL
    SELECT m.id, 'case_closed', t.at FROM m JOIN portfolio_case c ON c.creditor_id = m.creditor_id AND c.id = m.case_id
    CROSS JOIN LATERAL (SELECT max(x.known_at) AS at FROM portfolio_casetransition x
        WHERE x.creditor_id = c.creditor_id AND x.case_id = c.id AND x.status = 'closed') t
    WHERE c.closed_on IS NOT NULL AND coalesce(t.at < m.seen_at, m.seen_at = 'infinity')
    UNION ALL
    SELECT m.id, 'performer_closed', NULL FROM m JOIN parties_agency g ON g.creditor_id = m.creditor_id AND g.id = m.performer_id
    WHERE g.closed_on IS NOT NULL AND m.seen_at = 'infinity'
    UNION ALL
    SELECT m.id, 'not_placed', upper(pl.during) FROM m
    JOIN parties_agency g ON g.creditor_id = m.creditor_id AND g.id = m.performer_id AND g.kind NOT IN ('in_house', 'robot')
    JOIN portfolio_case c ON c.creditor_id = m.creditor_id AND c.id = m.case_id
    LEFT JOIN placement_placement pl ON pl.creditor_id = m.creditor_id AND pl.id = m.placement_id
    WHERE CASE WHEN m.seen_at = 'infinity' THEN c.open_agency_id IS DISTINCT FROM m.performer_id
        ELSE upper(pl.during) <= m.seen_at AND NOT EXISTS (SELECT 1 FROM placement_placement o WHERE o.creditor_id = m.creditor_id
            AND o.case_id = m.case_id AND o.agency_id = m.performer_id AND o.during @> m.seen_at) END
    UNION ALL
    SELECT m.id, 'placed_elsewhere', lower(o.during) FROM m
    JOIN parties_agency g ON g.creditor_id = m.creditor_id AND g.id = m.performer_id AND g.kind = 'in_house'
    JOIN portfolio_case c ON c.creditor_id = m.creditor_id AND c.id = m.case_id AND c.open_agency_id <> m.performer_id
    LEFT JOIN placement_placement o ON o.creditor_id = m.creditor_id AND o.case_id = m.case_id AND upper_inf(o.during)
    WHERE coalesce(lower(o.during) < m.seen_at, m.seen_at = 'infinity')
    UNION ALL
    SELECT m.id, 'not_assigned', x.at FROM m
    CROSS JOIN LATERAL (SELECT max(a.until_at) AS at, bool_or(a.from_at <= m.seen_at AND (a.until_at IS NULL OR a.until_at > m.seen_at)) AS is_theirs
        FROM placement_caseassignment a WHERE a.creditor_id = m.creditor_id AND a.case_id = m.case_id AND a.user_id = m.user_id) x
    WHERE m.user_id > 0 AND NOT coalesce(x.is_theirs, false) AND coalesce(x.at < m.seen_at, m.seen_at = 'infinity')
      AND 'collector' = ALL (ARRAY(SELECT r.role FROM parties_membership r WHERE r.creditor_id = m.creditor_id AND r.user_id = m.user_id
          AND r.agency_id = m.performer_id AND (r.until_on IS NULL OR r.until_on > m.local_on)))
      AND EXISTS (SELECT 1 FROM parties_membership r WHERE r.creditor_id = m.creditor_id AND r.user_id = m.user_id
          AND r.agency_id = m.performer_id)
    UNION ALL
    SELECT m.id, 'contact_point_ended', NULL FROM m
    JOIN portfolio_contactpoint k ON k.creditor_id = m.creditor_id AND k.id = m.contact_point_id
    WHERE k.valid_until_on <= m.local_on AND m.seen_at = 'infinity'
    UNION ALL
    SELECT m.id, 'preference_changed', w.known_at FROM m
    CROSS JOIN LATERAL (SELECT DISTINCT ON (v.kind, v.channel, v.contact_point_id) v.kind, v.channel, v.contact_point_id, v.is_withdrawn, v.known_at
        FROM contact_contactwish v WHERE v.creditor_id = m.creditor_id AND v.person_id = m.person_id
          AND v.kind IN ('channel_declined', 'place_declined', 'refused_contact') AND v.from_on <= m.local_on AND v.known_at < m.seen_at
        ORDER BY v.kind, v.channel, v.contact_point_id, v.id DESC) w
    WHERE NOT w.is_withdrawn AND w.known_at > m.decided_at AND (w.kind <> 'channel_declined' OR w.channel = m.channel)
      AND (w.contact_point_id = m.contact_point_id OR w.contact_point_id IS NULL AND w.kind = 'channel_declined')
    UNION ALL
    SELECT m.id, 'papers_changed', g.at FROM m
    JOIN contact_paper z ON z.creditor_id = m.creditor_id AND z.effective_on <= m.local_on
        AND (z.layer = 'creditor_policy' OR z.agency_id = m.performer_id OR z.person_id = m.person_id)
    JOIN parties_approval g ON g.creditor_id = z.creditor_id AND g.subject_kind = 'paper' AND g.subject_id = z.id AND g.is_granted
    WHERE g.at > m.decided_at AND g.at < m.seen_at
    UNION ALL
    SELECT m.id, 'debit_in_flight', d.known_at FROM m
    JOIN portfolio_caseaccount ca ON ca.creditor_id = m.creditor_id AND ca.case_id = m.case_id AND ca.until_on IS NULL
    JOIN repayment_directdebit d ON d.creditor_id = ca.creditor_id AND d.account_id = ca.account_id
    WHERE d.sent_on <= m.local_on AND d.settles_on > m.local_on AND d.known_at < m.seen_at
"""
KEPT = """p.id, p.creditor_id, p.performer_id, p.person_id, p.case_id, p.contact_point_id, p.placement_id, p.user_id, p.made_by, p.channel,
    p.local_on, p.decided_at"""
OPEN = """
    IF p_creditor IS DISTINCT FROM nullif(current_setting('app.creditor', true), '')::bigint THEN
        RAISE EXCEPTION 'duecourse: creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
"""

STOP_LOCK = "pg_advisory_xact_lock_shared(49410, hashint8(p_creditor))"
"""Taken before a look, and by a stop alone: when a stop returns, no number is about to be opened that missed it."""

# An agency is told why a permit of its own ended, in the words of the grounds of a refusal, and nothing of anybody else's. What came after a
# permit's own end did not end it.
LOOKED_AT = tenancy.gate_function(
    "permit_revoked(p_creditor bigint, p_permit bigint)",
    returns="TABLE (code text, revoked_at timestamptz)",
    body=f"""
#variable_conflict use_column
DECLARE
    v_agency bigint := nullif(current_setting('app.agency', true), '')::bigint;
BEGIN
    {OPEN}
    PERFORM {STOP_LOCK};
    RETURN QUERY WITH m AS MATERIALIZED (
        SELECT {KEPT}, p.valid_until_at, coalesce(a.started_at, 'infinity') AS seen_at FROM contact_permit p
        LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on
        WHERE p.creditor_id = p_creditor AND p.id = p_permit AND (v_agency IS NULL OR p.performer_id = v_agency)
    ), found AS ({REVOKED})
    SELECT f.code, min(f.at) FROM found f CROSS JOIN m WHERE coalesce(f.at <= m.valid_until_at, true)
    GROUP BY f.code ORDER BY min(f.at) NULLS LAST, f.code;
END
""",
)

# Contacts that were begun after their permit had ended, over all performers, for the creditor's side: as they were reported, and as telephone
# systems recorded them, whose clocks may be a minute ahead.
MADE_ON_REVOKED = tenancy.gate_function(
    "made_on_revoked(p_creditor bigint, p_from timestamptz, p_until timestamptz)",
    returns="TABLE (permit_id bigint, performer_id bigint, started_at timestamptz, code text, revoked_at timestamptz)",
    body=f"""
#variable_conflict use_column
BEGIN
    {OPEN}
    RETURN QUERY WITH m AS MATERIALIZED (
        SELECT {KEPT}, a.started_at AS seen_at FROM contact_permit p JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on
        WHERE p.creditor_id = p_creditor AND p.local_on BETWEEN (p_from AT TIME ZONE 'UTC')::date - 1 AND (p_until AT TIME ZONE 'UTC')::date + 1
          AND a.started_at >= p_from AND a.started_at < p_until AND a.outcome <> 'not_made'
        UNION ALL
        SELECT {KEPT}, r.started_at - interval '1 minute' FROM contact_callrecord r
        JOIN contact_callmatch c ON c.creditor_id = r.creditor_id AND c.record_id = r.id
        JOIN contact_permit p ON p.creditor_id = c.creditor_id AND p.id = c.permit_id AND p.local_on = c.permit_on
        WHERE r.creditor_id = p_creditor AND r.local_on BETWEEN (p_from AT TIME ZONE 'UTC')::date - 1 AND (p_until AT TIME ZONE 'UTC')::date + 1
          AND r.started_at >= p_from AND r.started_at < p_until
    ), found AS ({REVOKED})
    SELECT DISTINCT ON (m.id) m.id, m.performer_id, m.seen_at, f.code, f.at FROM m JOIN found f ON f.id = m.id
    WHERE f.at >= m.decided_at AND f.at < m.seen_at ORDER BY m.id, f.at, f.code;
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    """What one officer put down before goes on holding; what comes now and may loosen waits for another person."""

    dependencies = [("contact", "0017_who_makes_it")]

    operations = [
        migrations.RenameField("gateterms", "set_by", "added_by"),
        migrations.RenameField("calldefinition", "user_id", "added_by"),
        migrations.AddField("gateterms", "content_hash", models.CharField(default="", max_length=64)),
        migrations.AddField("gateterms", "needs_approval", models.BooleanField(default=False)),
        migrations.AddField("calldefinition", "content_hash", models.CharField(default="", max_length=64)),
        migrations.AddField("calldefinition", "needs_approval", models.BooleanField(default=False)),
        migrations.RemoveConstraint("gateterms", "gate_terms_once"),
        migrations.AddIndex("gateterms", models.Index(fields=["creditor", "effective_on"], name="gate_terms_day")),
        migrations.RunSQL(["DROP FUNCTION gate.permit_stopped(bigint, bigint)", LOOKED_AT, MADE_ON_REVOKED]),
    ]
