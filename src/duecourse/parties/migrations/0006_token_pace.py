"""Count how fast each token asks."""

from django.db import migrations

from duecourse.kit import tenancy

# A bucket per token that leaks at `p_rate` a second and holds `p_burst`. A request that is refused does not count. Counting
# must not wait for a disk nor survive a crash, so the table is not logged; nobody but the gate reaches it. Returned is how many milliseconds the
# caller has to wait, 0 when the request is within bounds.
PACE = """
CREATE UNLOGGED TABLE gate.token_pace (token_id bigint PRIMARY KEY, level double precision NOT NULL, at timestamptz NOT NULL)
    WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON gate.token_pace TO duecourse_gate;
""" + tenancy.gate_function(
    "token_counted(p_token bigint, p_rate integer, p_burst integer, p_at timestamptz)",
    returns="integer",
    body="""
DECLARE
    v_pace record;
    v_level double precision;
BEGIN
    INSERT INTO gate.token_pace (token_id, level, at) VALUES (p_token, 0, p_at) ON CONFLICT DO NOTHING;
    SELECT level, at INTO v_pace FROM gate.token_pace WHERE token_id = p_token FOR UPDATE;
    v_level := greatest(0, v_pace.level - p_rate * greatest(0, extract(epoch FROM p_at - v_pace.at)::double precision));
    UPDATE gate.token_pace SET level = v_level + (v_level + 1 <= p_burst)::integer, at = greatest(v_pace.at, p_at) WHERE token_id = p_token;
    RETURN CASE WHEN v_level + 1 <= p_burst THEN 0 ELSE ceil((v_level + 1 - p_burst) * 1000 / p_rate)::integer END;
END
""",
    callers="duecourse_app",
)


class Migration(migrations.Migration):
    dependencies = [("parties", "0005_webhooks")]

    operations = [migrations.RunSQL(PACE)]
