"""Tell who shows a token and count the request in one statement."""

from django.db import migrations

from duecourse.kit import tenancy

# The bucket leaks at `p_rate` a second and holds `p_burst`; a request that is refused does not fill it. `wait_ms` is how long the caller has
# to wait, 0 when the request is within bounds. A bucket of more than an hour to come was filled by a clock that was wrong, and leaks from now.
# No row: the token is not known, has ended or was revoked, or its agency was closed.
ENTERED = tenancy.gate_function(
    "token_entered(p_prefix text, p_hash text, p_at timestamptz, p_rate integer, p_burst integer)",
    returns="TABLE (token_id bigint, creditor_id bigint, agency_id bigint, scopes jsonb, is_test boolean, wait_ms integer)",
    body="""
#variable_conflict use_column
DECLARE
    v_pace gate.token_pace;
    v_level double precision;
BEGIN
    SELECT t.id, t.creditor_id, t.agency_id, t.scopes, t.is_test INTO token_id, creditor_id, agency_id, scopes, is_test
        FROM parties_apitoken t
        JOIN parties_creditor c ON c.id = t.creditor_id
        LEFT JOIN parties_agency a ON a.creditor_id = t.creditor_id AND a.id = t.agency_id
        WHERE t.prefix = p_prefix AND sha256(convert_to(t.secret_hash, 'UTF8')) = sha256(convert_to(p_hash, 'UTF8'))
          AND t.expires_at > p_at AND t.revoked_at IS NULL
          AND (a.closed_on IS NULL OR a.closed_on > (p_at AT TIME ZONE c.zone)::date);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO v_pace FROM gate.token_pace p WHERE p.token_id = token_entered.token_id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO gate.token_pace (token_id, level, at) VALUES (token_entered.token_id, 0, p_at) ON CONFLICT DO NOTHING;
        SELECT * INTO v_pace FROM gate.token_pace p WHERE p.token_id = token_entered.token_id FOR UPDATE;
    END IF;
    v_pace.at := CASE WHEN v_pace.at > p_at + interval '1 hour' THEN p_at ELSE v_pace.at END;
    v_level := greatest(0, v_pace.level - p_rate * greatest(0, extract(epoch FROM p_at - v_pace.at)::double precision));
    UPDATE gate.token_pace p SET level = v_level + (v_level + 1 <= p_burst)::integer, at = greatest(v_pace.at, p_at)
        WHERE p.token_id = token_entered.token_id;
    wait_ms := CASE WHEN v_level + 1 <= p_burst THEN 0 ELSE ceil((v_level + 1 - p_burst) * 1000 / p_rate)::integer END;
    RETURN NEXT;
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    """The two functions that did it one after the other go."""

    dependencies = [("parties", "0007_collector_qualifications")]

    operations = [
        migrations.RunSQL(
            [
                ENTERED,
                "DROP FUNCTION gate.token_actor(text, text, timestamptz)",
                "DROP FUNCTION gate.token_counted(bigint, integer, integer, timestamptz)",
            ]
        )
    ]
