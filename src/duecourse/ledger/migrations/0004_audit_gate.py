"""Let audit events and seals be written through the gate only."""

from django.db import migrations

from duecourse.kit import tenancy

# The ids of events that wait for their seal, so that a sealer need not search the trail for them. Nobody but the gate reaches it;
# the verification does not rely on it.
UNSEALED = """
CREATE TABLE gate.unsealed (creditor_id bigint NOT NULL, event_id bigint NOT NULL, PRIMARY KEY (creditor_id, event_id));
GRANT SELECT, INSERT, DELETE ON gate.unsealed TO duecourse_gate;
"""

OPEN_HERE = """
    IF p_creditor <> coalesce(nullif(current_setting('app.creditor', true), '')::bigint, 0) THEN
        RAISE EXCEPTION 'duecourse: the trail of creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
"""

APPEND = tenancy.gate_function(
    "audit_append(p_creditor bigint, p_at timestamptz, p_action text, p_kind text, p_subject bigint, p_details jsonb)",
    returns="bigint",
    body=f"""
DECLARE
    v_id bigint;
BEGIN
    {OPEN_HERE}
    INSERT INTO ledger_auditevent (creditor_id, at, actor_id, agency_id, action, subject_kind, subject_id, details)
    VALUES (p_creditor, p_at, coalesce(nullif(current_setting('app.user', true), '')::bigint, 0),
            nullif(current_setting('app.agency', true), '')::bigint, p_action, p_kind, p_subject, p_details)
    RETURNING id INTO v_id;
    INSERT INTO gate.unsealed VALUES (p_creditor, v_id) ON CONFLICT DO NOTHING;
    RETURN v_id;
END
""",
)

WAITING = tenancy.gate_function(
    "unsealed_events(p_creditor bigint, p_limit integer)",
    returns="SETOF public.ledger_auditevent",
    body=f"""
BEGIN
    {OPEN_HERE}
    RETURN QUERY SELECT e.* FROM gate.unsealed u JOIN ledger_auditevent e ON e.id = u.event_id AND e.creditor_id = u.creditor_id
        WHERE u.creditor_id = p_creditor ORDER BY u.event_id LIMIT p_limit;
END
""",
    callers="duecourse_app",
)

SEAL = tenancy.gate_function(
    "seal_append(p_creditor bigint, p_version smallint, p_previous bytea, p_events bigint[], p_hashes bytea[], p_at timestamptz)",
    returns="void",
    body=f"""
DECLARE
    v_last record;
    v_count bigint;
BEGIN
    {OPEN_HERE}
    SELECT position, hash INTO v_last FROM ledger_seal WHERE creditor_id = p_creditor ORDER BY position DESC LIMIT 1;
    IF p_previous IS DISTINCT FROM coalesce(v_last.hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'duecourse: these seals of creditor % do not follow the last one', p_creditor
            USING ERRCODE = 'serialization_failure';
    END IF;
    DELETE FROM gate.unsealed WHERE creditor_id = p_creditor AND event_id = ANY (p_events);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count <> cardinality(p_events) OR v_count <> cardinality(p_hashes) THEN
        RAISE EXCEPTION 'duecourse: only events of creditor % that wait for a seal get one, each its own', p_creditor
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO ledger_seal (creditor_id, position, event_id, version, previous_hash, hash, sealed_at)
    SELECT p_creditor, coalesce(v_last.position, 0) + n, event_id, p_version, coalesce(lag(hash) OVER (ORDER BY n), p_previous), hash, p_at
    FROM unnest(p_events, p_hashes) WITH ORDINALITY AS waiting (event_id, hash, n) ORDER BY n;
END
""",
    callers="duecourse_app",
)

RIGHTS = """
REVOKE INSERT ON ledger_auditevent, ledger_seal FROM duecourse_app, duecourse_agency;
GRANT INSERT ON ledger_auditevent, ledger_seal TO duecourse_gate;
GRANT USAGE ON SEQUENCE ledger_auditevent_id_seq, ledger_seal_id_seq TO duecourse_gate;
"""


class Migration(migrations.Migration):
    """Take INSERT on the trail from everybody but the gate; its functions fill in who acts from the session."""

    dependencies = [("ledger", "0003_append_only")]

    operations = [migrations.RunSQL([UNSEALED, APPEND, WAITING, SEAL, RIGHTS])]
