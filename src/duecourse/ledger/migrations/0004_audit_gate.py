"""Let audit events and seals be written through the gate only."""

from django.db import migrations

from duecourse.kit import tenancy

APPEND = tenancy.gate_function(
    "audit_append(p_creditor bigint, p_at timestamptz, p_action text, p_kind text, p_subject bigint, p_details jsonb)",
    returns="bigint",
    body="""
DECLARE
    v_creditor bigint := coalesce(nullif(current_setting('app.creditor', true), '')::bigint, 0);
    v_id bigint;
BEGIN
    IF p_creditor <> v_creditor THEN
        RAISE EXCEPTION 'duecourse: the trail of creditor % is not open here', p_creditor USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO ledger_auditevent (creditor_id, at, actor_id, agency_id, action, subject_kind, subject_id, details)
    VALUES (p_creditor, p_at, coalesce(nullif(current_setting('app.user', true), '')::bigint, 0),
            nullif(current_setting('app.agency', true), '')::bigint, p_action, p_kind, p_subject, p_details)
    RETURNING id INTO v_id;
    RETURN v_id;
END
""",
)

SEAL = tenancy.gate_function(
    "seal_append(p_creditor bigint, p_position bigint, p_event bigint, p_version smallint, p_previous bytea, p_hash bytea,"
    " p_at timestamptz)",
    returns="void",
    body="""
DECLARE
    v_last record;
BEGIN
    SELECT position, hash INTO v_last FROM ledger_seal WHERE creditor_id = p_creditor ORDER BY position DESC LIMIT 1;
    IF p_position <> coalesce(v_last.position, 0) + 1 OR p_previous IS DISTINCT FROM coalesce(v_last.hash, decode(repeat('00', 32), 'hex'))
    THEN
        RAISE EXCEPTION 'duecourse: seal % of creditor % does not follow the last one', p_position, p_creditor
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO ledger_seal (creditor_id, position, event_id, version, previous_hash, hash, sealed_at)
    VALUES (p_creditor, p_position, p_event, p_version, p_previous, p_hash, p_at);
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

    operations = [migrations.RunSQL(APPEND), migrations.RunSQL(SEAL), migrations.RunSQL(RIGHTS)]
